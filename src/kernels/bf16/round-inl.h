// Activations rounded to bf16, 32 columns at a time. Included by one
// translation unit an instruction set, inside its anonymous namespace, after
// lanes-inl.h.

constexpr int64_t kStep = 32;  // columns that one instruction multiplies
constexpr int64_t kStepBytes = kStep * 2;

// The first `left` values, at most 32, zeros after them.
LLAMBA_INLINE __m512i RoundStep(const float* x, int64_t left) {
  const __m512 low = _mm512_maskz_loadu_ps(FirstLanes(left), x);
  const __m512 high = _mm512_maskz_loadu_ps(FirstLanes(left - 16), x + 16);
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

// kStep weights at any address, and the first `left` of them with zeros after
// these.
LLAMBA_INLINE __m512i LoadStep(const std::byte* p) {
  return _mm512_loadu_si512(p);
}
LLAMBA_INLINE __m512i LoadFirst(const std::byte* p, int64_t left) {
  const auto mask = static_cast<__mmask32>((uint64_t{1} << left) - 1);
  return _mm512_maskz_loadu_epi16(mask, p);
}
