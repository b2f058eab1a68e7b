#include <fmt/format.h>

#include "tokenizer/tokenizer.h"

namespace llamba {
namespace {

// The bytes in quotes: printable characters as they are, the rest escaped.
std::string Quoted(std::string_view bytes) {
  std::string text = "'";
  while (!bytes.empty()) {
    const Utf8Step step = DecodeUtf8(bytes);
    const std::string_view part = bytes.substr(0, step.length);
    const auto byte = static_cast<uint8_t>(part[0]);
    if (byte == '\n') {
      text += "\\n";
    } else if (byte == '\\' || byte == '\'') {
      text += '\\';
      text += part;
    } else if (step.status != Utf8Step::kComplete || byte < 0x20 ||
               byte == 0x7F) {
      for (const char c : part) {
        text += fmt::format("\\x{:02X}", static_cast<uint8_t>(c));
      }
    } else {
      text += part;
    }
    bytes.remove_prefix(step.length);
  }
  return text + "'";
}

}  // namespace

std::string FormatTokens(const Tokenizer& tokenizer,
                         std::span<const int32_t> ids) {
  std::string text;
  for (const int32_t id : ids) {
    text += fmt::format("{:>7}  {}{}\n", id, Quoted(tokenizer.TokenBytes(id)),
                        tokenizer.IsSpecial(id) ? "  (special)" : "");
  }
  return text;
}

}  // namespace llamba
