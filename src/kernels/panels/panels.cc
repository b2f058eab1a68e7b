#include "kernels/panels/panels.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "formats/formats.h"

namespace llamba {
namespace {

constexpr int64_t kSuperBlocks = 8;  // blocks that a K type's d and dmin serve
constexpr int64_t kSuperBytes = 64;
constexpr int64_t kNibbleBytes = 256;
constexpr int64_t kFifthBytes = 64;

// One block of one row, as codes of a byte and the scale's own bits.
struct Block {
  std::array<uint8_t, kPanelBlock> codes;
  std::array<std::byte, 4> scales;  // a half, two halves, or two bytes
  std::array<std::byte, 4> super;   // d and dmin of a K type
};

struct Format {
  DType dtype;
  int bits;             // of a code: 4, 5 or 8
  int scale_bytes;      // a row and block
  bool has_supers;      // a K type
  int64_t block_bytes;  // of the file's type
  int64_t block_cols;
  // Block `index` of a row at `bytes`.
  void (*read)(const std::byte* bytes, int64_t index, Block& block);
};

void SplitNibbles(const std::byte* from, uint8_t* low, uint8_t* high, int n) {
  for (int i = 0; i < n; ++i) {
    const auto byte = std::to_integer<uint8_t>(from[i]);
    low[i] = byte & 15;
    high[i] = byte >> 4;
  }
}

// Types of 32 columns: `kScale` bytes of scales, perhaps fifth bits, codes.
template <int kScale, bool kFifth>
void ReadSimple(const std::byte* bytes, int64_t index, Block& block) {
  constexpr int kCodesAt = kScale + (kFifth ? 4 : 0);
  bytes += index * (kCodesAt + 16);
  std::memcpy(block.scales.data(), bytes, kScale);
  SplitNibbles(bytes + kCodesAt, block.codes.data(), block.codes.data() + 16,
               16);
  if (!kFifth) return;
  uint32_t fifth = 0;
  std::memcpy(&fifth, bytes + kScale, sizeof fifth);
  for (int i = 0; i < kPanelBlock; ++i) {
    block.codes[i] |= static_cast<uint8_t>((fifth >> i & 1) << 4);
  }
}

void ReadQ8(const std::byte* bytes, int64_t index, Block& block) {
  bytes += index * 34;
  std::memcpy(block.scales.data(), bytes, 2);
  std::memcpy(block.codes.data(), bytes + 2, kPanelBlock);
}

// Scale and minimum of block j of a K type, 6 bits each, in 12 bytes: the first
// four of either in bytes 0-3 and 4-7, the rest with their low halves in bytes
// 8-11 and their two high bits atop bytes 0-7.
void ReadScaleMin(const std::byte* packed, int64_t j, std::byte* out) {
  const auto at = [packed](int64_t i) {
    return std::to_integer<unsigned>(packed[i]);
  };
  unsigned scale = at(j) & 63;
  unsigned min = at(j + 4) & 63;
  if (j >= 4) {
    scale = (at(j + 4) & 15) | at(j - 4) >> 6 << 4;
    min = at(j + 4) >> 4 | at(j) >> 6 << 4;
  }
  out[0] = static_cast<std::byte>(scale);
  out[1] = static_cast<std::byte>(min);
}

// d, dmin, 12 bytes of scales, perhaps 32 of fifth bits, 128 of codes, of which
// 32 serve two neighbouring blocks.
template <bool kFifth>
void ReadK(const std::byte* bytes, int64_t index, Block& block) {
  constexpr int64_t kCodesAt = kFifth ? 48 : 16;
  bytes += index / kSuperBlocks * (kCodesAt + 128);
  const int64_t j = index % kSuperBlocks;
  std::memcpy(block.super.data(), bytes, 4);
  ReadScaleMin(bytes + 4, j, block.scales.data());
  std::array<uint8_t, kPanelBlock> other;
  const bool odd = j % 2 != 0;
  SplitNibbles(bytes + kCodesAt + j / 2 * 32,
               odd ? other.data() : block.codes.data(),
               odd ? block.codes.data() : other.data(), 32);
  if (!kFifth) return;
  for (int i = 0; i < kPanelBlock; ++i) {
    const auto bits = std::to_integer<unsigned>(bytes[16 + i]);
    block.codes[i] |= static_cast<uint8_t>((bits >> j & 1) << 4);
  }
}

constexpr Format kFormats[] = {
    {DType::kQ4_0, 4, 2, false, 18, 32, ReadSimple<2, false>},
    {DType::kQ4_1, 4, 4, false, 20, 32, ReadSimple<4, false>},
    {DType::kQ5_0, 5, 2, false, 22, 32, ReadSimple<2, true>},
    {DType::kQ5_1, 5, 4, false, 24, 32, ReadSimple<4, true>},
    {DType::kQ8_0, 8, 2, false, 34, 32, ReadQ8},
    {DType::kIQ4_NL, 4, 2, false, 18, 32, ReadSimple<2, false>},
    {DType::kQ4_K, 4, 2, true, 144, 256, ReadK<false>},
    {DType::kQ5_K, 5, 2, true, 176, 256, ReadK<true>},
};

const Format* Find(DType dtype) {
  const auto* it = std::find_if(
      std::begin(kFormats), std::end(kFormats),
      [dtype](const Format& format) { return format.dtype == dtype; });
  return it == std::end(kFormats) ? nullptr : it;
}

const Format& Get(DType dtype) {
  const Format* format = Find(dtype);
  LLAMBA_ASSERT(format != nullptr);
  return *format;
}

int64_t CodeBytes(const Format& format) {
  if (format.bits == 8) return kPanelRows * kPanelBlock;
  return kNibbleBytes + (format.bits == 5 ? kFifthBytes : 0);
}

int64_t ScaleOffset(const Format& format, int64_t block) {
  const int64_t supers =
      format.has_supers ? (block / kSuperBlocks + 1) * kSuperBytes : 0;
  return block * kPanelRows * format.scale_bytes + supers;
}

// Value `part` (of `bytes` bytes) of row `row` goes to part * 16 + row.
void Scatter(const std::byte* values, int n_bytes, int bytes, int64_t row,
             std::byte* to) {
  for (int part = 0; part * bytes < n_bytes; ++part) {
    std::memcpy(to + (part * kPanelRows + row) * bytes, values + part * bytes,
                static_cast<size_t>(bytes));
  }
}

void Gather(const std::byte* from, int n_bytes, int bytes, int64_t row,
            std::byte* values) {
  for (int part = 0; part * bytes < n_bytes; ++part) {
    std::memcpy(values + part * bytes, from + (part * kPanelRows + row) * bytes,
                static_cast<size_t>(bytes));
  }
}

int ScaleValueBytes(const Format& format) { return format.has_supers ? 1 : 2; }

uint32_t LoadWord(const uint8_t* from) {
  uint32_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

void StoreCodes(const Format& format, const Block& block, int64_t row,
                std::byte* to) {
  to += row * 4;
  if (format.bits == 8) {
    for (int g = 0; g < 8; ++g) {
      std::memcpy(to + g * 64, &block.codes[4 * g], 4);
    }
    return;
  }
  uint32_t fifth = 0;
  for (int j = 0; j < 4; ++j) {
    const uint32_t low = LoadWord(&block.codes[8 * j]);
    const uint32_t high = LoadWord(&block.codes[8 * j + 4]);
    const uint32_t codes = (low & 0x0f0f0f0fu) | (high & 0x0f0f0f0fu) << 4;
    std::memcpy(to + j * 64, &codes, sizeof codes);
    fifth |= (low >> 4 & 0x01010101u) << (2 * j) | (high >> 4 & 0x01010101u)
                                                       << (2 * j + 1);
  }
  if (format.bits == 5) {
    std::memcpy(to + kNibbleBytes, &fifth, sizeof fifth);
  }
}

uint8_t CodeAt(const Format& format, const std::byte* codes, int64_t row,
               int k) {
  const int g = k / 4;
  const int64_t lane = row * 4 + k % 4;
  const auto at = [codes](int64_t i) {
    return std::to_integer<unsigned>(codes[i]);
  };
  if (format.bits == 8) return static_cast<uint8_t>(at(g * 64 + lane));
  unsigned code = at(g / 2 * 64 + lane) >> (g % 2 * 4) & 15;
  if (format.bits == 5) code |= (at(kNibbleBytes + lane) >> g & 1) << 4;
  return static_cast<uint8_t>(code);
}

float HalfAt(const std::byte* p) {
  uint16_t half = 0;
  std::memcpy(&half, p, sizeof half);
  return HalfToFloat(half);
}

float ByteValue(std::byte byte) {
  return static_cast<float>(std::to_integer<int>(byte));
}

struct Scale {
  float d, m;  // m only where the type has it
};

Scale ScaleAt(const Format& format, const std::byte* panel, int64_t block,
              int64_t row) {
  const std::byte* scales = panel + ScaleOffset(format, block);
  std::array<std::byte, 4> own{};
  Gather(scales, format.scale_bytes, ScaleValueBytes(format), row, own.data());
  if (!format.has_supers) return {HalfAt(own.data()), HalfAt(own.data() + 2)};
  std::array<std::byte, 4> super{};
  const int64_t first = block / kSuperBlocks * kSuperBlocks;
  Gather(panel + ScaleOffset(format, first) - kSuperBytes, 4, 2, row,
         super.data());
  return {HalfAt(super.data()) * ByteValue(own[0]),
          -(HalfAt(super.data() + 2) * ByteValue(own[1]))};
}

constexpr float kCodebook[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                 1,    13,   25,  38,  53,  69,  89,  113};

// The value of a code, as the type defines it.
float Value(const Format& format, int code, float d, float m) {
  switch (format.dtype) {
    case DType::kQ4_0:
      return static_cast<float>(code - 8) * d;
    case DType::kQ5_0:
      return static_cast<float>(code - 16) * d;
    case DType::kQ8_0:
      return static_cast<float>(static_cast<int8_t>(code)) * d;
    case DType::kIQ4_NL:
      return d * kCodebook[code];
    default:
      return static_cast<float>(code) * d + m;
  }
}

}  // namespace

bool HasPanels(DType dtype) { return Find(dtype) != nullptr; }

PanelShape::PanelShape(DType dtype, int64_t cols) {
  const Format& format = Get(dtype);
  LLAMBA_ASSERT(cols % format.block_cols == 0);
  const int64_t blocks = cols / kPanelBlock;
  int64_t scales = blocks * kPanelRows * format.scale_bytes;
  if (format.has_supers) scales += blocks / kSuperBlocks * kSuperBytes;
  codes_offset = (scales + 63) / 64 * 64;
  bytes = codes_offset + blocks * CodeBytes(format);
}

void PackPanel(DType dtype, std::span<const std::byte* const> rows,
               int64_t cols, std::byte* panel) {
  const Format& format = Get(dtype);
  const PanelShape shape(dtype, cols);
  const auto n_rows = static_cast<int64_t>(rows.size());
  if (n_rows < kPanelRows) {
    std::memset(panel, 0, static_cast<size_t>(shape.bytes));
  }
  const int value_bytes = ScaleValueBytes(format);
  Block block;
  for (int64_t b = 0; b < cols / kPanelBlock; ++b) {
    std::byte* scales = panel + ScaleOffset(format, b);
    std::byte* codes = panel + shape.codes_offset + b * CodeBytes(format);
    for (int64_t row = 0; row < n_rows; ++row) {
      format.read(rows[static_cast<size_t>(row)], b, block);
      StoreCodes(format, block, row, codes);
      Scatter(block.scales.data(), format.scale_bytes, value_bytes, row,
              scales);
      if (format.has_supers && b % kSuperBlocks == 0) {
        Scatter(block.super.data(), 4, 2, row, scales - kSuperBytes);
      }
    }
  }
}

void UnpackPanelRow(DType dtype, const std::byte* panel, int64_t row,
                    std::span<float> out) {
  const Format& format = Get(dtype);
  const auto cols = static_cast<int64_t>(out.size());
  const PanelShape shape(dtype, cols);
  for (int64_t b = 0; b < cols / kPanelBlock; ++b) {
    const Scale scale = ScaleAt(format, panel, b, row);
    const std::byte* codes = panel + shape.codes_offset + b * CodeBytes(format);
    for (int k = 0; k < kPanelBlock; ++k) {
      out[static_cast<size_t>(b * kPanelBlock + k)] =
          Value(format, CodeAt(format, codes, row, k), scale.d, scale.m);
    }
  }
}

PanelRow ReadPanelRow(DType dtype, const std::byte* panel, int64_t row,
                      int64_t cols) {
  const Format& format = Get(dtype);
  const PanelShape shape(dtype, cols);
  const bool codebook = dtype == DType::kIQ4_NL;
  PanelRow out;
  out.bits = codebook ? 8 : format.bits;
  out.offset = dtype == DType::kQ4_0 ? 8 : dtype == DType::kQ5_0 ? 16 : 0;
  out.has_min = out.bits < 8 && out.offset == 0;
  for (int64_t b = 0; b < cols / kPanelBlock; ++b) {
    const Scale scale = ScaleAt(format, panel, b, row);
    out.blocks.push_back({scale.d, out.has_min ? scale.m : 0});
    const std::byte* codes = panel + shape.codes_offset + b * CodeBytes(format);
    for (int k = 0; k < kPanelBlock; ++k) {
      const uint8_t code = CodeAt(format, codes, row, k);
      out.codes.push_back(codebook           ? static_cast<int>(kCodebook[code])
                          : format.bits == 8 ? static_cast<int8_t>(code)
                                             : code);
    }
  }
  return out;
}

}  // namespace llamba
