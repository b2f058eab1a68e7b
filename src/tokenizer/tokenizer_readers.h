#ifndef LLAMBA_TOKENIZER_TOKENIZER_READERS_H_
#define LLAMBA_TOKENIZER_TOKENIZER_READERS_H_

#include <optional>
#include <string>
#include <string_view>

#include "checkpoint/gguf.h"
#include "tokenizer/json_reader.h"
#include "tokenizer/tokenizer_spec.h"

// One reader a format, each from bytes already in memory to a TokenizerSpec.
// `source` names the file in errors, which are all of class Error.
namespace llamba {

// The longest token that a file may hold: derived merges take the square of it.
inline constexpr size_t kMaxTokenBytes = 4096;

// Hugging Face's tokenizer.json, byte-level BPE.
TokenizerSpec ReadTokenizerJson(const JsonDocument& json);
// Whether a tokenizer.json holds a converted SentencePiece model: such a
// directory has a tokenizer.model, which is the original.
bool IsConvertedSentencePiece(const JsonDocument& json);

// The pre-tokenizer that a tokenizer.json describes.
PreTokenizer RecognizePreTokenizer(const JsonDocument& json);

// tiktoken's ranks: a line "BASE64 RANK" a token, ranks counting from 0.
bool IsTiktoken(std::string_view text);
// The same with Llama-3's pre-tokenizer and 256 special tokens after the ranks.
TokenizerSpec ReadTiktokenLlama3(std::string_view text, std::string source);

// SentencePiece's ModelProto, BPE without normalization.
TokenizerSpec ReadSentencePieceModel(std::string_view bytes,
                                     std::string source);
std::string WriteSentencePieceModel(const TokenizerSpec& spec);

// U+2581 for spaces, "<0x0A>" for byte tokens: how SentencePiece and GGUF spell
// pieces; and back. A byte token with another name is an Error.
std::string PieceSpelling(const Vocabulary& vocabulary, int32_t id);
int32_t AddSpelledPiece(std::string_view spelling, TokenType type, float score,
                        const std::string& source, Vocabulary* vocabulary);

// GGUF's keys `tokenizer.*`.
TokenizerSpec ReadGgufTokenizer(const GgufMetadata& metadata);

// What stands beside a tokenizer in a directory: tokenizer_config.json,
// special_tokens_map.json, generation_config.json or config.json,
// chat_template.jinja. Files that are not there change nothing.
void ApplyNeighbourFiles(const std::string& dir, TokenizerSpec* spec);

// Collects a file's list of merges, in order, spelled in GPT-2's alphabet, once
// the vocabulary is whole.
class MergeListReader {
 public:
  // `key` names the list in errors.
  MergeListReader(std::string_view key, TokenizerSpec* spec);
  // "a b"; the alphabet has no space.
  void Add(std::string_view pair);
  void Add(std::string_view left, std::string_view right);

 private:
  std::string_view key_;
  TokenizerSpec* spec_;
  PieceIndex index_;
};

// Whether every model that has a special token of this name ends its replies
// with it.
bool IsEndTokenName(std::string_view name);

// The control token of this name, else any token of these bytes.
std::optional<int32_t> FindByName(const Vocabulary& vocabulary,
                                  std::string_view name);

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_TOKENIZER_READERS_H_
