#ifndef LLAMBA_TOKENIZER_PROTOBUF_H_
#define LLAMBA_TOKENIZER_PROTOBUF_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace llamba {

// The wire format of Protocol Buffers, as much as a SentencePiece model needs.

struct ProtoField {
  uint32_t number = 0;
  uint64_t integer = 0;    // a varint, or the bits of a fixed-width value
  std::string_view bytes;  // a string or message

  int64_t AsInt() const { return static_cast<int64_t>(integer); }
  float AsFloat() const;
};

// Walks through the fields of a message, which outlives the reader.
class ProtoReader {
 public:
  ProtoReader(std::string_view message, const std::string& source)
      : rest_(message), source_(source) {}

  // False at the end; throws Error where the message is cut or malformed.
  bool Next(ProtoField* field);

 private:
  uint64_t Varint();
  std::string_view Take(uint64_t n_bytes);

  std::string_view rest_;
  const std::string& source_;
};

class ProtoWriter {
 public:
  void Int(uint32_t number, int64_t value);
  void Float(uint32_t number, float value);
  void Bytes(uint32_t number, std::string_view value);
  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(uint64_t value);
  std::string bytes_;
};

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_PROTOBUF_H_
