#include "distill/data/document_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "distill/data/data_testing.h"

namespace llamba::distill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Texts(DocumentReader& reader) {
  std::vector<std::string> texts;
  while (const auto document = reader.Next()) {
    texts.push_back(document->messages_json.empty() ? document->text
                                                    : document->messages_json);
  }
  return texts;
}

std::vector<std::string> Read(const std::string& path) {
  DocumentReader reader(path, "<|end|>");
  return Texts(reader);
}

TEST(DocumentReader, PartsTextAtTheSeparator) {
  const TemporaryFolder folder;
  EXPECT_THAT(Read(folder.Write("a.txt",
                                "one\n\ntwo\n<|end|>\n<|end|> \n<|end|>"
                                "\n three <|end|four\n")),
              ElementsAre("one\n\ntwo", " three <|end|four"));
  EXPECT_THAT(Read(folder.Write("empty.txt", "")), IsEmpty());
  EXPECT_THAT(Read(folder.Write("none.txt", "no separator")),
              ElementsAre("no separator"));
}

// Reads are of 2^20 bytes: put a separator over every place of that boundary.
TEST(DocumentReader, FindsASeparatorThatTwoReadsShare) {
  const TemporaryFolder folder;
  for (size_t before = (1 << 20) - 8; before <= 1 << 20; ++before) {
    const std::string first(before, 'a');
    DocumentReader reader(folder.Write("a.txt", first + "<|end|>b"), "<|end|>");
    const auto texts = Texts(reader);
    ASSERT_EQ(texts.size(), 2U) << before;
    EXPECT_EQ(texts[0], first);
    EXPECT_EQ(texts[1], "b");
    EXPECT_EQ(reader.bytes_read(), static_cast<int64_t>(before) + 8);
  }
}

TEST(DocumentReader, TakesTextAndMessagesOfJsonLines) {
  const TemporaryFolder folder;
  EXPECT_THAT(
      Read(folder.Write("a.jsonl",
                        "{\"text\": \"a\\nb\", \"id\": 3}\n\n{\"text\": \"\"}\n"
                        "{\"messages\": [{\"role\": \"user\"}]}\r\n"
                        "{\"text\": \"<|end|>\"}")),
      ElementsAre("a\nb", R"([{"role":"user"}])", "<|end|>"));
}

TEST(DocumentReader, SaysWhereADocumentStands) {
  const TemporaryFolder folder;
  const auto last = [&](const std::string& name, const std::string& content) {
    DocumentReader reader(folder.Write(name, content), "<|end|>");
    std::string where;
    while (const auto document = reader.Next()) where = document->where;
    return where;
  };
  EXPECT_EQ(last("a.txt", "one<|end|> <|end|>two"),
            (folder / "a.txt") + ": document 2");
  EXPECT_EQ(last("a.jsonl", "{\"text\": \"a\"}\n\n{\"text\": \"b\"}"),
            (folder / "a.jsonl") + ": line 3");
}

TEST(DocumentReader, NamesTheLineThatIsWrong) {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& line) {
    const std::string path =
        folder.Write("bad.jsonl", "{\"text\": \"a\"}\n\n" + line + "\n");
    return ErrorOf([&] { Read(path); });
  };
  EXPECT_THAT(error("{\"text\": "), HasSubstr("bad.jsonl: line 3"));
  EXPECT_THAT(error("[1]"), HasSubstr("line 3: expected a JSON object"));
  constexpr int kDepth = 500'000;
  EXPECT_THAT(error("{\"messages\": [{\"role\": " + std::string(kDepth, '[') +
                    std::string(kDepth, ']') + "}]}"),
              HasSubstr("line 3: expected JSON nested 100 deep"));
  EXPECT_THAT(error("{\"txt\": \"a\"}"),
              HasSubstr("line 3: expected a string"));
  EXPECT_THAT(error("{\"text\": 1}"), HasSubstr("line 3: expected a string"));
  EXPECT_THAT(error("{\"messages\": \"hi\"}"),
              HasSubstr("line 3: messages: expected an array, found string"));
  EXPECT_THAT(error("{\"messages\": []}"),
              HasSubstr("line 3: messages: expected a message or more"));
}

TEST(DocumentReader, RefusesWhatItCannotOpen) {
  const TemporaryFolder folder;
  EXPECT_THAT(ErrorOf([&] { Read(folder / "absent"); }), HasSubstr("absent"));
  EXPECT_THAT(ErrorOf([&] { Read(folder / "."); }), HasSubstr("directory"));
  EXPECT_THAT(ErrorOf([&] { DocumentReader("-", ""); }),
              HasSubstr("separator is empty"));
}

}  // namespace
}  // namespace llamba::distill
