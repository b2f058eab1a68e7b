#include "apps/typed_path.h"

#include <cstdlib>

namespace llamba {
namespace {

bool IsQuoted(std::string_view text, char quote) {
  return text.size() >= 2 && text.front() == quote && text.back() == quote;
}

std::string WithoutBackslashes(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

}  // namespace

std::string TypedPath(std::string_view text) {
  if (IsQuoted(text, '\'')) return std::string(text.substr(1, text.size() - 2));
  if (IsQuoted(text, '"')) {
    return WithoutBackslashes(text.substr(1, text.size() - 2));
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || !text.starts_with("~/")) {
    return WithoutBackslashes(text);
  }
  return home + WithoutBackslashes(text.substr(1));
}

}  // namespace llamba
