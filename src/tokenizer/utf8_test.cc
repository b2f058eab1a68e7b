#include "tokenizer/utf8.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace llamba {
namespace {

using std::string_literals::operator""s;

TEST(DecodeUtf8, TellsWholeCutAndWrongCharactersApart) {
  struct Case {
    std::string text;
    Utf8Step::Status status;
    size_t length;
    char32_t value;
  };
  // The wrong ones: Unicode 16, table 3-8 and its neighbours.
  const Case cases[] = {
      {"\0"s, Utf8Step::kComplete, 1, 0},
      {"\x7F", Utf8Step::kComplete, 1, 0x7F},
      {"\xC2\x80", Utf8Step::kComplete, 2, 0x80},
      {"\xDF\xBF", Utf8Step::kComplete, 2, 0x7FF},
      {"\xE0\xA0\x80", Utf8Step::kComplete, 3, 0x800},
      {"\xED\x9F\xBF", Utf8Step::kComplete, 3, 0xD7FF},
      {"\xEF\xBF\xBF", Utf8Step::kComplete, 3, 0xFFFF},
      {"\xF0\x90\x80\x80", Utf8Step::kComplete, 4, 0x10000},
      {"\xF4\x8F\xBF\xBF", Utf8Step::kComplete, 4, 0x10FFFF},
      {"\xC3", Utf8Step::kIncomplete, 1, 0},
      {"\xE2\x82", Utf8Step::kIncomplete, 2, 0},
      {"\xF0\x9F\x98", Utf8Step::kIncomplete, 3, 0},
      {"\x80", Utf8Step::kInvalid, 1, 0},
      {"\xC0\x80", Utf8Step::kInvalid, 1, 0},          // overlong
      {"\xE0\x9F\xBF", Utf8Step::kInvalid, 1, 0},      // overlong
      {"\xED\xA0\x80", Utf8Step::kInvalid, 1, 0},      // a surrogate
      {"\xF4\x90\x80\x80", Utf8Step::kInvalid, 1, 0},  // past U+10FFFF
      {"\xF5\x80\x80\x80", Utf8Step::kInvalid, 1, 0},
      {"\xE1\x80\xE2", Utf8Step::kInvalid, 2, 0},
      {"\xF1\x80\x80\x41", Utf8Step::kInvalid, 3, 0},
  };
  for (const Case& c : cases) {
    const Utf8Step step = DecodeUtf8(c.text);
    EXPECT_EQ(step.status, c.status) << c.text;
    EXPECT_EQ(step.length, c.length) << c.text;
    EXPECT_EQ(step.value, c.value) << c.text;
    if (c.status != Utf8Step::kComplete) continue;
    std::string again;
    AppendUtf8(c.value, &again);
    EXPECT_EQ(again, c.text);
  }
}

// Both parts through the stream, and what is left after them.
std::string InTwo(Utf8Stream stream, std::string_view bytes, size_t cut) {
  std::string text = stream.Feed(bytes.substr(0, cut));
  text += stream.Feed(bytes.substr(cut));
  return text + stream.Flush();
}

TEST(Utf8Stream, NeverCutsACharacter) {
  const std::string text = "a\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x98\x80z";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Utf8Stream stream;
    std::string first = stream.Feed(text.substr(0, cut));
    for (std::string_view rest = first; !rest.empty();) {
      const Utf8Step step = DecodeUtf8(rest);
      ASSERT_EQ(step.status, Utf8Step::kComplete) << "cut at " << cut;
      rest.remove_prefix(step.length);
    }
    EXPECT_EQ(InTwo(Utf8Stream(), text, cut), text);
  }
  Utf8Stream stream;
  std::string all;
  for (const char byte : text) all += stream.Feed({&byte, 1});
  EXPECT_EQ(all, text);
}

TEST(Utf8Stream, ReplacesOrKeepsWhatIsNoText) {
  // One U+FFFD for each longest start of a character (Unicode 16, table 3-8).
  const std::string bytes =
      "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64";
  const std::string mark = "\xEF\xBF\xBD";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(InTwo(Utf8Stream(), bytes, cut),
              "a" + mark + mark + mark + "b" + mark + "c" + mark + mark + "d");
    EXPECT_EQ(InTwo(Utf8Stream(Utf8Stream::Invalid::kKeep), bytes, cut), bytes);
  }
}

TEST(CheckUtf8, NamesTheByteThatIsWrong) {
  EXPECT_NO_THROW(CheckUtf8("", "a.txt"));
  EXPECT_NO_THROW(CheckUtf8("\xC3\xA9\xF0\x9F\x98\x80", "a.txt"));
  for (const char* wrong : {"\xC3\xA9\xFFx", "\xC3\xA9\xC3"}) {
    try {
      CheckUtf8(wrong, "a.txt");
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), "a.txt: invalid UTF-8 at byte 2"s);
    }
  }
}

TEST(Utf8Stream, FlushGivesTheRestAndStartsAnew) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Feed("x\xE2\x82"), "x");
  EXPECT_EQ(stream.Flush(), "\xEF\xBF\xBD");
  EXPECT_EQ(stream.Flush(), "");
  EXPECT_EQ(stream.Feed("y"), "y");
  Utf8Stream keeping(Utf8Stream::Invalid::kKeep);
  EXPECT_EQ(keeping.Feed("\xE2\x82"), "");
  EXPECT_EQ(keeping.Flush(), "\xE2\x82");
}

}  // namespace
}  // namespace llamba
