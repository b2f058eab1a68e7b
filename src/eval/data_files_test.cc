// What is wrong in a file of data is named with file and line.
#include "eval/data_files.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "eval/tasks/all.h"

namespace llamba {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;
using testing::ThrowsMessage;

class DataFilesTest : public testing::Test {
 protected:
  DataFilesTest()
      : folder_(testing::TempDir() + "data_files_test/" +
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  auto Reading(const Task& task) const {
    return [this, task] { ReadItems(task, folder_); };
  }

  std::string folder_;
};

TEST_F(DataFilesTest, MissingFilesAreNamed) {
  EXPECT_THAT(Reading(Copa()), ThrowsMessage<Error>(AllOf(
                                   HasSubstr("task copa: no data in"),
                                   HasSubstr("copa.jsonl, COPA/val.jsonl"))));
  folder_ += "/nowhere";
  EXPECT_THAT(Reading(Copa()),
              ThrowsMessage<Error>(HasSubstr("no such directory")));
}

TEST_F(DataFilesTest, BrokenLinesAreNamed) {
  Write("copa.jsonl", "{}\r\n\r\n{\"premise\": ");
  EXPECT_THAT(
      Reading(Copa()),
      ThrowsMessage<Error>(HasSubstr("copa.jsonl: line 3: expected a JSON")));
  Write("copa.jsonl", "{}\n7\n");
  EXPECT_THAT(Reading(Copa()),
              ThrowsMessage<Error>(HasSubstr(
                  "copa.jsonl: line 2: expected an object, found 7")));
  constexpr int kDepth = 500'000;
  Write("copa.jsonl", std::string(kDepth, '[') + std::string(kDepth, ']'));
  EXPECT_THAT(Reading(Copa()),
              ThrowsMessage<Error>(HasSubstr(
                  "copa.jsonl: line 1: expected JSON nested 100 deep")));
}

TEST_F(DataFilesTest, TablesOfUnequalRowsAreRefused) {
  Write("rte.tsv", "sentence1\tsentence2\tlabel\na\tb\t0\na\tb\n");
  EXPECT_THAT(Reading(Rte()),
              ThrowsMessage<Error>(
                  HasSubstr("rte.tsv: line 3: expected 3 fields, found 2")));
  std::filesystem::create_directories(folder_ + "/test");
  Write("test/anatomy_test.csv", "\"a\n\nb\",1,2,3,4,A\n\"b,1,2,3,4,A\n");
  EXPECT_THAT(Reading(Mmlu()),
              ThrowsMessage<Error>(HasSubstr(
                  "anatomy_test.csv: line 4: a quoted field without an end")));
}

TEST_F(DataFilesTest, LabelsMustBeAsManyAsItems) {
  Write("piqa.jsonl", "{}\n{}\n");
  Write("piqa-labels.lst", "0\n");
  EXPECT_THAT(Reading(Piqa()),
              ThrowsMessage<Error>(HasSubstr(
                  "piqa-labels.lst: expected 2 labels, one an item, found 1")));
}

TEST_F(DataFilesTest, LineEndsOfOtherSystemsAndNamesOfColumns) {
  Write("cola.tsv", "source\tlabel\tmark\tsentence\r\nx\t1\t\tIt is.\r\n");
  const auto records = ReadItems(Cola(), folder_);
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].Text("sentence"), "It is.");
}

}  // namespace
}  // namespace llamba
