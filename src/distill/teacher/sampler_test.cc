#include "distill/teacher/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "distill/distill_testing.h"

namespace llamba::distill {
namespace {

using Document = std::vector<int32_t>;

SampleOptions Options() {
  return {
      .rows = 3, .length = 37, .seed = 5, .prefixes = {{1}}, .document_end = 2};
}

LayerStack Teacher() {
  const ModelConfig config = TinyTeacherConfig();
  return LayerStack(config, RandomParameters(config, 3, torch::kFloat64));
}

std::vector<Document> Sampled(const SampleOptions& options, size_t n) {
  std::vector<Document> documents;
  SampleDocuments(Teacher(), options, [&](std::span<const int32_t> document) {
    documents.emplace_back(document.begin(), document.end());
    return documents.size() < n;
  });
  return documents;
}

// The rules of sampler.h once more, a row at a time and without a cache: each
// token comes from the logits of the row's whole document.
class Plain {
 public:
  explicit Plain(const SampleOptions& options) : options_(options) {
    for (int64_t r = 0; r < options.rows; ++r) rows_.push_back({r});
  }

  std::vector<Document> Round() {
    torch::manual_seed(options_.seed);
    std::vector<Document> out;
    std::vector<int32_t> drawn(options_.rows);
    for (int64_t position = 0; position < options_.length; ++position) {
      std::vector<Tensor> logits;
      for (int64_t r = 0; r < options_.rows; ++r) {
        Row& row = rows_[r];
        Document& document = row.document;
        const std::vector<int32_t>& prefix =
            options_.prefixes[row.number % options_.prefixes.size()];
        const bool forced = document.size() < prefix.size();
        const int32_t id = forced ? prefix[document.size()] : drawn[r];
        Document seen = document;
        seen.push_back(id);
        logits.push_back(Logits(seen));
        const bool begins_next = options_.turn_end < 0 && id == prefix[0];
        if (!forced && begins_next && id != options_.document_end) {
          out.push_back(row.Next(options_.rows));
          continue;
        }
        document.push_back(id);
        if (forced) continue;
        const bool is_end = id == options_.document_end;
        const bool is_last_turn =
            id == options_.turn_end && ++row.turns == options_.turns;
        if (is_last_turn && !is_end) document.push_back(options_.document_end);
        if (is_last_turn || is_end) {
          out.push_back(row.Next(options_.rows));
        }
      }
      Draw(torch::stack(logits), drawn);
    }
    for (const Row& row : rows_) {
      if (row.document.size() > options_.prefixes[0].size()) {
        out.push_back(row.document);
      }
    }
    return out;
  }

 private:
  struct Row {
    int64_t number;
    Document document = {};
    int turns = 0;

    Document Next(int64_t rows) {
      number += rows;
      turns = 0;
      return std::exchange(document, {});
    }
  };

  Tensor Logits(const Document& document) const {
    const torch::NoGradGuard no_grad;
    const Tensor ids =
        torch::tensor(std::vector<int64_t>(document.begin(), document.end()),
                      torch::kInt64)
            .unsqueeze(0);
    return teacher_.Logits({ids, torch::zeros_like(ids, torch::kInt32)})[0][-1];
  }

  void Draw(const Tensor& logits, std::vector<int32_t>& drawn) const {
    const Tensor p =
        (logits.to(torch::kFloat32) / options_.temperature).softmax(1);
    const Tensor id = (p / torch::empty_like(p).exponential_()).argmax(1);
    for (int64_t r = 0; r < options_.rows; ++r) {
      drawn[r] = static_cast<int32_t>(id[r].item<int64_t>());
    }
  }

  const SampleOptions options_;
  const LayerStack teacher_ = Teacher();
  std::vector<Row> rows_;
};

// In double a draw differs only where two candidates come within 1e-7: none
// of these seeds' few hundred draws does.
void ExpectPlain(const SampleOptions& options) {
  const std::vector<Document> expected = Plain(options).Round();
  ASSERT_GT(expected.size(), 5U) << "too few documents to say much";
  EXPECT_EQ(Sampled(options, expected.size()), expected);
}

TEST(SamplerTest, EqualsDrawsFromWholeDocuments) { ExpectPlain(Options()); }

TEST(SamplerTest, TextsThatBeginWithTheirEnd) {
  SampleOptions options = Options();
  options.prefixes = {{2}};
  ExpectPlain(options);
}

TEST(SamplerTest, ConversationsEndWithTheirTurns) {
  SampleOptions options = Options();
  options.prefixes = {{4, 5, 6}};
  options.turn_end = 7;
  options.temperature = 2;
  ExpectPlain(options);
}

// As ChatML's, whose <|im_start|> begins the template and each turn.
TEST(SamplerTest, ConversationsGoOnWhereATurnBeginsAsTheyDo) {
  SampleOptions options = Options();
  options.prefixes = {{4, 5, 6}};
  options.turn_end = 7;
  options.temperature = 4;
  const auto begins_a_turn = [](const Document& document) {
    return std::count(document.begin() + 3, document.end(), 4) > 0;
  };
  const std::vector<Document> documents = Sampled(options, 40);
  EXPECT_TRUE(std::ranges::any_of(documents, begins_a_turn));
  for (const Document& document : documents) EXPECT_EQ(document[0], 4);
  ExpectPlain(options);
}

TEST(SamplerTest, TextsTakeTheirBeginningsInTurn) {
  SampleOptions options = Options();
  options.prefixes = {{1, 4, 5}, {1, 6, 7}, {1, 8, 9}, {1, 5, 4}};
  ExpectPlain(options);
  // The next round goes on where the one before it stopped: all are used alike.
  options.length = 4;  // a document a row
  std::map<Document, int> times;
  for (const Document& document : Sampled(options, 12)) {
    ++times[Document(document.begin(), document.begin() + 3)];
  }
  EXPECT_EQ(times.size(), options.prefixes.size());
  for (const auto& [prefix, n] : times) EXPECT_EQ(n, 3) << prefix[1];
}

TEST(SamplerTest, BeginningsAreOfOneLengthAndFirstToken) {
  SampleOptions options = Options();
  for (const Document& other : {Document{1}, Document{2, 4}}) {
    options.prefixes = {{1, 4}, other};
    EXPECT_THROW(Sampled(options, 1), Error);
  }
  options.prefixes = {};
  EXPECT_THROW(Sampled(options, 1), Error);
}

TEST(SamplerTest, RoundsGoOnUntilTheSinkHasEnough) {
  SampleOptions options = Options();
  const size_t round = Plain(options).Round().size();
  const std::vector<Document> documents = Sampled(options, 2 * round);
  EXPECT_EQ(documents.size(), 2 * round);
  for (const Document& document : documents) EXPECT_EQ(document[0], 1);
  // Another round is not the first one again.
  EXPECT_NE(documents[0], documents[round]);
}

// A round of 3 rows of 37 tokens, looked at after 16, 32 and 37, and the next.
TEST(SamplerTest, ProgressCountsWhatIsUnfinished) {
  SampleOptions options = Options();
  std::vector<int64_t> told;
  options.progress = [&](int64_t n_tokens) { told.push_back(n_tokens); };
  Sampled(options, 40);
  ASSERT_GT(told.size(), 6U);
  told.resize(6);
  EXPECT_EQ(told, (std::vector<int64_t>{48, 96, 111, 159, 207, 222}));
}

}  // namespace
}  // namespace llamba::distill
