#include "apps/text_windows.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "eval/text.h"
#include "tokenizer/utf8.h"

namespace llamba {

std::vector<std::vector<int32_t>> TextWindows(const Tokenizer& tokenizer,
                                              const std::string& text,
                                              int64_t window, int64_t limit,
                                              const std::string& where) {
  CheckUtf8(text, where);
  const auto prefix =
      tokenizer.bos_id() ? tokenizer.bos_id() : tokenizer.eos_id();
  if (!prefix) {
    Fail("{}: the tokenizer has no token that begins or ends a text", where);
  }
  std::vector<int32_t> ids =
      tokenizer.Encode(ReplaceAll(text, "<|end_of_text|>", "\n\n"), {});
  if (ids.empty()) Fail("{}: expected a text, found none", where);
  if (limit > 0 && limit < static_cast<int64_t>(ids.size())) {
    ids.resize(static_cast<size_t>(limit));
  }
  std::vector<std::vector<int32_t>> windows;
  const auto step = static_cast<size_t>(window - 1);
  for (size_t at = 0; at < ids.size(); at += step) {
    const size_t n = std::min(step, ids.size() - at);
    std::vector<int32_t>& ours = windows.emplace_back(1, *prefix);
    ours.insert(ours.end(), ids.begin() + static_cast<ptrdiff_t>(at),
                ids.begin() + static_cast<ptrdiff_t>(at + n));
  }
  return windows;
}

std::vector<std::vector<int32_t>> SpreadWindows(
    std::vector<std::vector<int32_t>> windows, int64_t limit) {
  if (limit == 0 || TokensIn(windows) <= limit) return windows;
  const auto step = static_cast<int64_t>(windows[0].size()) - 1;
  const auto n = static_cast<size_t>((limit + step - 1) / step);
  for (size_t i = 0; i < n; ++i) {
    std::swap(windows[i], windows[i * windows.size() / n]);
  }
  windows.resize(n);
  const auto beyond = static_cast<size_t>(TokensIn(windows) - limit);
  windows.back().resize(windows.back().size() - beyond);
  return windows;
}

void CheckWindowsFit(const std::vector<std::vector<int32_t>>& windows,
                     const ModelConfig& config, const std::string& path) {
  const auto longest = static_cast<int64_t>(windows.at(0).size());
  if (!config.HasMixer(MixerKind::kAttention) ||
      longest <= config.context_length) {
    return;
  }
  Fail("--window: {}: expected {} (its context length) at most, found {}", path,
       config.context_length, longest);
}

int64_t TokensIn(const std::vector<std::vector<int32_t>>& windows) {
  int64_t n = 0;
  for (const auto& window : windows) {
    n += static_cast<int64_t>(window.size()) - 1;
  }
  return n;
}

}  // namespace llamba
