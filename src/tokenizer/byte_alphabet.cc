#include "tokenizer/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "tokenizer/utf8.h"

namespace llamba {
namespace {

constexpr size_t kCharacters = 256 + 68;

struct Alphabet {
  std::array<std::string, 256> spelling;
  std::array<int16_t, kCharacters> byte_of;

  Alphabet() {
    byte_of.fill(-1);
    char32_t next = 256;
    for (int byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= '!' && byte <= '~') ||
                             (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
      const char32_t character =
          printable ? static_cast<char32_t>(byte) : next++;
      AppendUtf8(character, &spelling[byte]);
      byte_of[character] = static_cast<int16_t>(byte);
    }
  }
};

const Alphabet& TheAlphabet() {
  static const Alphabet alphabet;
  return alphabet;
}

}  // namespace

std::string BytesToAlphabet(std::string_view bytes) {
  const Alphabet& alphabet = TheAlphabet();
  std::string text;
  for (const char byte : bytes) {
    text += alphabet.spelling[static_cast<uint8_t>(byte)];
  }
  return text;
}

std::string AlphabetToBytes(std::string_view text) {
  const Alphabet& alphabet = TheAlphabet();
  std::string bytes;
  bytes.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Step step = DecodeUtf8(rest);
    if (step.status != Utf8Step::kComplete || step.value >= kCharacters ||
        alphabet.byte_of[step.value] < 0) {
      return std::string(text);
    }
    bytes.push_back(static_cast<char>(alphabet.byte_of[step.value]));
    rest.remove_prefix(step.length);
  }
  return bytes;
}

}  // namespace llamba
