// Masks of AVX-512. Included by one translation unit an instruction set, inside
// its anonymous namespace, after LLAMBA_INLINE.

// The first `count` of 16 lanes.
LLAMBA_INLINE __mmask16 FirstLanes(int64_t count) {
  return static_cast<__mmask16>((1u << std::clamp<int64_t>(count, 0, 16)) - 1);
}
