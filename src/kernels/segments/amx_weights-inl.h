// Panels of weights made anew in signed bytes of one scale for kMostSegment
// columns of a row, as tiles of AMX read them. Included as amx_rows-inl.h is,
// after it and panels/avx512_vectors-inl.h.

constexpr int64_t kBlocksOfStep = kStep / kPanelBlock;
constexpr int64_t kBlocksOfSegment = kMostSegment / kPanelBlock;

// The least scales of 16 rows with which all values that codes of these blocks
// can stand for fit.
template <class F>
LLAMBA_INLINE __m512 ScalesOf(const Scale<Vectors>* blocks, int64_t count) {
  using V = Vectors;
  constexpr bool kHasMin = F::Scales::kHasMin;
  __m512i largest = _mm512_setzero_si512();
  for (int64_t b = 0; b < count; ++b) {
    const Scale<V>& block = blocks[b];
    if constexpr (kHasMin) {
      const __m512 highest = V::MulAdd(block.d, V::SetFloat(F::kMost), block.m);
      largest = _mm512_max_epi32(largest, Magnitude(block.m));
      largest = _mm512_max_epi32(largest, Magnitude(highest));
    } else {
      largest = _mm512_max_epi32(largest, Magnitude(block.d));
    }
  }
  constexpr float kLargestCode = F::kWide  ? 128
                                 : kHasMin ? 1
                                           : OffsetOf<V, F>();
  return V::Mul(_mm512_castsi512_ps(largest),
                V::SetFloat(kLargestCode / kMostCode));
}

// A 16-bit integer in both halves of a lane.
LLAMBA_INLINE __m512i Twice(__m512 value) {
  const __m512i rounded = _mm512_cvtps_epi32(value);
  // (rounded << 16) | (rounded & 0xffff)
  return _mm512_ternarylogic_epi32(_mm512_slli_epi32(rounded, 16), rounded,
                                   _mm512_set1_epi32(0xffff), 0xf8);
}

// The low byte of each 16 bits of `even` and the high one of `odd`.
LLAMBA_INLINE __m512i ByTurns(__m512i even, __m512i odd) {
  return _mm512_ternarylogic_epi32(even, odd, _mm512_set1_epi16(0xff), 0xe4);
}

// Codes of 4 or 5 bits of a block anew.
template <class F>
class NarrowCodes {
 public:
  static constexpr float kUnit = 1 << kNarrowBits;

  LLAMBA_INLINE NarrowCodes(const Scale<Vectors>& block, __m512 per_scale)
      : factor_(Twice(Vectors::Mul(block.d, per_scale))) {
    if constexpr (F::Scales::kHasMin) {
      lowest_ = Twice(Vectors::Mul(block.m, per_scale));
    } else {
      constexpr int kShift = __builtin_ctz(OffsetOf<Vectors, F>());
      lowest_ = _mm512_sub_epi16(_mm512_setzero_si512(),
                                 _mm512_slli_epi16(factor_, kShift));
    }
    // Half of the last place, so that cutting rounds.
    lowest_ =
        _mm512_add_epi16(lowest_, _mm512_set1_epi16(1 << (kNarrowBits - 1)));
  }

  LLAMBA_INLINE __m512i operator()(__m512i codes) const {
    const __m512i even = _mm512_and_si512(codes, _mm512_set1_epi16(0xff));
    const __m512i odd = _mm512_srli_epi16(codes, 8);
    return ByTurns(_mm512_srli_epi16(New(even), kNarrowBits), New(odd));
  }

 private:
  LLAMBA_INLINE __m512i New(__m512i codes) const {
    return _mm512_add_epi16(_mm512_mullo_epi16(codes, factor_), lowest_);
  }

  __m512i factor_, lowest_;
};

// Signed bytes, which come with 128 added to them.
class WideCodes {
 public:
  static constexpr float kUnit = 1 << kWideBits;

  LLAMBA_INLINE WideCodes(const Scale<Vectors>& block, __m512 per_scale)
      : factor_(Twice(Vectors::Mul(block.d, per_scale))) {}

  LLAMBA_INLINE __m512i operator()(__m512i wide) const {
    const __m512i codes = Vectors::ToWide(wide);  // takes it off, too
    const __m512i even = _mm512_slli_epi16(codes, 8);
    const __m512i odd =
        _mm512_and_si512(codes, _mm512_set1_epi16(static_cast<short>(0xff00)));
    return ByTurns(_mm512_srli_epi16(New(even), kWidePointBits),
                   _mm512_slli_epi16(New(odd), 8 - kWidePointBits));
  }

 private:
  LLAMBA_INLINE __m512i New(__m512i codes) const {
    return _mm512_add_epi16(_mm512_mulhrs_epi16(codes, factor_),
                            _mm512_set1_epi16(1 << (kWidePointBits - 1)));
  }

  __m512i factor_;
};

template <class F>
using NewCodes = std::conditional_t<F::kWide, WideCodes, NarrowCodes<F>>;

// Blocks [first, first + count) of a panel, at most a segment, to tiles that
// lie `stride` bytes apart from `w` on; zeros after the last. Returns the
// scales.
template <class F>
__m512 MakeAnew(const std::byte* panel, int64_t codes_offset, int64_t first,
                int64_t count, std::byte* w, int64_t stride) {
  constexpr int64_t kBlockBytes = kTileBytes / kBlocksOfStep;
  Scale<Vectors> blocks[kBlocksOfSegment];
  for (int64_t b = 0; b < count; ++b) {
    blocks[b] = F::Scales::template Load<Vectors>(panel, first + b, 0);
  }
  const __m512 scales = ScalesOf<F>(blocks, count);
  const __mmask16 some =
      _mm512_cmp_ps_mask(scales, _mm512_setzero_ps(), _CMP_NEQ_UQ);
  const __m512 per_scale =
      _mm512_maskz_div_ps(some, _mm512_set1_ps(NewCodes<F>::kUnit), scales);
  const std::byte* codes = panel + codes_offset + first * F::kCodeBytes;
  for (int64_t b = 0; b < count; ++b, codes += F::kCodeBytes) {
    std::byte* to =
        w + b / kBlocksOfStep * stride + b % kBlocksOfStep * kBlockBytes;
    const NewCodes<F> anew(blocks[b], per_scale);
    F::template ForGroups<Vectors, 1>(
        codes, 0, [&](int g, const auto& group) LLAMBA_INLINE_LAMBDA {
          _mm512_store_si512(to + g * 64, anew(group.half[0]));
        });
  }
  if (count % kBlocksOfStep != 0) {
    std::byte* to = w + count / kBlocksOfStep * stride + kBlockBytes;
    for (int64_t i = 0; i < kBlockBytes; i += 64) {
      _mm512_store_si512(to + i, _mm512_setzero_si512());
    }
  }
  return scales;
}
