#ifndef LLAMBA_MODEL_CONFIG_LIMITS_H_
#define LLAMBA_MODEL_CONFIG_LIMITS_H_

#include <cstdint>

// Far beyond any model, and small enough that every product of sizes that the
// code forms stays below 2^62.
namespace llamba::limits {

inline constexpr int64_t kVocab = int64_t{1} << 24;
inline constexpr int64_t kWidth = int64_t{1} << 20;  // d_model, d_inner, MLP
inline constexpr int64_t kLayers = 4096;
inline constexpr int64_t kHeads = int64_t{1} << 16;
inline constexpr int64_t kState = int64_t{1} << 16;
inline constexpr int64_t kConv = 1024;
inline constexpr int64_t kContext = int64_t{1} << 27;

}  // namespace llamba::limits

#endif  // LLAMBA_MODEL_CONFIG_LIMITS_H_
