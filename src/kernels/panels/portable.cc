// Plain C++ over arrays of 16 lanes, which compilers turn into whatever vectors
// the target has at least.
#include <cmath>
#include <cstring>
#include <type_traits>

#include "formats/formats.h"
#include "kernels/panels/panel_kernels.h"
#include "kernels/panels/panels.h"

namespace llamba::panels {
namespace {

#include "kernels/panels/panel_matmul-inl.h"

struct Vectors {
  static constexpr int kLanes = 16;
  static constexpr int kBytes = 64;
  static constexpr int kNarrowTileM = 1;
  static constexpr int kWideTileM = 1;
  static constexpr int kWholeTileM = 1;
  static constexpr int kRuns = 1;
  static constexpr int kWideOffset = 0;
  struct Codes {
    uint8_t v[64];
  };
  struct Wide {
    int8_t v[64];
  };
  struct Ints {
    int32_t v[16];
  };
  struct Floats {
    float v[16];
  };
  using Narrow = Ints;
  using Four = const int8_t*;

  // fn(i) for each element.
  template <class Vector, class Fn>
  static LLAMBA_INLINE Vector Make(const Fn& fn) {
    constexpr int kCount = std::extent_v<decltype(Vector::v)>;
    Vector out;
    for (int i = 0; i < kCount; ++i) out.v[i] = fn(i);
    return out;
  }

  static LLAMBA_INLINE Codes Load(const std::byte* p) {
    Codes codes;
    std::memcpy(codes.v, p, sizeof codes.v);
    return codes;
  }
  // The same, unknown to the compiler.
  static LLAMBA_INLINE const Codes& Again(const Codes& c) {
    __asm__ volatile("" : : "r"(&c) : "memory");
    return c;
  }
  static LLAMBA_INLINE Codes Low(const Codes& c) {
    return Make<Codes>([&](int i) { return uint8_t(c.v[i] & 15); });
  }
  static LLAMBA_INLINE Codes High(const Codes& c) {
    return Make<Codes>([&](int i) { return uint8_t(c.v[i] >> 4); });
  }
  static LLAMBA_INLINE Codes AddFifth(const Codes& c, const Codes& fifth,
                                      int g) {
    return Make<Codes>(
        [&](int i) { return uint8_t(c.v[i] | (fifth.v[i] >> g & 1) << 4); });
  }
  static LLAMBA_INLINE Wide ToWide(const Codes& c) {
    return Make<Wide>([&](int i) { return int8_t(c.v[i]); });
  }
  static LLAMBA_INLINE Wide Lookup(const Codes& nibbles) {
    static constexpr int8_t kBook[16] = {-127, -104, -83, -65, -49, -35,
                                         -22,  -10,  1,   13,  25,  38,
                                         53,   69,   89,  113};
    return Make<Wide>([&](int i) { return kBook[nibbles.v[i]]; });
  }
  static LLAMBA_INLINE Four Spread(const int8_t* x) { return x; }

  template <class Weights>
  static LLAMBA_INLINE Ints AddDots(const Ints& sum, const Weights& w, Four x) {
    return Make<Ints>([&](int i) {
      int32_t dot = sum.v[i];
      for (int j = 0; j < 4; ++j) dot += w.v[4 * i + j] * x[j];
      return dot;
    });
  }
  static LLAMBA_INLINE Narrow StartNarrow(const Ints& sum) { return sum; }
  static LLAMBA_INLINE Narrow AddNarrow(const Narrow& sum, const Codes& c,
                                        Four x) {
    return AddDots(sum, c, x);
  }
  static LLAMBA_INLINE Ints Flush(const Ints&, const Narrow& n) { return n; }
  static LLAMBA_INLINE Ints AddWide(const Ints& sum, const Wide& w, Four x) {
    return AddDots(sum, w, x);
  }

  static LLAMBA_INLINE Ints ZeroInts() { return {}; }
  template <int kFactor>
  static LLAMBA_INLINE Ints SpreadTimes(const int32_t* value) {
    return Make<Ints>([&](int) { return kFactor * *value; });
  }
  static LLAMBA_INLINE Floats SetFloat(float value) {
    return Make<Floats>([&](int) { return value; });
  }
  static LLAMBA_INLINE Floats ToFloats(const Ints& v) {
    return Make<Floats>([&](int i) { return static_cast<float>(v.v[i]); });
  }
  static LLAMBA_INLINE Floats LoadHalves(const std::byte* p) {
    return Make<Floats>([&](int i) {
      uint16_t half = 0;
      std::memcpy(&half, p + 2 * i, sizeof half);
      return HalfToFloat(half);
    });
  }
  static LLAMBA_INLINE Floats LoadBytes(const std::byte* p) {
    return Make<Floats>(
        [&](int i) { return static_cast<float>(std::to_integer<int>(p[i])); });
  }
  static LLAMBA_INLINE Floats Negate(const Floats& a) {
    return Make<Floats>([&](int i) { return -a.v[i]; });
  }
  static LLAMBA_INLINE Floats Add(const Floats& a, const Floats& b) {
    return Make<Floats>([&](int i) { return a.v[i] + b.v[i]; });
  }
  static LLAMBA_INLINE Floats Mul(const Floats& a, const Floats& b) {
    return Make<Floats>([&](int i) { return a.v[i] * b.v[i]; });
  }
  // Two roundings: machines without vectors for bytes rarely have a fused one.
  static LLAMBA_INLINE Floats MulAdd(const Floats& a, const Floats& b,
                                     const Floats& c) {
    return Make<Floats>([&](int i) { return a.v[i] * b.v[i] + c.v[i]; });
  }
  static LLAMBA_INLINE Floats LoadFloats(const float* p) {
    return Make<Floats>([&](int i) { return p[i]; });
  }
  static LLAMBA_INLINE void StoreFloats(const Floats& v, float* p) {
    std::memcpy(p, v.v, sizeof v.v);
  }
};

}  // namespace

Kernels Portable() { return {MatMulPanelsOf<Vectors>, PeakOf<Vectors>}; }

}  // namespace llamba::panels
