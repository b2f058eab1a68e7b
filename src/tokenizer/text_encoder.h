#ifndef LLAMBA_TOKENIZER_TEXT_ENCODER_H_
#define LLAMBA_TOKENIZER_TEXT_ENCODER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/merges.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/vocabulary.h"

namespace llamba {

// Text without special tokens -> ids. Any bytes are accepted. Immutable and
// thread-safe.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;
  // Appends to `ids`.
  virtual void Encode(std::string_view text,
                      std::vector<int32_t>* ids) const = 0;
};

struct ByteLevelOptions {
  PreTokenizer pre = PreTokenizer::kGpt2;
  // A piece that is a token is taken whole, even where merging would not lead
  // to it (Llama-3, tiktoken).
  bool ignore_merges = false;
  // What stands for a byte that no token has; without it such a byte is
  // dropped, as in `tokenizers` (SmolLM2 lacks 21 of them).
  std::optional<int32_t> unknown;
  bool fuse_unknown = false;  // one for a run of them
};

// Byte-level BPE (Radford et al. 2019, section 2.2). `vocabulary` and `merges`
// outlive the encoder.
std::unique_ptr<TextEncoder> NewByteLevelEncoder(
    const Vocabulary& vocabulary, const MergeTable& merges,
    const ByteLevelOptions& options);

// SentencePiece's BPE (Kudo and Richardson 2018) with byte fallback: the best
// scored pair first, over the whole text. `add_space_prefix` puts a space in
// front of a text that is not empty. A character without a piece, and U+2581,
// which would come back as a space, go through their bytes' tokens. Throws
// Error naming `source` where there is no unknown token to fall back on.
std::unique_ptr<TextEncoder> NewSentencePieceEncoder(
    const Vocabulary& vocabulary, bool add_space_prefix,
    const std::string& source);

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_TEXT_ENCODER_H_
