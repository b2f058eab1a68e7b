#ifndef LLAMBA_GENERATE_STOP_MATCHER_H_
#define LLAMBA_GENERATE_STOP_MATCHER_H_

#include <string>
#include <string_view>
#include <vector>

namespace llamba {

// Finds the first of several stop strings in a stream of text, however it is
// cut, and never lets any part of it through: what may still become one is held
// back. One stream a text.
class StopMatcher {
 public:
  // Throws Error where one is empty.
  explicit StopMatcher(std::vector<std::string> stops);

  // The text that may be shown now. After a match: what stood before it, and
  // nothing any more.
  std::string Feed(std::string_view text);
  // The text ends here: what was held back.
  std::string Flush();

  bool stopped() const { return !match_.empty(); }
  // The stop string that was found; empty before.
  const std::string& match() const { return match_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  std::string match_;
};

}  // namespace llamba

#endif  // LLAMBA_GENERATE_STOP_MATCHER_H_
