#include "eval/encode.h"

#include <algorithm>

#include "base/error.h"
#include "eval/text.h"

namespace llamba {

RequestEncoder::RequestEncoder(Tokenizer tokenizer, int64_t max_length,
                               int64_t most)
    : tokenizer_(std::move(tokenizer)), max_length_(max_length), most_(most) {
  LLAMBA_ASSERT(max_length_ >= 1 && most_ >= max_length_);
}

std::vector<int32_t> RequestEncoder::Text(std::string_view text,
                                          bool with_bos) const {
  // A text that brings its begin token gets no second one.
  const bool bos = with_bos && tokenizer_.adds_bos() &&
                   !text.starts_with(tokenizer_.bos_token());
  return tokenizer_.Encode(text, {.add_bos = bos, .parse_special = true});
}

int32_t RequestEncoder::prefix_token() const {
  if (tokenizer_.bos_id()) return *tokenizer_.bos_id();
  if (tokenizer_.eos_id()) return *tokenizer_.eos_id();
  Fail(
      "{}: expected a token that begins or ends a text, to stand before the "
      "first one; found none",
      tokenizer_.spec().source);
}

ScoreRequest RequestEncoder::Window(std::span<const int32_t> ids) const {
  ScoreRequest request;
  request.ids = {prefix_token()};
  request.ids.insert(request.ids.end(), ids.begin(), ids.end());
  return request;
}

ScoreRequest RequestEncoder::Pair(const std::string& context,
                                  const std::string& continuation) const {
  ScoreRequest request;
  if (context.empty()) {
    const std::vector<int32_t> ids = Text(continuation, false);
    const int32_t prefix = prefix_token();
    if (ids.empty() || ids.front() != prefix) request.ids.push_back(prefix);
    request.ids.insert(request.ids.end(), ids.begin(), ids.end());
    request.first = 1;
  } else {
    request.ids = Text(context + continuation, true);
    request.first = Text(StripRight(context), true).size();
  }
  const auto most = static_cast<size_t>(max_length_) + 1;
  const size_t cut = request.ids.size() > most ? request.ids.size() - most : 0;
  request.ids.erase(request.ids.begin(),
                    request.ids.begin() + static_cast<ptrdiff_t>(cut));
  // Nothing stands before the very first token: it has no score.
  request.first = std::max<size_t>(request.first, cut + 1) - cut;
  return request;
}

}  // namespace llamba
