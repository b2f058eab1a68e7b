#include "tokenizer/json_writer.h"

#include <fmt/format.h>

#include "tokenizer/utf8.h"

namespace llamba {

std::string JsonQuoted(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const Utf8Step step = DecodeUtf8(text);
    const std::string_view part = text.substr(0, step.length);
    const auto byte = static_cast<uint8_t>(part[0]);
    if (step.status != Utf8Step::kComplete) {
      AppendUtf8(0xFFFD, &quoted);
    } else if (byte == '"' || byte == '\\') {
      quoted += '\\';
      quoted += part;
    } else if (byte < 0x20) {
      quoted += fmt::format("\\u{:04x}", byte);
    } else {
      quoted += part;
    }
    text.remove_prefix(step.length);
  }
  return quoted + "\"";
}

}  // namespace llamba
