#include "tokenizer/pre_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace llamba {
namespace {

using testing::ElementsAre;

std::vector<std::string> Pieces(PreTokenizer pre, std::string_view text) {
  std::vector<std::string> pieces;
  PreTokenCursor cursor(pre, text);
  for (std::string_view piece; cursor.Next(&piece);) {
    pieces.emplace_back(piece);
  }
  return pieces;
}

TEST(PreTokenizer, Llama3) {
  const auto cut = [](std::string_view text) {
    return Pieces(PreTokenizer::kLlama3, text);
  };
  EXPECT_THAT(cut(""), ElementsAre());
  EXPECT_THAT(cut("I'm they'LL don't'd'x"),
              ElementsAre("I", "'m", " they", "'LL", " don", "'t", "'d", "'x"));
  EXPECT_THAT(cut("a 1234567 (b)"),
              ElementsAre("a", " ", "123", "456", "7", " (", "b", ")"));
  EXPECT_THAT(cut("x  \n \n  y"), ElementsAre("x", "  \n \n", " ", " y"));
  EXPECT_THAT(cut("end.\r\n\n  "), ElementsAre("end", ".\r\n\n", "  "));
  EXPECT_THAT(cut("(paren) \tx\t\ty"),
              ElementsAre("(paren", ")", " ", "\tx", "\t", "\ty"));
  // U+017F is an s to a pattern that ignores case.
  EXPECT_THAT(cut("a'\u017F b"), ElementsAre("a", "'\u017F", " b"));
}

TEST(PreTokenizer, Gpt2) {
  const auto cut = [](std::string_view text) {
    return Pieces(PreTokenizer::kGpt2, text);
  };
  EXPECT_THAT(cut("I'm they'LL 1234 x!?"),
              ElementsAre("I", "'m", " they", "'", "LL", " 1234", " x", "!?"));
  EXPECT_THAT(cut("x  \n y  "), ElementsAre("x", "  \n", " y", "  "));
}

TEST(PreTokenizer, SmolLmCutsEveryDigit) {
  EXPECT_THAT(
      Pieces(PreTokenizer::kSmolLm, "ab  12 x3\u00BD y's"),
      ElementsAre("ab", "  ", "1", "2", " x", "3", "\u00BD", " y", "'s"));
}

TEST(PreTokenizer, SpaceIsUnicodesWhiteSpace) {
  for (const PreTokenizer pre : {PreTokenizer::kGpt2, PreTokenizer::kLlama3}) {
    // U+0085, U+00A0 and U+3000 are in it; U+180E and U+200B are not.
    EXPECT_THAT(Pieces(pre, "!\u0085\u00A0\u3000"),
                ElementsAre("!", "\u0085\u00A0\u3000"));
    EXPECT_THAT(Pieces(pre, "!\u180E\u200B"), ElementsAre("!\u180E\u200B"));
  }
}

TEST(PreTokenizer, PiecesOfAnyBytesAreTheText) {
  std::string text;
  for (int i = 0; i < 20000; ++i) {
    text.push_back(static_cast<char>(i * 2654435761u >> 13));
  }
  for (const PreTokenizer pre :
       {PreTokenizer::kGpt2, PreTokenizer::kLlama3, PreTokenizer::kSmolLm}) {
    std::string joined;
    for (const std::string& piece : Pieces(pre, text)) {
      ASSERT_FALSE(piece.empty());
      joined += piece;
    }
    EXPECT_EQ(joined, text);
  }
}

TEST(PreTokenizer, NamesGoBothWays) {
  for (const PreTokenizer pre :
       {PreTokenizer::kGpt2, PreTokenizer::kLlama3, PreTokenizer::kSmolLm}) {
    EXPECT_EQ(ParsePreTokenizer(PreTokenizerName(pre)), pre);
  }
  EXPECT_EQ(ParsePreTokenizer("qwen2"), std::nullopt);
  EXPECT_EQ(KnownPreTokenizers(), "gpt-2, llama-bpe, smollm");
}

TEST(ClassTable, HasTheWholeOfUnicode) {
  const ClassTable& table = ClassTable::Get();
  const auto expect = [&](char32_t value, CharClass expected) {
    EXPECT_EQ(table.Find(value), expected) << std::hex << uint32_t{value};
  };
  expect('a', CharClass::kLetter);
  expect('5', CharClass::kNumber);
  expect(0x0301, CharClass::kOther);  // a combining mark
  expect(0x2163, CharClass::kNumber);
  expect(0x4E00, CharClass::kLetter);
  expect(0x9FFF, CharClass::kLetter);
  expect(0x180E, CharClass::kOther);
  expect(0x2028, CharClass::kSpace);
  expect(0x1F600, CharClass::kOther);
  expect(0x10D4A, CharClass::kLetter);  // new in Unicode 16
  expect(0x10FFFF, CharClass::kOther);
}

}  // namespace
}  // namespace llamba
