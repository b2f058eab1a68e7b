#ifndef LLAMBA_EVAL_ENCODE_H_
#define LLAMBA_EVAL_ENCODE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/logit_source.h"
#include "tokenizer/tokenizer.h"

namespace llamba {

// Texts to requests as lm-evaluation-harness makes them. Thread-safe.
class RequestEncoder {
 public:
  // `max_length`: tokens that the model is to read at a time, 1 or more;
  // `most`: that it can read at all.
  RequestEncoder(Tokenizer tokenizer, int64_t max_length, int64_t most);

  int64_t max_length() const { return max_length_; }
  int64_t most() const { return most_; }

  // White space at the end of the context belongs to the continuation; ids are
  // those of the whole, and what follows as many tokens as the context has by
  // itself is scored. An empty context becomes the prefix token. Of what is too
  // long the last max_length + 1 tokens are kept.
  ScoreRequest Pair(const std::string& context,
                    const std::string& continuation) const;

  // A piece of a text by itself: all of `ids` is scored, behind the prefix
  // token.
  ScoreRequest Window(std::span<const int32_t> ids) const;

  // A text by itself, the begin token first where the tokenizer puts one.
  std::vector<int32_t> Text(std::string_view text, bool with_bos) const;

  // Stands where nothing is before a text: begin of text, else end of text.
  // Throws Error where the tokenizer has neither.
  int32_t prefix_token() const;

 private:
  Tokenizer tokenizer_;
  int64_t max_length_;
  int64_t most_;
};

}  // namespace llamba

#endif  // LLAMBA_EVAL_ENCODE_H_
