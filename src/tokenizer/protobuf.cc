#include "tokenizer/protobuf.h"

#include <bit>

#include "base/error.h"

namespace llamba {
namespace {

enum WireType : uint32_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kFixed32 = 5
};

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return value;
}

}  // namespace

float ProtoField::AsFloat() const {
  return std::bit_cast<float>(static_cast<uint32_t>(integer));
}

uint64_t ProtoReader::Varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<uint8_t>(Take(1)[0]);
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  Fail("{}: no SentencePiece model: a number of more than 64 bits", source_);
}

std::string_view ProtoReader::Take(uint64_t n_bytes) {
  if (n_bytes > rest_.size()) {
    Fail(
        "{}: no SentencePiece model, or a cut one: expected {} bytes more, "
        "found {}",
        source_, n_bytes, rest_.size());
  }
  const std::string_view taken = rest_.substr(0, n_bytes);
  rest_.remove_prefix(n_bytes);
  return taken;
}

bool ProtoReader::Next(ProtoField* field) {
  if (rest_.empty()) return false;
  const uint64_t tag = Varint();
  *field = {};
  field->number = static_cast<uint32_t>(tag >> 3);
  switch (tag & 7) {
    case kVarint:
      field->integer = Varint();
      return true;
    case kFixed64:
      field->integer = LittleEndian(Take(8));
      return true;
    case kBytes:
      field->bytes = Take(Varint());
      return true;
    case kFixed32:
      field->integer = LittleEndian(Take(4));
      return true;
    default:
      Fail("{}: no SentencePiece model: wire type {}", source_, tag & 7);
  }
}

void ProtoWriter::Varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) {
    bytes_.push_back(static_cast<char>((value & 0x7F) | 0x80));
  }
  bytes_.push_back(static_cast<char>(value));
}

void ProtoWriter::Int(uint32_t number, int64_t value) {
  Varint(number << 3 | kVarint);
  Varint(static_cast<uint64_t>(value));
}

void ProtoWriter::Float(uint32_t number, float value) {
  Varint(number << 3 | kFixed32);
  const auto bits = std::bit_cast<uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) {
    bytes_.push_back(static_cast<char>(bits >> shift & 0xFF));
  }
}

void ProtoWriter::Bytes(uint32_t number, std::string_view value) {
  Varint(number << 3 | kBytes);
  Varint(value.size());
  bytes_ += value;
}

}  // namespace llamba
