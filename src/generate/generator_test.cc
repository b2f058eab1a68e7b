#include "generate/generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "generate/session_file.h"
#include "tests/small_model.h"

namespace llamba {
namespace {

using ::testing::HasSubstr;

// The prompt and greedy continuation of golden.json beside the model, as the
// PyPI package sentencepiece decodes them.
constexpr char kPrompt[] =
    "Once upon a time, there was a little girl named Lily. She loved to play "
    "outside in the park. One day, she saw a big, red ball.";
constexpr char kGreedy[] =
    " She wanted to play with it, but it was too high. She wanted to play with "
    "it, but she didn't want to play with it.\nL";
constexpr int64_t kGreedyTokens = 40;

class GeneratorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LLAMBA_NEED_SMALL_MODEL(path);
    // Loaded once for all tests: a model does not change.
    static const auto model = LoadedModel::Open(path);
    model_ = model;
  }

  static SamplerOptions Greedy() {
    SamplerOptions options;
    options.temperature = 0;
    return options;
  }

  static GenerateOptions Tokens(int64_t n) {
    GenerateOptions options;
    options.max_tokens = n;
    return options;
  }

  Sequence Start(Generator& generator, const std::string& prompt,
                 const SamplerOptions& options) {
    Sequence sequence = generator.NewSequence(options);
    sequence.Append(model_->EncodePrompt(prompt));
    return sequence;
  }

  // SentencePiece's token of one byte.
  int32_t ByteToken(const std::string& byte) const {
    const Tokenizer& tokenizer = model_->tokenizer();
    for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
      if (tokenizer.TokenBytes(id) == byte) return id;
    }
    ADD_FAILURE() << "no token for a byte";
    return 0;
  }

  // The streamed text; checks that it is what the result says.
  GenerateResult Run(Generator& generator, Sequence& sequence,
                     const GenerateOptions& options) {
    std::string streamed;
    GenerateResult result = generator.Run(
        sequence, options,
        [&](const GeneratedToken& token) { streamed += token.text; });
    EXPECT_EQ(streamed, result.text);
    return result;
  }

  std::shared_ptr<const LoadedModel> model_;
};

TEST_F(GeneratorTest, GreedyTextIsTheReferenceOne) {
  Generator generator(model_);
  Sequence sequence = Start(generator, kPrompt, Greedy());
  const auto result = Run(generator, sequence, Tokens(kGreedyTokens));
  EXPECT_EQ(result.text, kGreedy);
  EXPECT_EQ(result.reason, StopReason::kMaxTokens);
  EXPECT_EQ(result.new_tokens, kGreedyTokens);
  EXPECT_EQ(result.prompt_tokens, 45);
}

TEST_F(GeneratorTest, PiecesOfAnyLengthGiveTheSameText) {
  Generator generator(model_);
  Sequence sequence = Start(generator, kPrompt, Greedy());
  std::string text;
  for (int64_t n : {0, 1, 0, 2, 7, 30}) {
    text += Run(generator, sequence, Tokens(n)).text;
  }
  EXPECT_EQ(text, kGreedy);
}

TEST_F(GeneratorTest, ASavedTextGoesOnAsIfNothingHadHappened) {
  SamplerOptions options;
  options.seed = 11;
  options.repetition_penalty = 1.1F;
  Generator generator(model_);
  Sequence whole = Start(generator, kPrompt, options);
  const std::string expected = Run(generator, whole, Tokens(40)).text;

  const std::string path = ::testing::TempDir() + "/llamba_generator.state" +
                           std::to_string(getpid());
  SavedSession session{Start(generator, kPrompt, options), std::nullopt, ""};
  std::string text = Run(generator, session.sequence, Tokens(13)).text;
  SaveSession(path, session, *model_);
  options.seed = 99;  // the generator in the file counts
  SavedSession loaded = LoadSession(path, *model_, options);
  EXPECT_EQ(loaded.sequence.ids, session.sequence.ids);
  text += Run(generator, loaded.sequence, Tokens(27)).text;
  EXPECT_EQ(text, expected);
  std::filesystem::remove(path);
}

TEST_F(GeneratorTest, StopStringsAreNeverShown) {
  Generator generator(model_);
  // The last spans several tokens; "it, but she" is the second "it, but".
  for (const auto& [stop, end] :
       std::vector<std::pair<std::string, std::string>>{
           {".", " She wanted to play with it, but it was too high"},
           {"it, but it", " She wanted to play with "},
           {"but she didn't",
            " She wanted to play with it, but it was too "
            "high. She wanted to play with it, "}}) {
    Sequence sequence = Start(generator, kPrompt, Greedy());
    GenerateOptions options = Tokens(40);
    options.stop = {"not in the text", stop};
    const auto result = Run(generator, sequence, options);
    EXPECT_EQ(result.text, end);
    EXPECT_EQ(result.reason, StopReason::kStopString);
    EXPECT_EQ(result.stop_string, stop);
  }
}

TEST_F(GeneratorTest, WhatWasHeldBackAppearsAtTheEnd) {
  Generator generator(model_);
  Sequence sequence = Start(generator, kPrompt, Greedy());
  GenerateOptions options = Tokens(kGreedyTokens);
  options.stop = {"\nLily"};  // its beginning is the end of the text
  EXPECT_EQ(Run(generator, sequence, options).text, kGreedy);
}

TEST_F(GeneratorTest, EndTokensEndTheText) {
  SamplerOptions options = Greedy();
  const int32_t eos = *model_->tokenizer().eos_id();
  options.logit_bias = {{eos, 1000.0F}};
  Generator generator(model_);
  Sequence sequence = Start(generator, kPrompt, options);
  auto result = Run(generator, sequence, Tokens(5));
  EXPECT_EQ(result.reason, StopReason::kEndToken);
  EXPECT_EQ(result.new_tokens, 1);
  EXPECT_EQ(result.text, "");
  EXPECT_EQ(sequence.ids.back(), eos);

  GenerateOptions go_on = Tokens(5);
  go_on.ignore_end = true;
  sequence = Start(generator, kPrompt, options);
  EXPECT_EQ(Run(generator, sequence, go_on).new_tokens, 5);
  go_on.show_special = true;
  EXPECT_EQ(Run(generator, sequence, go_on).text, "</s></s></s></s></s>");
}

TEST_F(GeneratorTest, CharactersAreNeverCut) {
  // Only the four byte tokens of U+1F600, forced in turn.
  Generator generator(model_);
  std::string all;
  Sequence sequence = Start(generator, kPrompt, Greedy());
  int calls = 0;
  for (const char* name : {"\xF0", "\x9F", "\x98", "\x80"}) {
    SamplerOptions options = Greedy();
    options.logit_bias = {{ByteToken(name), 1000.0F}};
    sequence.sampler = Sampler(options, model_->n_valid());
    GenerateOptions one = Tokens(1);
    one.hold_incomplete = true;
    const std::string text = Run(generator, sequence, one).text;
    EXPECT_EQ(text.empty(), ++calls < 4) << calls;
    all += text;
  }
  EXPECT_EQ(all, "\xF0\x9F\x98\x80");
}

TEST_F(GeneratorTest, AnUnfinishedCharacterEndsAsReplacement) {
  Generator generator(model_);
  SamplerOptions options = Greedy();
  options.logit_bias = {{ByteToken("\xF0"), 1000.0F}};
  Sequence sequence = Start(generator, kPrompt, options);
  EXPECT_EQ(Run(generator, sequence, Tokens(1)).text, "\uFFFD");
}

TEST_F(GeneratorTest, CancellingEndsPromptAndText) {
  Generator generator(model_);
  Sequence sequence = Start(generator, kPrompt, Greedy());
  GenerateOptions options = Tokens(40);
  int polls = 0;
  options.cancelled = [&] { return ++polls == 5; };
  auto result = Run(generator, sequence, options);
  EXPECT_EQ(result.reason, StopReason::kCancelled);
  // It goes on from there.
  EXPECT_EQ(result.text +
                Run(generator, sequence, Tokens(40 - result.new_tokens)).text,
            kGreedy);

  sequence = Start(generator, kPrompt, Greedy());
  options.cancelled = [] { return true; };
  result = Run(generator, sequence, options);
  EXPECT_EQ(result.reason, StopReason::kCancelled);
  EXPECT_EQ(result.new_tokens, 0);
  EXPECT_EQ(Run(generator, sequence, Tokens(40)).text, kGreedy);
}

TEST_F(GeneratorTest, AForkGoesItsOwnWay) {
  Generator generator(model_);
  Sequence sequence = Start(generator, kPrompt, Greedy());
  Run(generator, sequence, Tokens(3));
  Sequence fork = sequence;
  fork.Append(model_->EncodeMore(" The end.", false));
  Run(generator, fork, Tokens(10));
  Sequence again = Start(generator, kPrompt, Greedy());
  const std::string head = Run(generator, again, Tokens(3)).text;
  EXPECT_EQ(head + Run(generator, sequence, Tokens(37)).text, kGreedy);
}

TEST_F(GeneratorTest, AnEmptyPromptIsTheBeginToken) {
  EXPECT_EQ(model_->EncodePrompt(""),
            std::vector<int32_t>{*model_->tokenizer().bos_id()});
  Generator generator(model_);
  Sequence sequence = Start(generator, "", Greedy());
  const std::string text = Run(generator, sequence, Tokens(4)).text;
  // Stories begin at a word, without SentencePiece's space.
  EXPECT_THAT(text, ::testing::StartsWith("Once upon"));
}

TEST_F(GeneratorTest, MoreTextHasNoSpacePutBeforeIt) {
  const Tokenizer& tokenizer = model_->tokenizer();
  auto ids = model_->EncodePrompt("Lily");
  for (const char* more : {"'s ball", " was big", "", "\nThe end"}) {
    const auto next = model_->EncodeMore(more, false);
    ids.insert(ids.end(), next.begin(), next.end());
  }
  EXPECT_EQ(tokenizer.Decode(ids, true), "Lily's ball was big\nThe end");
}

TEST_F(GeneratorTest, RefusesWhatCannotBeContinued) {
  Generator generator(model_);
  Sequence sequence = generator.NewSequence(Greedy());
  EXPECT_THROW(Run(generator, sequence, Tokens(1)), Error);
  EXPECT_THROW(model_->EncodePrompt("a\xFF"), Error);
}

TEST(LoadedModelTest, SaysWhatIsMissing) {
  LLAMBA_NEED_SHARED(path, "models/llamba-mini-ref");
  // This student lies without its teacher's tokenizer.
  try {
    LoadedModel::Open(path);
    FAIL() << "opened without a tokenizer";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("--tokenizer DIR"));
  }
}

TEST(LoadedModelTest, TakesTheTeachersTokenizer) {
  LLAMBA_NEED_SHARED(path, "models/llamba-mini-ref");
  LLAMBA_NEED_SHARED(teacher, "models/llama-mini");
  LoadedModelOptions options;
  options.tokenizer = teacher;
  EXPECT_EQ(LoadedModel::Open(path, options)->n_valid(), 8192);
}

}  // namespace
}  // namespace llamba
