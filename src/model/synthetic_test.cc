#include "model/synthetic.h"

#include <gmock/gmock.h>

#include <cmath>

#include "model/fixtures_test.h"

namespace llamba {
namespace {

const TensorSpec& SpecOf(const std::vector<TensorSpec>& specs,
                         TensorRole role) {
  for (const TensorSpec& spec : specs) {
    if (spec.id.role == role) return spec;
  }
  throw Error("no such role");
}

TEST(Synthetic, EveryShapeIsConsistent) {
  for (const std::string& name : SyntheticShapes()) {
    EXPECT_NO_THROW(ValidateConfig(SyntheticShape(name), name)) << name;
  }
  EXPECT_THAT(MessageOf([] { SyntheticShape("llamba-2b"); }),
              testing::HasSubstr("llamba-1b"));
}

// Computed by a Python program of the same definition, integers of any length.
TEST(Synthetic, ValuesAreTheSameEverywhere) {
  const ModelConfig config = SyntheticShape("tiny");
  const std::vector<TensorSpec> specs = Schema(config);
  const SyntheticSource source(config, 7);
  std::vector<float> row(64);
  source.FillRow(SpecOf(specs, TensorRole::kEmbedding), 5, row);
  const float expected[] = {-0.064906314f,  0.14331454f,   -0.129954681f,
                            -0.0245128945f, -0.341274351f, -0.143668026f,
                            -0.131464437f,  0.0641299635f};
  for (size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(row[i], expected[i]) << i;
  }
}

TEST(Synthetic, SpreadsAsMeant) {
  const ModelConfig config = SyntheticShape("llamba-135m");
  const std::vector<TensorSpec> specs = Schema(config);
  const SyntheticSource source(config, 1);
  const TensorSpec& embedding = SpecOf(specs, TensorRole::kEmbedding);
  std::vector<float> row(static_cast<size_t>(config.d_model));
  double sum = 0, squares = 0;
  constexpr int kRows = 200;
  for (int r = 0; r < kRows; ++r) {
    source.FillRow(embedding, r, row);
    for (float value : row) {
      sum += value;
      squares += double{value} * value;
    }
  }
  const double n = kRows * static_cast<double>(row.size());
  const double deviation = 1 / std::sqrt(static_cast<double>(row.size()));
  // Five standard errors of a mean, and of a variance (under sqrt(2 / n), the
  // sum of uniforms being flatter than a normal).
  EXPECT_NEAR(sum / n, 0, 5 * deviation / std::sqrt(n));
  EXPECT_NEAR(squares / n / (deviation * deviation), 1, 5 * std::sqrt(2 / n));
}

TEST(Synthetic, SeedsRowsAndTensorsDiffer) {
  const ModelConfig config = SyntheticShape("tiny");
  const std::vector<TensorSpec> specs = Schema(config);
  std::vector<float> a(64), b(64);
  const TensorSpec& gate = SpecOf(specs, TensorRole::kMlpGate);
  const TensorSpec& up = SpecOf(specs, TensorRole::kMlpUp);
  const SyntheticSource one(config, 1), two(config, 2);
  one.FillRow(gate, 0, a);
  two.FillRow(gate, 0, b);
  EXPECT_NE(a, b);
  one.FillRow(gate, 1, b);
  EXPECT_NE(a, b);
  one.FillRow(up, 0, b);
  EXPECT_NE(a, b);
  one.FillRow(gate, 0, b);
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace llamba
