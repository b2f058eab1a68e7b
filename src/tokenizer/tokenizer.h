#ifndef LLAMBA_TOKENIZER_TOKENIZER_H_
#define LLAMBA_TOKENIZER_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/gguf.h"
#include "tokenizer/tokenizer_spec.h"
#include "tokenizer/utf8.h"

namespace llamba {

struct EncodeOptions {
  // Put the begin-of-text token first (where the tokenizer has one). Callers
  // that follow the model pass Tokenizer::adds_bos().
  bool add_bos = false;
  // Names of special tokens in the text become those tokens. Off for what users
  // write, on for what a chat template has put around it.
  bool parse_special = false;
};

// Text to token ids and back. Any bytes may be encoded and, where the
// vocabulary has a token for every byte (Llama-2, Llama-3), come back from
// Decode; what is no UTF-8 goes through byte tokens. A copy shares the tables.
// Immutable and thread-safe.
class Tokenizer {
 public:
  // Throws Error naming the source where ids lie outside the vocabulary.
  explicit Tokenizer(TokenizerSpec spec);

  std::vector<int32_t> Encode(std::string_view text,
                              const EncodeOptions& options) const;

  // The bytes that a token adds to a text: part of a character perhaps
  // (Utf8Stream puts them together). A special token's are its name. Ids
  // outside the vocabulary (padding of the model's) have none.
  std::string_view TokenBytes(int32_t id) const;
  // The text of all of them, without the space that SentencePiece put in front.
  std::string Decode(std::span<const int32_t> ids, bool skip_special) const;

  int32_t vocab_size() const;
  TokenType type(int32_t id) const;
  // Control and unknown tokens; false outside the vocabulary.
  bool IsSpecial(int32_t id) const;
  // The special token of this name or, failing that, the token of these bytes.
  std::optional<int32_t> FindToken(std::string_view text) const;

  std::optional<int32_t> bos_id() const;
  // The end token that templates call eos_token.
  std::optional<int32_t> eos_id() const;
  // Every token that ends a reply (end of text, of turn, of message),
  // ascending.
  const std::vector<int32_t>& end_tokens() const;
  bool IsEnd(int32_t id) const;
  // Whether the model wants its texts to start with bos.
  bool adds_bos() const;

  // Their names, for templates; empty where there is none.
  std::string_view bos_token() const;
  std::string_view eos_token() const;
  // Null where the model has no template of this name.
  const std::string* chat_template(const std::string& name = "default") const;

  // For writers.
  const TokenizerSpec& spec() const;
  const MergeTable& merges() const;

 private:
  struct Tables;
  std::shared_ptr<const Tables> tables_;
};

// `path`: a directory (tokenizer.json, else tokenizer.model; with
// tokenizer_config.json, generation_config.json or config.json, and
// chat_template.jinja where they are), one of these two files, with its
// neighbours, or a GGUF file. Throws Error naming the file and what it holds
// that this program does not know: models, normalizers and pre-tokenizers are
// refused by name, never guessed.
Tokenizer LoadTokenizer(const std::string& path);

// Throws Error naming `path` where a tokenizer gives `n_tokens` ids to a model
// of fewer rows of embedding.
void CheckTokenizerFits(int64_t n_tokens, int64_t n_rows,
                        const std::string& path);

// The keys `tokenizer.*`.
Tokenizer LoadTokenizerFromGguf(const GgufMetadata& metadata);

// Sets the keys `tokenizer.*` as llama.cpp's converter writes them. The model's
// `vocab_size` may exceed the tokenizer's: the rest becomes unused tokens
// "[PAD{id}]". Throws Error where it is smaller.
void WriteTokenizerMetadata(const Tokenizer& tokenizer, int64_t vocab_size,
                            GgufMetadata* metadata);

// Writes tokenizer.json (byte-level BPE) or tokenizer.model (SentencePiece),
// tokenizer_config.json with the chat template, and generation_config.json with
// the end tokens, into a directory that exists.
void WriteTokenizerFiles(const Tokenizer& tokenizer, const std::string& dir);

// For before the work: throws Error naming what another tokenizer left in `dir`
// (which need not exist) that would be read with these files or in their place.
void RefuseOtherTokenizerFiles(const Tokenizer& tokenizer,
                               const std::string& dir);

// "  9906  'Hello'", a line a token: what people read. Bytes outside printable
// ASCII and UTF-8 are escaped (\n, \xE2).
std::string FormatTokens(const Tokenizer& tokenizer,
                         std::span<const int32_t> ids);

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_TOKENIZER_H_
