#ifndef LLAMBA_KERNELS_SEGMENTS_SEGMENTS_H_
#define LLAMBA_KERNELS_SEGMENTS_SEGMENTS_H_

#include <cstdint>

// The numbers of products with activations in segments (KernelTable::segments):
// what kernels and their oracle share.

namespace llamba::segments {

// A segment's columns: a power of two from one to the other. Weights have a
// scale for kMostSegment columns of a row.
constexpr int64_t kLeastSegment = 64;
constexpr int64_t kMostSegment = 256;

// Codes of activations and of weights reach from -kMostCode to kMostCode, so
// that a dot product is below 2^24.
constexpr float kMostCode = 127;

// Activations below are zero; those above, and what is no number, make their
// segment's scale none.
constexpr float kLeastValue = 1e-20f;
constexpr float kMostValue = 1e30f;

// Weights are made anew in 16-bit integers. Codes of 4 and 5 bits: code c of a
// block of scale d and minimum m, over the new scale s, is (c F + L) / 2^8
// rounded, with F = d / s and L = m / s in 2^-8, rounded, or L = -o F where the
// type has an offset o in place of a minimum. Signed bytes c: c F / 2^14
// rounded to 2^-7, and this rounded, with F in 2^-14.
constexpr int kNarrowBits = 8;
constexpr int kWideBits = 14, kWidePointBits = 7;

}  // namespace llamba::segments

#endif  // LLAMBA_KERNELS_SEGMENTS_SEGMENTS_H_
