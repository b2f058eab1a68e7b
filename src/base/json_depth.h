#ifndef LLAMBA_BASE_JSON_DEPTH_H_
#define LLAMBA_BASE_JSON_DEPTH_H_

#include <string>
#include <utility>

#include "base/error.h"

namespace llamba {

// What nlohmann's parser takes for a callback: throws Error, which begins with
// `where`, for a document that nests deeper than any of ours. The library
// parses any depth, but copies, compares and prints by recursion.
inline auto LimitJsonDepth(std::string where) {
  static constexpr int kDeepest = 100;
  return [where = std::move(where)](int depth, auto /*event*/,
                                    const auto& /*value*/) {
    if (depth > kDeepest) {
      Fail("{}: expected JSON nested {} deep at most, found deeper", where,
           kDeepest);
    }
    return true;
  };
}

}  // namespace llamba

#endif  // LLAMBA_BASE_JSON_DEPTH_H_
