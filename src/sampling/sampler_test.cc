#include "sampling/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace llamba {
namespace {

using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Every truncation off: the model's own distribution.
SamplerOptions Plain(uint64_t seed = 1) {
  SamplerOptions options;
  options.top_k = 0;
  options.top_p = 1;
  options.min_p = 0;
  options.temperature = 1;
  options.seed = seed;
  return options;
}

SamplerOptions Greedy() {
  SamplerOptions options;
  options.temperature = 0;
  return options;
}

template <typename F>
std::string MessageOf(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

std::vector<int> Count(Sampler& sampler, const std::vector<float>& logits,
                       int draws) {
  std::vector<int> counts(logits.size());
  for (int i = 0; i < draws; ++i) {
    ++counts[static_cast<size_t>(sampler.Sample(logits))];
  }
  return counts;
}

// Pearson's statistic; tokens of probability 0 must not have been drawn.
double ChiSquare(const std::vector<int>& counts, const std::vector<double>& p,
                 int draws) {
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0) {
      EXPECT_EQ(counts[i], 0) << "token " << i;
      continue;
    }
    const double expected = p[i] * draws;
    sum += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  return sum;
}

TEST(SamplerTest, DrawsFromTheSoftmax) {
  const std::vector<double> p = {0.05, 0.1, 0.15, 0.3, 0.4};
  std::vector<float> logits;
  for (double x : p) logits.push_back(static_cast<float>(std::log(x)));
  Sampler sampler(Plain(), 5);
  constexpr int kDraws = 100000;
  // 18.47: the 0.999 quantile of chi-square with 4 degrees of freedom.
  EXPECT_LT(ChiSquare(Count(sampler, logits, kDraws), p, kDraws), 18.47);
}

TEST(SamplerTest, TruncationsRenormalise) {
  const std::vector<double> p = {0.05, 0.1, 0.15, 0.3, 0.4};
  std::vector<float> logits;
  for (double x : p) logits.push_back(static_cast<float>(std::log(x)));
  constexpr int kDraws = 50000;
  const std::vector<double> top3 = {0, 0, 3.0 / 17, 6.0 / 17, 8.0 / 17};
  SamplerOptions top_k = Plain(), top_p = Plain(), min_p = Plain();
  top_k.top_k = 3;
  top_p.top_p = 0.8F;
  min_p.min_p = 0.3F;  // at least 0.12
  for (const SamplerOptions& options : {top_k, top_p, min_p}) {
    Sampler sampler(options, 5);
    // 13.82: the 0.999 quantile with 2 degrees of freedom.
    EXPECT_LT(ChiSquare(Count(sampler, logits, kDraws), top3, kDraws), 13.82);
  }
}

TEST(SamplerTest, GreedyIsTheArgMaxWithTheLowestIdOnTies) {
  Sampler sampler(Greedy(), 5);
  EXPECT_EQ(sampler.Sample(std::vector<float>{1, 7, 3, 7, 7}), 1);
}

TEST(SamplerTest, PaddingIsNeverChosen) {
  const std::vector<float> logits = {1, 2, 50, 60};
  Sampler greedy(Greedy(), 2);
  EXPECT_EQ(greedy.Sample(logits), 1);
  Sampler sampler(Plain(), 2);
  const auto counts = Count(sampler, logits, 1000);
  EXPECT_EQ(counts[2] + counts[3], 0);
}

TEST(SamplerTest, PaddingMayHoldAnything) {
  Sampler sampler(Greedy(), 2);
  EXPECT_EQ(sampler.Sample(std::vector<float>{1, 2, NAN, kInfinity}), 1);
}

TEST(SamplerTest, RefusesLogitsThatAreNoNumbers) {
  Sampler sampler(Greedy(), 3);
  for (float bad : {NAN, kInfinity, -kInfinity}) {
    EXPECT_THAT(MessageOf([&] {
                  sampler.Sample(std::vector<float>{1, bad, 2});
                }),
                HasSubstr("logit of token 1"));
  }
  EXPECT_THAT(MessageOf([&] {
                sampler.Sample(std::vector<float>{1, 2});
              }),
              HasSubstr("gives 2 logits, the tokenizer has 3"));
}

TEST(SamplerTest, BiasRaisesAndForbids) {
  SamplerOptions options = Greedy();
  options.logit_bias = {{0, 2.5F}, {2, -kInfinity}};
  Sampler sampler(options, 3);
  EXPECT_EQ(sampler.Sample(std::vector<float>{0, 2, 9}), 0);
  options.logit_bias = {{0, -kInfinity}, {1, -kInfinity}};
  Sampler none(options, 2);
  EXPECT_THAT(MessageOf([&] {
                none.Sample(std::vector<float>{0, 2});
              }),
              HasSubstr("no token may come next"));
}

TEST(SamplerTest, PenaltiesSeePromptAndOwnTokens) {
  SamplerOptions options = Greedy();
  options.presence_penalty = 3;
  Sampler sampler(options, 3);
  const std::vector<float> logits = {5, 4, 3};
  sampler.Observe(std::vector<int32_t>{0});
  EXPECT_EQ(sampler.Sample(logits), 1);
  sampler.Accept(1);
  EXPECT_EQ(sampler.Sample(logits), 2);
}

TEST(SamplerTest, EqualSeedsGiveEqualTexts) {
  const std::vector<float> logits(100, 0.0F);
  Sampler a(Plain(5), 100), b(Plain(5), 100), c(Plain(6), 100);
  int differing = 0;
  for (int i = 0; i < 50; ++i) {
    const int32_t id = a.Sample(logits);
    EXPECT_EQ(id, b.Sample(logits));
    differing += id != c.Sample(logits);
  }
  EXPECT_GT(differing, 40);
}

TEST(SamplerTest, AStateContinuesWhereItWasSaved) {
  SamplerOptions options = Plain(5);
  options.frequency_penalty = 0.2F;
  const std::vector<float> logits(100, 0.0F);
  Sampler a(options, 100);
  for (int i = 0; i < 300; ++i) a.Accept(a.Sample(logits));
  options.seed = 99;  // the saved generator counts
  Sampler b(options, 100);
  b.RestoreState(a.SaveState());
  Sampler c = a;
  for (int i = 0; i < 100; ++i) {
    const int32_t id = a.Sample(logits);
    ASSERT_EQ(id, b.Sample(logits)) << i;
    ASSERT_EQ(id, c.Sample(logits)) << i;
    a.Accept(id);
    b.Accept(id);
    c.Accept(id);
  }
}

TEST(SamplerTest, RefusesAStateThatIsNotOne) {
  Sampler sampler(Plain(), 10);
  const std::string good = sampler.SaveState();
  EXPECT_THROW(sampler.RestoreState(""), Error);
  EXPECT_THROW(sampler.RestoreState(good.substr(0, good.size() - 1)), Error);
  EXPECT_THROW(sampler.RestoreState("X" + good.substr(1)), Error);
  EXPECT_THROW(sampler.RestoreState(good + std::string("\xff\0\0\0", 4)),
               Error);
  EXPECT_NO_THROW(sampler.RestoreState(good));
}

TEST(SamplerTest, AStateStaysSmallHoweverLongTheText) {
  Sampler sampler(Plain(), 10);
  for (int i = 0; i < 100000; ++i) sampler.Accept(i % 10);
  EXPECT_LE(sampler.SaveState().size(), 4096u * 4 + 64);
}

// Alternates even and odd ids.
class Alternating : public Constraint {
 public:
  void Mask(std::span<float> logits) override {
    for (size_t i = odd_ ? 0 : 1; i < logits.size(); i += 2) {
      logits[i] = -kInfinity;
    }
  }
  void Accept(int32_t) override { odd_ = !odd_; }
  std::unique_ptr<Constraint> Clone() const override {
    return std::make_unique<Alternating>(*this);
  }

 private:
  bool odd_ = false;
};

TEST(SamplerTest, AConstraintMasksAndFollowsTheText) {
  for (SamplerOptions options : {Plain(), Greedy()}) {
    Sampler sampler(options, 8);
    sampler.SetConstraint(std::make_unique<Alternating>());
    const std::vector<float> logits = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int i = 0; i < 20; ++i) {
      Sampler fork = sampler;
      const int32_t id = sampler.Sample(logits);
      EXPECT_EQ(id % 2, i % 2);
      EXPECT_EQ(fork.Sample(logits), id);
      sampler.Accept(id);
    }
  }
}

TEST(SamplerOptionsTest, NamesTheFieldThatIsOutOfRange) {
  const auto message = [](auto change) {
    SamplerOptions options;
    change(options);
    return MessageOf([&] { Sampler sampler(options, 10); });
  };
  EXPECT_EQ(message([](SamplerOptions&) {}), "no error");
  EXPECT_THAT(message([](auto& o) { o.temperature = -1; }),
              HasSubstr("temperature"));
  EXPECT_THAT(message([](auto& o) { o.temperature = NAN; }),
              HasSubstr("temperature"));
  EXPECT_THAT(message([](auto& o) { o.top_p = 1.5F; }),
              HasSubstr("top-p: expected 0 to 1, found 1.5"));
  EXPECT_THAT(message([](auto& o) { o.top_k = -1; }), HasSubstr("top-k"));
  EXPECT_THAT(message([](auto& o) { o.repetition_penalty = 0; }),
              HasSubstr("repetition penalty"));
  EXPECT_THAT(message([](auto& o) { o.dry_base = 0.5F; }),
              HasSubstr("DRY base"));
  EXPECT_THAT(message([](auto& o) {
                o.logit_bias = {{10, 1.0F}};
              }),
              HasSubstr("token 10 does not exist"));
  EXPECT_THAT(message([](auto& o) { o.dry_breakers = {-1}; }),
              HasSubstr("token -1 does not exist"));
}

}  // namespace
}  // namespace llamba
