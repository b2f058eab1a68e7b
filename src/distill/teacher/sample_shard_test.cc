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

}  // namespace
}  // namespace llamba::distill
