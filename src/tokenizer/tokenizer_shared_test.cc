// Against real tokenizers and the vectors of others: needs the large material.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/file.h"
#include "tests/shared_material.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_testing.h"

namespace llamba {
namespace {

using testing::ElementsAre;
using Ids = std::vector<int32_t>;

std::vector<std::string> SplitBy(const std::string& text,
                                 const std::string& mark) {
  std::vector<std::string> parts;
  size_t at = 0;
  for (size_t end; (end = text.find(mark, at)) != std::string::npos;
       at = end + mark.size()) {
    parts.push_back(text.substr(at, end - at));
  }
  parts.push_back(text.substr(at));
  return parts;
}

Ids ParseIds(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<int32_t>(stream), {}};
}

TEST(SharedTokenizers, Llama3HasTheVectorsOfLlamaCpp) {
  LLAMBA_NEED_SHARED(model, "tokenizers/llama3");
  LLAMBA_NEED_SHARED(vectors, "tokenizers/vectors");
  const std::string stem = vectors + "/ggml-vocab-llama-bpe.gguf";
  const std::vector<std::string> texts =
      SplitBy(ReadFile(stem + ".inp"), "\n__ggml_vocab_test__\n");
  const std::vector<std::string> lines = SplitBy(ReadFile(stem + ".out"), "\n");
  ASSERT_GE(texts.size(), 40u);
  const Tokenizer tokenizer = LoadTokenizer(model);
  // The last text ends the file and carries no mark behind it.
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i >= lines.size() || (i + 1 == texts.size() && texts[i].empty())) break;
    const Ids expected = ParseIds(lines[i]);
    EXPECT_EQ(tokenizer.Encode(texts[i], {}), expected) << texts[i];
    EXPECT_EQ(tokenizer.Decode(expected, false), texts[i]);
  }
}

TEST(SharedTokenizers, Llama3HasItsSpecialTokens) {
  LLAMBA_NEED_SHARED(model, "tokenizers/llama3");
  const Tokenizer tokenizer = LoadTokenizer(model);
  EXPECT_EQ(tokenizer.vocab_size(), 128256);
  EXPECT_EQ(tokenizer.bos_id(), 128000);
  EXPECT_THAT(tokenizer.end_tokens(), ElementsAre(128001, 128008, 128009));
  EXPECT_THAT(tokenizer.Encode("<|start_header_id|>user<|end_header_id|>",
                               {.add_bos = true, .parse_special = true}),
              ElementsAre(128000, 128006, 882, 128007));
  EXPECT_EQ(tokenizer.FindToken("<|reserved_special_token_247|>"), 128255);
  EXPECT_EQ(tokenizer.FindToken("<|python_tag|>"), 128010);
}

// Every byte string comes back where every byte has a token.
TEST(SharedTokenizers, AnyBytesSurvive) {
  for (const char* name : {"tokenizers/llama3", "tokenizers/llama2",
                           "models/llama-mini", "models/stories260k"}) {
    LLAMBA_NEED_SHARED(path, name);
    const Tokenizer tokenizer = LoadTokenizer(path);
    for (uint32_t seed = 0; seed < 20; ++seed) {
      const std::string bytes = RandomBytes(seed * 101, seed);
      EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(bytes, {}), false), bytes);
    }
  }
}

TEST(SharedTokenizers, TextsComeBackFromEveryTokenizer) {
  LLAMBA_NEED_SHARED(text_dir, "text");
  for (const char* name :
       {"tokenizers/llama3", "tokenizers/llama2", "models/llama-mini",
        "models/stories260k",
        "models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"}) {
    LLAMBA_NEED_SHARED(path, name);
    const Tokenizer tokenizer = LoadTokenizer(path);
    for (const auto& entry : std::filesystem::directory_iterator(text_dir)) {
      const std::string text = ReadFile(entry.path().string());
      EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(text, {}), false), text)
          << name << " " << entry.path();
    }
  }
}

TEST(SharedTokenizers, SmolLm2SpeaksChatMl) {
  LLAMBA_NEED_SHARED(
      path, "models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
  const Tokenizer tokenizer = LoadTokenizer(path);
  EXPECT_EQ(tokenizer.vocab_size(), 49152);
  EXPECT_FALSE(tokenizer.adds_bos());
  EXPECT_THAT(tokenizer.end_tokens(), ElementsAre(0, 2));
  // The beginning of the prompt in golden.json beside the model.
  EXPECT_THAT(
      tokenizer.Encode("<|im_start|>system\nYou are a helpful AI assistant "
                       "named SmolLM, trained by Hugging Face<|im_end|>\n",
                       {.parse_special = true}),
      ElementsAre(1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511,
                  308, 34519, 28, 7018, 411, 407, 19712, 8182, 2, 198));
  ASSERT_NE(tokenizer.chat_template(), nullptr);
}

}  // namespace
}  // namespace llamba
