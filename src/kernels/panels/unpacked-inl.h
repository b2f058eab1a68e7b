// Panels as bytes and scales in float, unpacked once for many rows of
// activations, for an instruction set's vectors V. Included as
// panel_matmul-inl.h is.

// Which bytes stand for a value: itself, or for the unsigned operand of VNNI
// the value plus 128, and the code as it is where the type has a minimum.
enum class Bytes { kSigned, kUnsigned };

// Aligned for vectors, to be freed by std::free.
template <typename T>
T* Allocate(int64_t count) {
  const size_t bytes = static_cast<size_t>(count) * sizeof(T);
  auto* memory =
      static_cast<T*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
  if (memory == nullptr) std::abort();
  return memory;
}

// Room for kPanels panels side by side, reused from one group to the next.
template <class V, int kPanels, Bytes kBytes>
class Unpacked {
 public:
  explicit Unpacked(int64_t blocks)
      : codes_(Allocate<int8_t>(blocks * kStride)),
        d_(Allocate<float>(blocks * kMultiples * kPanels * kPanelRows)),
        m_(Allocate<float>(blocks * kPanels * kPanelRows)) {}
  ~Unpacked() {
    std::free(codes_);
    std::free(d_);
    std::free(m_);
  }
  Unpacked(const Unpacked&) = delete;
  Unpacked& operator=(const Unpacked&) = delete;

  // Of a block: for each of 8 groups 64 bytes of each panel.
  const int8_t* codes(int64_t block) const { return codes_ + block * kStride; }
  // Beside unsigned bytes, that multiple of it (row_tiles.h), exactly: d has 17
  // bits at most, a multiple three.
  const float* d(int64_t block, int64_t step = 0) const {
    return d_ + (block * kMultiples + step) * kPanels * kPanelRows;
  }
  const float* m(int64_t block) const {
    return m_ + block * kPanels * kPanelRows;
  }

  // Blocks first .. first + blocks - 1 of a panel, as number `which` of those
  // side by side.
  template <class F>
  void Fill(int which, const std::byte* panel, int64_t codes_offset,
            int64_t first, int64_t blocks) {
    const std::byte* codes = panel + codes_offset + first * F::kCodeBytes;
    for (int64_t b = 0; b < blocks; ++b) {
      FillCodes<F>(codes + b * F::kCodeBytes,
                   codes_ + b * kStride + which * kPanelRows * 4);
      Repeat<kAll>([&](auto h) LLAMBA_INLINE_LAMBDA {
        FillScales<F>(F::Scales::template Load<V>(panel, first + b, h), b,
                      which * kPanelRows + h * V::kLanes);
      });
    }
  }

 private:
  static constexpr int kAll = kPanelRows / V::kLanes;
  // Signed products are converted and take the activations' scale as it is.
  static constexpr int kMultiples = kBytes == Bytes::kUnsigned ? kSteps : 1;
  static constexpr int64_t kStride = kPanels * kPanelRows * kPanelBlock;

  template <class F>
  static LLAMBA_INLINE void FillCodes(const std::byte* codes, int8_t* to) {
    F::template ForGroups<V, kAll>(
        codes, 0, [to](int g, const auto& w) LLAMBA_INLINE_LAMBDA {
          Repeat<kAll>([&](auto h) LLAMBA_INLINE_LAMBDA {
            V::Store(ToBytes<F>(w.half[h]),
                     to + g * kPanels * kPanelRows * 4 + h * V::kBytes);
          });
        });
  }

  template <class F>
  LLAMBA_INLINE void FillScales(const Scale<V>& scale, int64_t block,
                                int64_t row) {
    constexpr int64_t kRows = kPanels * kPanelRows;
    Repeat<kMultiples>([&](auto step) LLAMBA_INLINE_LAMBDA {
      constexpr float kMultiple = 1 + static_cast<float>(step()) / kSteps;
      V::StoreFloats(V::Mul(scale.d, V::SetFloat(kMultiple)),
                     d_ + (block * kMultiples + step) * kRows + row);
    });
    if constexpr (F::Scales::kHasMin) {
      V::StoreFloats(scale.m, m_ + block * kRows + row);
    }
  }

  template <class F>
  static LLAMBA_INLINE typename V::Codes ToBytes(typename V::Codes codes) {
    constexpr int kHigh = kBytes == Bytes::kSigned ? 0
                          : F::Scales::kHasMin     ? 0
                                                   : 128;
    constexpr int kAdd = kHigh - OffsetOf<V, F>();
    if constexpr (kAdd == 0) {
      return codes;
    } else {
      return V::template AddToCodes<kAdd>(codes);
    }
  }

  int8_t* codes_;
  float* d_;
  float* m_;
};
