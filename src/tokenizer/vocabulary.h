#ifndef LLAMBA_TOKENIZER_VOCABULARY_H_
#define LLAMBA_TOKENIZER_VOCABULARY_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace llamba {

// With the numbers of GGUF's `tokenizer.ggml.token_type`, which are those of
// SentencePiece's ModelProto.
enum class TokenType : uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      // a special token: text only where it is asked for
  kUserDefined = 4,  // an added token: always found in a text, never merged
  kUnused = 5,       // padding of the vocabulary
  kByte = 6,         // SentencePiece's fallback
};

// Token id -> the bytes that it stands for in a text (for control tokens: its
// name). The file's own spelling (GPT-2's alphabet, U+2581 for a space) stays
// in readers and writers.
class Vocabulary {
 public:
  // The id of the new token: ids count from 0.
  int32_t Add(std::string_view bytes, TokenType type, float score = 0);

  int32_t size() const { return static_cast<int32_t>(types_.size()); }
  bool Contains(int64_t id) const { return id >= 0 && id < size(); }
  std::string_view bytes(int32_t id) const {
    return std::string_view(arena_).substr(ends_[id],
                                           ends_[id + 1] - ends_[id]);
  }
  TokenType type(int32_t id) const { return types_[id]; }
  float score(int32_t id) const { return scores_[id]; }

 private:
  std::string arena_;
  std::vector<size_t> ends_ = {0};  // of the token before
  std::vector<TokenType> types_;
  std::vector<float> scores_;
};

// A 64-bit hash of a short string; the same on every machine.
uint64_t HashBytes(std::string_view bytes);

// Bytes -> token id, for the tokens that were inserted. Refers to the
// vocabulary, which outlives it.
class PieceIndex {
 public:
  explicit PieceIndex(const Vocabulary& vocabulary);

  // Keeps the first of several tokens with equal bytes; says whether this was
  // the first.
  bool Insert(int32_t id);
  // -1 where there is none.
  int32_t Find(std::string_view bytes) const;

 private:
  struct Slot {
    uint32_t hash;
    int32_t id;
  };
  size_t SlotOf(std::string_view bytes, uint32_t hash) const;
  void Grow();

  const Vocabulary* vocabulary_;
  std::vector<Slot> slots_;
  size_t used_ = 0;
};

// Which tokens an index holds: the normal ones, user-defined ones too, or all.
enum class IndexedTypes { kNormal, kNormalAndUserDefined, kAll };
// Tokens without bytes are left out.
PieceIndex IndexPieces(const Vocabulary& vocabulary, IndexedTypes types);

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_VOCABULARY_H_
