// How each type's panels are read, in terms of an instruction set's vectors V.
// Included by one translation unit an instruction set, inside its anonymous
// namespace: no symbol of it may reach the linker, which could choose the one
// of another instruction set.
//
// V has kLanes 32-bit lanes and kBytes bytes of codes; a panel's 16 rows are
// `kHalves` = 16 / kLanes vectors. See portable.cc for the plainest V.

// Codes of 4 and 5 bits fit a dot product of unsigned by signed bytes as they
// are; the type's offset is taken off the sum. fn(g, codes) for each group.
template <class V, class Fn>
LLAMBA_INLINE void ForNibbles(const std::byte* codes, const Fn& fn) {
  for (int j = 0; j < 4; ++j) {
    const typename V::Codes both = V::Load(codes + j * 64);
    fn(2 * j, V::Low(both));
    fn(2 * j + 1, V::High(both));
  }
}

template <class V>
struct Scale {
  typename V::Floats d, m;
};

// The scales of a block of 32 columns: d[16], perhaps m[16].
template <bool kHasMinValue>
struct SimpleScales {
  static constexpr bool kHasMin = kHasMinValue;
  static constexpr int64_t kBytes = kHasMin ? 64 : 32;
  static int64_t Offset(int64_t block) { return block * kBytes; }

  template <class V>
  static LLAMBA_INLINE Scale<V> Load(const std::byte* panel, int64_t block,
                                     int half) {
    const std::byte* p = panel + Offset(block) + half * V::kLanes * 2;
    Scale<V> scale;
    scale.d = V::LoadHalves(p);
    if constexpr (kHasMin) scale.m = V::LoadHalves(p + 32);
    return scale;
  }
};

// Those of the K types.
struct SuperScales {
  static constexpr bool kHasMin = true;
  static constexpr int64_t kBytes = 32;
  static constexpr int64_t kSuperBytes = 64;
  static int64_t Offset(int64_t block) {
    return block * kBytes + (block / 8 + 1) * kSuperBytes;
  }

  template <class V>
  static LLAMBA_INLINE Scale<V> Load(const std::byte* panel, int64_t block,
                                     int half) {
    const std::byte* super =
        panel + Offset(block / 8 * 8) - kSuperBytes + half * V::kLanes * 2;
    const std::byte* own = panel + Offset(block) + half * V::kLanes;
    return {
        V::Mul(V::LoadHalves(super), V::LoadBytes(own)),
        V::Negate(V::Mul(V::LoadHalves(super + 32), V::LoadBytes(own + 16)))};
  }
};

template <class ScalesType, int kOffsetValue>
struct FourBits {
  using Scales = ScalesType;
  static constexpr int64_t kCodeBytes = 256;
  static constexpr int kOffset = kOffsetValue;
  static constexpr bool kWide = false;
  // Groups whose products fit a sum in 16 bits: 8 * 2 * 15 * 127 < 2^15.
  static constexpr int kFlush = 8;

  template <class V, class Fn>
  static LLAMBA_INLINE void ForGroups(const std::byte* codes, const Fn& fn) {
    ForNibbles<V>(codes, fn);
  }
};

template <class ScalesType, int kOffsetValue>
struct FiveBits {
  using Scales = ScalesType;
  static constexpr int64_t kCodeBytes = 320;
  static constexpr int kOffset = kOffsetValue;
  static constexpr bool kWide = false;
  static constexpr int kFlush = 4;  // 4 * 2 * 31 * 127 < 2^15

  template <class V, class Fn>
  static LLAMBA_INLINE void ForGroups(const std::byte* codes, const Fn& fn) {
    const typename V::Codes fifth = V::Load(codes + 256);
    for (int j = 0; j < 4; ++j) {
      const typename V::Codes both = V::Load(codes + j * 64);
      fn(2 * j, V::AddFifth(V::Low(both), fifth, 2 * j));
      fn(2 * j + 1, V::AddFifth(V::High(both), fifth, 2 * j + 1));
    }
  }
};

// Signed bytes, which each instruction set takes in a form of its own.
struct EightBits {
  using Scales = SimpleScales<false>;
  static constexpr int64_t kCodeBytes = 512;
  static constexpr bool kWide = true;

  template <class V, class Fn>
  static LLAMBA_INLINE void ForGroups(const std::byte* codes, const Fn& fn) {
    for (int g = 0; g < 8; ++g) fn(g, V::ToWide(V::Load(codes + g * 64)));
  }
};

// Codes that stand for the 16 values of a codebook.
struct Codebook {
  using Scales = SimpleScales<false>;
  static constexpr int64_t kCodeBytes = 256;
  static constexpr bool kWide = true;

  template <class V, class Fn>
  static LLAMBA_INLINE void ForGroups(const std::byte* codes, const Fn& fn) {
    ForNibbles<V>(codes,
                  [&](int g, const typename V::Codes& nibbles)
                      LLAMBA_INLINE_LAMBDA { fn(g, V::Lookup(nibbles)); });
  }
};
