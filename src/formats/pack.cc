#include "formats/pack.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "formats/codec.h"

namespace llamba {
namespace {

using formats::Store;

constexpr int kHalf = kBlockValues / 2;

// The nearest code of every whole number from -128 to 127: levels are whole
// numbers, so that all but the halfway points follow from it.
constexpr std::array<uint8_t, 256> MakeNearest() {
  std::array<uint8_t, 256> table{};
  for (size_t i = 0; i < table.size(); ++i) {
    const int v = static_cast<int>(i) - 128;
    int best = 0;
    const auto distance = [v](int code) {
      const int d = v - static_cast<int>(formats::kIq4Levels[code]);
      return d < 0 ? -d : d;
    };
    for (int code = 1; code < 16; ++code) {
      if (distance(code) < distance(best)) best = code;
    }
    table[i] = static_cast<uint8_t>(best);
  }
  return table;
}
constexpr std::array<uint8_t, 256> kNearest = MakeNearest();

void PackNibbles(const uint8_t* codes, std::byte* out) {
  for (int j = 0; j < kHalf; ++j) {
    out[j] =
        static_cast<std::byte>((codes[j] & 15) | (codes[j + kHalf] & 15) << 4);
  }
}

void PackFiveBits(const uint8_t* codes, std::byte* out) {
  uint32_t bits = 0;
  for (int j = 0; j < kBlockValues; ++j) {
    bits |= static_cast<uint32_t>(codes[j] >> 4 & 1) << j;
  }
  Store(out, bits);
  PackNibbles(codes, out + sizeof bits);
}

}  // namespace

std::span<const float, 16> Iq4Levels() { return formats::kIq4Levels; }

int NearestIq4(float value) {
  const float bounded = std::clamp(value, -127.0f, 113.0f);
  int code = kNearest[static_cast<size_t>(bounded + 128.5f)];
  // Rounding to a whole number first may cross the border of two levels.
  const auto distance = [bounded](int c) {
    const float d = bounded - formats::kIq4Levels[c];
    return d < 0 ? -d : d;
  };
  if (code > 0 && distance(code - 1) <= distance(code)) return code - 1;
  if (code < 15 && distance(code + 1) < distance(code)) return code + 1;
  return code;
}

void PackBlock(DType dtype, uint16_t scale, uint16_t offset,
               const uint8_t* codes, std::byte* out) {
  Store(out, scale);
  switch (dtype) {
    case DType::kQ4_0:
    case DType::kIQ4_NL:
      PackNibbles(codes, out + 2);
      return;
    case DType::kQ4_1:
      Store(out + 2, offset);
      PackNibbles(codes, out + 4);
      return;
    case DType::kQ5_0:
      PackFiveBits(codes, out + 2);
      return;
    case DType::kQ5_1:
      Store(out + 2, offset);
      PackFiveBits(codes, out + 4);
      return;
    case DType::kQ8_0:
      for (int j = 0; j < kBlockValues; ++j) {
        Store(out + 2 + j, static_cast<int8_t>(codes[j] - 127));
      }
      return;
    default:
      AssertionFailed(__FILE__, __LINE__, "a simple block type");
  }
}

void PackQ4K(const Q4KScales& scales, const uint8_t* codes, std::byte* out) {
  Store(out, scales.d);
  Store(out + 2, scales.dmin);
  std::byte* packed = out + 4;
  for (int j = 0; j < 4; ++j) {
    const int high_scale = scales.scales[j + 4] >> 4;
    const int high_min = scales.mins[j + 4] >> 4;
    packed[j] = static_cast<std::byte>(scales.scales[j] | high_scale << 6);
    packed[j + 4] = static_cast<std::byte>(scales.mins[j] | high_min << 6);
    packed[j + 8] = static_cast<std::byte>((scales.scales[j + 4] & 15) |
                                           (scales.mins[j + 4] & 15) << 4);
  }
  for (int pair = 0; pair < 4; ++pair) {
    const uint8_t* low = codes + 64 * pair;
    for (int i = 0; i < 32; ++i) {
      out[16 + 32 * pair + i] =
          static_cast<std::byte>(low[i] | low[i + 32] << 4);
    }
  }
}

}  // namespace llamba
