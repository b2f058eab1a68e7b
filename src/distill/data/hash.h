#ifndef LLAMBA_DISTILL_DATA_HASH_H_
#define LLAMBA_DISTILL_DATA_HASH_H_

#include <cstdint>
#include <initializer_list>

namespace llamba::distill {

// 64 well-mixed bits of a list of numbers (SplitMix64's finaliser over a
// running sum): the draws of data order, so that they depend on numbers alone.
inline uint64_t Hash(std::initializer_list<uint64_t> values) {
  uint64_t state = 0x9e3779b97f4a7c15;
  for (const uint64_t value : values) {
    state = (state ^ value) + 0x9e3779b97f4a7c15;
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
    state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
    state ^= state >> 31;
  }
  return state;
}

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_DATA_HASH_H_
