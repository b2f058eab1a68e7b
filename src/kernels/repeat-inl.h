// What keeps vectors in registers. Included by one translation unit an
// instruction set, inside its anonymous namespace.

#define LLAMBA_INLINE inline __attribute__((always_inline))
#define LLAMBA_INLINE_LAMBDA __attribute__((always_inline))

// Calls fn with the constants 0 to kN - 1: arrays that only constants index
// stay in registers.
template <int kN, class Fn>
LLAMBA_INLINE void Repeat(const Fn& fn) {
  if constexpr (kN > 0) {
    Repeat<kN - 1>(fn);
    fn(std::integral_constant<int, kN - 1>());
  }
}
