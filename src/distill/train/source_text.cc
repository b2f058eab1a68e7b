#include "distill/train/source_text.h"

#include <cctype>

#include "base/error.h"
#include "base/parse_number.h"

namespace llamba::distill {

void ParseCut(const std::string& text, const std::string& where,
              const std::string& form, SourceRecipe* source) {
  const auto count = [&](const std::string& word, int64_t most,
                         const char* what) {
    const auto number = ParseNumber<int64_t>(word);
    if (!number || *number < 1 || *number > most) {
      Fail("{}: expected {}, {} from 1 to {}, found \"{}\"", where, form, what,
           most, word);
    }
    return *number;
  };
  const size_t times = text.find('x');
  source->document_tokens =
      count(text.substr(0, times), int64_t{1} << 30, "tokens");
  if (times != std::string::npos) {
    source->copies =
        count(text.substr(times + 1), SourceRecipe::kMostCopies, "copies");
  }
}

SourceRecipe ParseHeldOut(const std::string& text, const std::string& where) {
  const size_t colon = text.rfind(':');
  const std::string cut =
      colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool is_cut = !cut.empty() &&
                      std::isdigit(static_cast<unsigned char>(cut[0])) != 0 &&
                      cut.find_first_not_of("0123456789x") == std::string::npos;
  SourceRecipe source{{is_cut ? text.substr(0, colon) : text}};
  if (source.paths[0].empty()) Fail("{}: expected a path, found none", where);
  if (is_cut) ParseCut(cut, where, "PATH:TOKENSxCOPIES", &source);
  return source;
}

}  // namespace llamba::distill
