#include "generate/stop_matcher.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace llamba {
namespace {

// The longest end of `text` that `stop` starts with.
size_t OverlapLength(std::string_view text, std::string_view stop) {
  size_t length = std::min(text.size(), stop.size() - 1);
  while (length > 0 && !text.ends_with(stop.substr(0, length))) --length;
  return length;
}

}  // namespace

StopMatcher::StopMatcher(std::vector<std::string> stops)
    : stops_(std::move(stops)) {
  for (const std::string& stop : stops_) {
    if (stop.empty()) Fail("stop string: expected text, found an empty one");
  }
}

std::string StopMatcher::Feed(std::string_view text) {
  if (stopped()) return "";
  held_ += text;
  size_t first = std::string::npos;
  for (const std::string& stop : stops_) {
    const size_t at = held_.find(stop);
    if (at < first) {
      first = at;
      match_ = stop;
    }
  }
  if (stopped()) return std::exchange(held_, "").substr(0, first);
  size_t keep = 0;
  for (const std::string& stop : stops_) {
    keep = std::max(keep, OverlapLength(held_, stop));
  }
  std::string shown = held_.substr(0, held_.size() - keep);
  held_.erase(0, shown.size());
  return shown;
}

std::string StopMatcher::Flush() { return std::exchange(held_, ""); }

}  // namespace llamba
