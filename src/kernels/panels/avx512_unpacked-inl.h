// Panels as bytes and scales in float, unpacked once for many rows of
// activations. Included as panel_matmul-inl.h is.

#include "kernels/panels/avx512_rows-inl.h"

// Which bytes stand for a value: itself, or for the unsigned operand of VNNI
// the value plus 128, and the code as it is where the type has a minimum.
enum class Bytes { kSigned, kUnsigned };

// Room for kPanels panels side by side, reused from one group to the next.
template <int kPanels, Bytes kBytes>
class Unpacked {
 public:
  explicit Unpacked(int64_t blocks)
      : codes_(Allocate<int8_t>(blocks * kStride)),
        d_(Allocate<float>(blocks * kPanels * kPanelRows)),
        zero_(Allocate<float>(blocks * kPanels * kPanelRows)),
        m_(Allocate<float>(blocks * kPanels * kPanelRows)) {
    if (codes_ == nullptr || d_ == nullptr || zero_ == nullptr ||
        m_ == nullptr) {
      std::abort();
    }
  }
  ~Unpacked() {
    std::free(codes_);
    std::free(d_);
    std::free(zero_);
    std::free(m_);
  }
  Unpacked(const Unpacked&) = delete;
  Unpacked& operator=(const Unpacked&) = delete;

  // Of a block: for each of 8 groups 64 bytes of each panel.
  const int8_t* codes(int64_t block) const { return codes_ + block * kStride; }
  const float* d(int64_t block) const {
    return d_ + block * kPanels * kPanelRows;
  }
  // -kFloatZero d, exactly: d has 17 bits at most, kFloatZero two.
  const float* zero(int64_t block) const {
    return zero_ + block * kPanels * kPanelRows;
  }
  const float* m(int64_t block) const {
    return m_ + block * kPanels * kPanelRows;
  }

  // A panel of `blocks` blocks, as number `which` of those side by side.
  template <class F>
  void Fill(int which, const std::byte* panel, int64_t codes_offset,
            int64_t blocks) {
    const std::byte* codes = panel + codes_offset;
    for (int64_t b = 0; b < blocks; ++b) {
      int8_t* to = codes_ + b * kStride + which * 64;
      F::template ForGroups<Vectors, 1>(
          codes + b * F::kCodeBytes, 0,
          [to](int g, const Halves<__m512i, 1>& codes) LLAMBA_INLINE_LAMBDA {
            _mm512_store_si512(to + g * kPanels * 64,
                               ToBytes<F>(codes.half[0]));
          });
      const auto scale = F::Scales::template Load<Vectors>(panel, b, 0);
      const int64_t at = (b * kPanels + which) * kPanelRows;
      _mm512_store_ps(d_ + at, scale.d);
      _mm512_store_ps(zero_ + at,
                      _mm512_mul_ps(scale.d, _mm512_set1_ps(-kFloatZero)));
      if constexpr (F::Scales::kHasMin) _mm512_store_ps(m_ + at, scale.m);
    }
  }

 private:
  static constexpr int64_t kStride = kPanels * kPanelRows * kPanelBlock;

  template <class F>
  static LLAMBA_INLINE __m512i ToBytes(__m512i codes) {
    constexpr int kHigh = kBytes == Bytes::kSigned ? 0
                          : F::Scales::kHasMin     ? 0
                                                   : 128;
    constexpr int kAdd = kHigh - OffsetOf<Vectors, F>();
    if constexpr (kAdd == 0) return codes;
    return _mm512_add_epi8(codes, _mm512_set1_epi8(static_cast<char>(kAdd)));
  }

  template <typename T>
  static T* Allocate(int64_t count) {
    const size_t bytes = static_cast<size_t>(count) * sizeof(T);
    return static_cast<T*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
  }

  int8_t* codes_;
  float* d_;
  float* zero_;
  float* m_;
};
