#ifndef LLAMBA_TOKENIZER_TOKENIZER_SPEC_H_
#define LLAMBA_TOKENIZER_TOKENIZER_SPEC_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tokenizer/merges.h"
#include "tokenizer/text_encoder.h"
#include "tokenizer/vocabulary.h"

namespace llamba {

enum class TokenizerFamily { kByteLevelBpe, kSentencePiece };

// What every file about a tokenizer says, in one form: readers fill it, the
// Tokenizer is made of it.
struct TokenizerSpec {
  std::string source;  // the file's path, for errors
  TokenizerFamily family = TokenizerFamily::kByteLevelBpe;
  Vocabulary vocabulary;

  // Byte-level BPE.
  ByteLevelOptions byte_level;
  std::vector<Merge> merges;

  // SentencePiece: a space goes in front of a text.
  bool add_space_prefix = true;

  // Whether a text starts with `bos` unless the caller says otherwise.
  bool add_bos = false;
  std::optional<int32_t> bos;
  // The end token that templates call eos_token.
  std::optional<int32_t> eos;
  // All that end a reply: end of text, of turn, of message. Includes `eos` once
  // a Tokenizer is made of it.
  std::vector<int32_t> end_tokens;

  // Jinja, by name; the one that chats use is "default".
  std::map<std::string, std::string> chat_templates;
};

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_TOKENIZER_SPEC_H_
