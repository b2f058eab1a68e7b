#ifndef LLAMBA_TOKENIZER_PRE_TOKENIZER_H_
#define LLAMBA_TOKENIZER_PRE_TOKENIZER_H_

#include <optional>
#include <string>
#include <string_view>

#include "tokenizer/unicode_class.h"

namespace llamba {

// How byte-level BPE cuts a text before merging: no merge crosses a cut.
enum class PreTokenizer {
  kGpt2,
  kLlama3,
  kSmolLm,  // every number character alone, GPT-2's pattern between them
};

// The patterns as the models' own files spell them.
inline constexpr std::string_view kGpt2Pattern =
    R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// GGUF's `tokenizer.ggml.pre`: "gpt-2", "llama-bpe", "smollm".
std::string_view PreTokenizerName(PreTokenizer pre);
// The reverse, other spellings that llama.cpp knows included.
std::optional<PreTokenizer> ParsePreTokenizer(std::string_view name);
// "gpt-2, llama-bpe, smollm", for errors.
std::string KnownPreTokenizers();

// Walks through the pieces of a text; together they are the text. Matched by
// hand (the patterns hardly change and a regular expression is several times
// slower). A byte that is no UTF-8 counts as a character of class kOther.
class PreTokenCursor {
 public:
  // `text` outlives the cursor.
  PreTokenCursor(PreTokenizer pre, std::string_view text);

  // False at the end of the text.
  bool Next(std::string_view* piece);

 private:
  const char* NumberFreeEnd(const char* at) const;

  const PreTokenizer pre_;
  const ClassTable& classes_;
  const char* at_;
  const char* const end_;
  const char* segment_end_;  // kSmolLm: the next number character
};

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_PRE_TOKENIZER_H_
