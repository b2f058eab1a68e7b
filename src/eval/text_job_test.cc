#include "eval/text_job.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

#include "base/error.h"
#include "eval/long_context.h"

namespace llamba {
namespace {

using testing::ElementsAreArray;
using testing::SizeIs;

using Ids = std::vector<int32_t>;

constexpr const char* kTokenizer =
    LLAMBA_SOURCE_DIR "/tests/data/stories260k.gguf";
constexpr const char* kText =
    "Once upon a time there was a little girl named Lily who loved to play.";

Ids Slice(const Ids& ids, size_t begin, size_t end) {
  return {ids.begin() + static_cast<ptrdiff_t>(begin),
          ids.begin() + static_cast<ptrdiff_t>(end)};
}

// lm_eval.utils.get_rolling_token_windows over 10 tokens (0 to 9) with windows
// of 4 and a prefix P says: P | 0 1 2 3, then 3 | 4 5 6 7, then 5 6 7 | 8 9.
TEST(TextJobTest, WindowsOfTheHarness) {
  const Tokenizer tokenizer = LoadTokenizer(kTokenizer);
  const Ids ids = RequestEncoder(tokenizer, 4, 4).Text(kText, true);
  // The longest length of windows that leaves two tokens for the last, as 4
  // does of 10.
  size_t length = ids.size() / 2;
  while (ids.size() % length != 2) --length;
  ASSERT_GE(length, 4u);
  const auto signed_length = static_cast<int64_t>(length);
  const RequestEncoder encoder(tokenizer, signed_length, signed_length);
  const auto windows = CutText(kText, encoder, TextWindows::kHarness);
  ASSERT_THAT(windows, SizeIs(ids.size() / length + 1));
  Ids first = {encoder.prefix_token()};
  first.insert(first.end(), ids.begin(),
               ids.begin() + static_cast<ptrdiff_t>(length));
  EXPECT_EQ(windows[0].ids, first);
  EXPECT_EQ(windows[0].first, 1u);
  // One token before, `length` new ones.
  EXPECT_EQ(windows[1].ids, Slice(ids, length - 1, 2 * length));
  EXPECT_EQ(windows[1].first, 1u);
  // Filled up to the left: length + 1 tokens, the last two of them new.
  EXPECT_EQ(windows.back().ids,
            Slice(ids, ids.size() - length - 1, ids.size()));
  EXPECT_EQ(windows.back().first, length - 1);
}

TEST(TextJobTest, OwnWindowsBeginWithThePrefixEach) {
  const RequestEncoder encoder(LoadTokenizer(kTokenizer), 8, 8);
  const Ids ids = encoder.Text(kText, false);
  Ids joined;
  for (const ScoreRequest& window :
       CutText(kText, encoder, TextWindows::kOwn)) {
    EXPECT_EQ(window.ids.front(), encoder.prefix_token());
    EXPECT_EQ(window.first, 1u);
    EXPECT_LE(window.ids.size(), 8u);
    joined.insert(joined.end(), window.ids.begin() + 1, window.ids.end());
  }
  EXPECT_THAT(joined, ElementsAreArray(ids));
}

TEST(TextJobTest, PerplexitiesByTokenWordAndByte) {
  const std::string path = testing::TempDir() + "text_job_test.txt";
  std::ofstream(path) << "one two  three<|end_of_text|>four";
  const Job job = MakeTextJob(path, TextWindows::kOwn);
  EXPECT_EQ(job.name, "text_job_test");
  const RequestEncoder encoder(LoadTokenizer(kTokenizer), 1024, 1024);
  const auto requests = job.requests(encoder);
  ASSERT_THAT(requests, SizeIs(1));
  const size_t tokens = requests[0].ids.size() - 1;
  const SequenceScore score{-8, false, std::vector<float>(tokens)};
  const TaskResult result = job.summarize(requests, {score}).front();
  // "one two  three\n\nfour": 4 words, 20 bytes.
  EXPECT_DOUBLE_EQ(result.Find("word_perplexity")->value, std::exp(8.0 / 4));
  EXPECT_DOUBLE_EQ(result.Find("byte_perplexity")->value, std::exp(8.0 / 20));
  EXPECT_NEAR(result.Find("bits_per_byte")->value, 8.0 / 20 / std::log(2.0),
              1e-12);
  EXPECT_DOUBLE_EQ(result.Find("token_perplexity")->value,
                   std::exp(8.0 / static_cast<double>(tokens)));
}

TEST(TextJobTest, RefusesWhatIsNoUtf8) {
  const std::string path = testing::TempDir() + "bad_text.txt";
  std::ofstream(path) << "ab\xff";
  EXPECT_THAT(
      [&] { MakeTextJob(path, TextWindows::kOwn); },
      testing::ThrowsMessage<Error>(path + ": invalid UTF-8 at byte 2"));
}

TEST(LongContextTest, PerplexityByPosition) {
  const std::string path = testing::TempDir() + "position_test.txt";
  std::string text;
  for (int i = 0; i < 40; ++i) text += kText;
  std::ofstream(path) << text;
  LongContextOptions options;
  options.tokens = 301;
  options.trials = 2;
  const Job job = MakePositionJob(path, options);
  const RequestEncoder encoder(LoadTokenizer(kTokenizer), 512, 4096);
  const auto requests = job.requests(encoder);
  ASSERT_THAT(requests, SizeIs(2));
  ASSERT_THAT(requests[0].ids, SizeIs(301));
  // A nat a token up to the 127th, two from there, three from the 256th.
  SequenceScore score;
  for (int i = 1; i <= 300; ++i) {
    score.log_probs.push_back(i < 128 ? -1.0f : i < 256 ? -2.0f : -3.0f);
  }
  const auto results = job.summarize(requests, {score, score});
  ASSERT_THAT(results, SizeIs(4));
  EXPECT_FALSE(results[0].is_benchmark);
  const int64_t lasts[] = {0, 127, 255, 300};
  const int64_t sizes[] = {600, 2 * 127, 2 * 128, 2 * 45};
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].items, sizes[i]) << i;
    EXPECT_EQ(results[i].context_tokens, lasts[i]) << i;
    if (i == 0) continue;
    EXPECT_NEAR(results[i].figures[0].value, std::exp(static_cast<double>(i)),
                1e-9);
  }
}

// Five facts, each asked for with five words: the right one's sum decides.
TEST(LongContextTest, FactsAreAskedForByDepth) {
  LongContextOptions options;
  options.tokens = 1024;
  options.trials = 1;
  const Job job = MakeNeedleJob("", options);
  const RequestEncoder encoder(LoadTokenizer(kTokenizer), 2048, 2048);
  const auto requests = job.requests(encoder);
  ASSERT_THAT(requests, SizeIs(25));
  for (const ScoreRequest& request : requests) {
    EXPECT_GE(request.first, 1024u);
    EXPECT_LE(request.first, 1024u + 64);
    EXPECT_GT(request.ids.size(), request.first);
  }
  // Facts at 0 and 25 % are found, the others are not.
  std::vector<SequenceScore> scores(25, {-2, false, {}});
  for (const size_t depth : {0, 1}) scores[depth * 5 + depth] = {-1, true, {}};
  for (const size_t depth : {2, 3, 4}) scores[depth * 5] = {-1, false, {}};
  const auto results = job.summarize(requests, scores);
  ASSERT_THAT(results, SizeIs(7));  // kv, 1,024 tokens, five depths
  EXPECT_DOUBLE_EQ(results[1].Find("acc")->value, 0.4);
  EXPECT_DOUBLE_EQ(results[1].Find("exact_match")->value, 0.4);
  EXPECT_EQ(results[1].context_tokens, 1024);
  EXPECT_EQ(results[2].Find("acc")->value, 1);
  EXPECT_EQ(results[6].Find("acc")->value, 0);
  for (const TaskResult& result : results) EXPECT_FALSE(result.is_benchmark);
}

}  // namespace
}  // namespace llamba
