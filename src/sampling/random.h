#ifndef LLAMBA_SAMPLING_RANDOM_H_
#define LLAMBA_SAMPLING_RANDOM_H_

#include <array>
#include <cstdint>

namespace llamba {

// xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number
// generators", 2021), seeded through splitmix64. The same numbers on every
// machine, which the standard library's distributions do not promise. A plain
// value: copy it to fork the sequence.
class Random {
 public:
  using State = std::array<uint64_t, 4>;

  explicit Random(uint64_t seed);
  // A state that state() gave; all zeros is not one.
  explicit Random(const State& state);

  uint64_t Next();
  // Uniform in [0, 1), 53 bits.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

  const State& state() const { return s_; }

 private:
  State s_;
};

}  // namespace llamba

#endif  // LLAMBA_SAMPLING_RANDOM_H_
