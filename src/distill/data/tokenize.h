#ifndef LLAMBA_DISTILL_DATA_TOKENIZE_H_
#define LLAMBA_DISTILL_DATA_TOKENIZE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "tokenizer/tokenizer.h"

namespace llamba::distill {

// Tells vocabularies apart: FNV-1a of the size and of every token's bytes.
uint64_t VocabularyHash(const Tokenizer& tokenizer);

// The token that ends a document: the tokenizer's end of text, as the teacher
// was trained with. Throws Error where there is none.
int32_t DocumentEndToken(const Tokenizer& tokenizer);

struct TokenizeOptions {
  std::vector<std::string> inputs;  // files; "-" is standard input
  std::string output;               // folder, made where absent
  std::string separator = "<|end_of_text|>";
  int64_t shard_tokens = int64_t{1} << 27;
};

struct TokenizeResult {
  int64_t n_documents = 0, n_tokens = 0, n_bytes = 0, n_shards = 0;
};

// Writes `output`/NNNNN.tokens (token_shard.h), in parallel over documents and
// in their order, whatever the number of threads. Shows progress; stops cleanly
// (Error) when interrupted, leaving whole shards or nothing. Throws Error for
// inputs without a document, for what is no UTF-8, and where `output` holds
// shards.
TokenizeResult TokenizeFiles(const Tokenizer& tokenizer,
                             const TokenizeOptions& options, ThreadPool& pool);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_DATA_TOKENIZE_H_
