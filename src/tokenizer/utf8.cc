#include "tokenizer/utf8.h"

#include <cstdint>

#include "base/error.h"

namespace llamba {
namespace {

// Bytes that a lead byte announces; 0 where it is none.
size_t AnnouncedLength(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

// Whether `byte` may be byte number `i` (from 1) after `lead`. Only the second
// byte is narrower than 80..BF: it excludes overlong forms, surrogates and what
// lies past U+10FFFF.
bool MayFollow(uint8_t lead, size_t i, uint8_t byte) {
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (i == 1) {
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  return byte >= low && byte <= high;
}

}  // namespace

Utf8Step DecodeUtf8(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return {Utf8Step::kComplete, 1, lead};
  const size_t length = AnnouncedLength(lead);
  if (length == 0) return {Utf8Step::kInvalid, 1, 0};
  char32_t value = lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {Utf8Step::kIncomplete, i, 0};
    const auto byte = static_cast<uint8_t>(text[i]);
    if (!MayFollow(lead, i, byte)) return {Utf8Step::kInvalid, i, 0};
    value = value << 6 | (byte & 0x3F);
  }
  return {Utf8Step::kComplete, length, value};
}

void CheckUtf8(std::string_view text, const std::string& what) {
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = DecodeUtf8(text.substr(at));
    if (step.status != Utf8Step::kComplete) {
      Fail("{}: invalid UTF-8 at byte {}", what, at);
    }
    at += step.length;
  }
}

void AppendUtf8(char32_t value, std::string* text) {
  const auto put = [text](uint32_t byte) {
    text->push_back(static_cast<char>(byte));
  };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | value >> 6);
    put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | value >> 12);
    put(0x80 | (value >> 6 & 0x3F));
    put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | value >> 18);
    put(0x80 | (value >> 12 & 0x3F));
    put(0x80 | (value >> 6 & 0x3F));
    put(0x80 | (value & 0x3F));
  }
}

std::string Utf8Stream::Feed(std::string_view bytes) {
  pending_.append(bytes);
  std::string text;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const Utf8Step step = DecodeUtf8(rest);
    if (step.status == Utf8Step::kIncomplete) break;
    const std::string_view taken = rest.substr(0, step.length);
    if (step.status == Utf8Step::kComplete) {
      text.append(taken);
    } else {
      AppendInvalid(taken, &text);
    }
    rest.remove_prefix(step.length);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return text;
}

std::string Utf8Stream::Flush() {
  std::string text;
  if (!pending_.empty()) AppendInvalid(pending_, &text);
  pending_.clear();
  return text;
}

void Utf8Stream::AppendInvalid(std::string_view bytes,
                               std::string* text) const {
  if (invalid_ == Invalid::kKeep) {
    text->append(bytes);
  } else {
    AppendUtf8(0xFFFD, text);
  }
}

}  // namespace llamba
