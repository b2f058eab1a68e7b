#include "distill/teacher/sample_shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "distill/data/data_testing.h"
#include "distill/data/tokenize.h"

namespace llamba::distill {
namespace {

// Documents of `length` tokens, each behind the token that begins texts.
void WriteOpenings(const std::string& path, const Tokenizer& tokenizer,
                   size_t length) {
  std::vector<std::vector<int32_t>> documents(40);
  for (size_t d = 0; d < documents.size(); ++d) {
    documents[d].assign(length, static_cast<int32_t>(300 + d));
    documents[d][0] = *tokenizer.bos_id();
  }
  MakeShard(path, documents, tokenizer.vocab_size(), VocabularyHash(tokenizer));
}

TEST(SampleShard, AnOpeningHasOneFirstToken) {
  const std::string model =
      std::string(LLAMBA_SOURCE_DIR) + "/tests/data/stories260k.gguf";
  const Tokenizer tokenizer = LoadTokenizer(model);
  const LayerStack teacher = OpenTeacher(model, torch::kFloat32);
  const TemporaryFolder folder;
  const auto sample = [&](size_t length) {
    const std::string openings = folder / std::to_string(length);
    WriteOpenings(openings, tokenizer, length);
    SampleShard(teacher, tokenizer,
                {.tokens = 200,
                 .openings = {openings},
                 .opening_tokens = 8,
                 .sampling = {.rows = 4, .length = 16}},
                folder / "written");
    return TokenShard::Open(folder / "written", tokenizer.vocab_size());
  };
  // Pieces of 8 tokens are the two halves of each document here, and its whole.
  const TokenShard written = sample(16);
  for (int64_t d = 0; d < written.n_documents(); ++d) {
    std::vector<int64_t> ids(2);
    written.Copy(written.DocumentBegin(d), ids);
    EXPECT_EQ(ids[0], *tokenizer.bos_id());
    EXPECT_NE(ids[1], *tokenizer.bos_id());
  }
  EXPECT_THAT(ErrorOf([&] { sample(8); }),
              testing::HasSubstr("expected documents of more than 8 tokens"));
}

TEST(SampleShard, AUserAsksSomethingOfAnOpening) {
  const std::string model =
      std::string(LLAMBA_SOURCE_DIR) + "/tests/data/stories260k.gguf";
  TokenizerSpec spec = LoadTokenizer(model).spec();
  spec.chat_templates["default"] =
      "User: {{ messages[0].content }}{% if add_generation_prompt %} Lily:"
      "{% endif %}";
  const Tokenizer tokenizer(std::move(spec));
  const LayerStack teacher = OpenTeacher(model, torch::kFloat32);
  const TemporaryFolder folder;
  WriteOpenings(folder / "openings", tokenizer, 16);
  SampleShard(teacher, tokenizer,
              {.tokens = 200,
               .openings = {folder / "openings"},
               .opening_tokens = 8,
               .ask = "Who?",
               .sampling = {.rows = 4, .length = 48}},
              folder / "written");
  const auto before = tokenizer.Encode("User: ", {});
  const auto behind = tokenizer.Encode("\n\nWho? Lily:", {});
  const TokenShard written =
      TokenShard::Open(folder / "written", tokenizer.vocab_size());
  ASSERT_GT(written.n_documents(), 0);
  for (int64_t d = 0; d < written.n_documents(); ++d) {
    std::vector<int64_t> ids(before.size() + 8 + behind.size() + 1);
    written.Copy(written.DocumentBegin(d), ids);
    const std::span<const int64_t> all(ids);
    EXPECT_THAT(all.first(before.size()), testing::ElementsAreArray(before));
    EXPECT_THAT(all.subspan(before.size(), 8), testing::Each(testing::Ge(300)));
    EXPECT_THAT(all.subspan(before.size() + 8, behind.size()),
                testing::ElementsAreArray(behind));
  }
}

}  // namespace
}  // namespace llamba::distill
