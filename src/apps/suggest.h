#ifndef LLAMBA_APPS_SUGGEST_H_
#define LLAMBA_APPS_SUGGEST_H_

#include <string>
#include <string_view>
#include <vector>

namespace llamba {

// Insertions, deletions, replacements and swaps of neighbours that turn one
// into the other (Damerau-Levenshtein, optimal string alignment).
int EditDistance(std::string_view a, std::string_view b);

// The candidate that `word` was most likely meant to be; empty where none is
// near enough (a third of its length, at least 1; a beginning counts as near).
std::string Nearest(std::string_view word,
                    const std::vector<std::string>& candidates);

// " Did you mean 'run'?", or empty.
std::string DidYouMean(std::string_view word,
                       const std::vector<std::string>& candidates);

}  // namespace llamba

#endif  // LLAMBA_APPS_SUGGEST_H_
