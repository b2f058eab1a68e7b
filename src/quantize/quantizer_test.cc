#include "quantize/quantizer.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "model/fixtures_test.h"
#include "model/synthetic.h"
#include "quantize/quantize_testing.h"

namespace llamba {
namespace {

using ::testing::HasSubstr;

std::string Original(const TempDir& dir, const std::string& shape) {
  const ModelConfig config = SyntheticShape(shape);
  WriteGguf(config, SyntheticSource(config, 1), dir / "model.gguf", DType::kF32,
            {}, nullptr);
  return dir / "model.gguf";
}

TypePlan PlanOf(DType type, std::optional<DType> embedding = std::nullopt) {
  TypePlan plan;
  plan.type = type;
  plan.embedding = embedding;
  return plan;
}

QuantizeReport Quantized(const Checkpoint& from, const std::string& to,
                         const TypePlan& plan,
                         const Imatrix* imatrix = nullptr) {
  Quantizer quantizer(from.config, plan, imatrix);
  WriteGgufModel(from, to, quantizer, {});
  return quantizer.Finish();
}

const TensorReport& Find(const QuantizeReport& report,
                         const std::string& name) {
  for (const TensorReport& tensor : report.tensors) {
    if (tensor.name == name) return tensor;
  }
  throw Error("no " + name);
}

// Every kind of model: the file holds the rows that QuantizeRow makes, q and k
// included, whose rows stand in another order there.
TEST(Quantizer, WritesEveryKindOfModel) {
  for (const char* shape : {"tiny", "tiny-llama", "tiny-hybrid"}) {
    const TempDir dir;
    const Checkpoint original = OpenCheckpoint(Original(dir, shape));
    const QuantizeReport report =
        Quantized(original, dir / "q.gguf", PlanOf(DType::kIQ4_NL));
    const Checkpoint quantized = OpenCheckpoint(dir / "q.gguf");
    uint64_t bytes = 0;
    for (const TensorSpec& spec : Schema(original.config)) {
      const StoredTensor& from = original.Get(spec.id.role, spec.id.layer);
      const StoredTensor& to = quantized.Get(spec.id.role, spec.id.layer);
      EXPECT_EQ(to.dtype(), spec.is_matrix ? DType::kIQ4_NL : DType::kF32);
      const std::vector<float> x = from.DecodeAll();
      std::vector<float> expected = x;
      if (spec.is_matrix) {
        expected = testing::Searched(DType::kIQ4_NL, x);
      }
      EXPECT_EQ(to.DecodeAll(), expected) << shape << " " << to.name();
      const TensorReport& tensor = Find(report, to.name());
      EXPECT_EQ(tensor.bytes, to.bytes());
      const std::vector<float> zeros(x.size(), 0.0f);
      EXPECT_NEAR(tensor.relative_error,
                  std::sqrt(testing::SquareError(x, expected) /
                            testing::SquareError(x, zeros)),
                  1e-9);
      bytes += to.bytes();
    }
    EXPECT_EQ(report.bytes, bytes);
    EXPECT_EQ(report.parameters, original.config.NumParameters());
  }
}

TEST(Quantizer, RowsOfAnotherLengthTakeAnotherTypeAndSaySo) {
  const TempDir dir;
  const Checkpoint original = OpenCheckpoint(Original(dir, "tiny"));
  const QuantizeReport report =
      Quantized(original, dir / "q.gguf", PlanOf(DType::kQ4_K));
  const TensorReport& down = Find(report, "blk.1.ffn_down.weight");
  EXPECT_EQ(down.type, DType::kIQ4_NL);  // rows of 160
  EXPECT_EQ(down.asked, DType::kQ4_K);
  const TensorReport& norm = Find(report, "blk.1.ffn_norm.weight");
  EXPECT_EQ(norm.type, DType::kF32);
  EXPECT_EQ(norm.asked, std::nullopt);
}

TEST(Quantizer, WhatIsStoredThatWayIsCopied) {
  const TempDir dir;
  const Checkpoint original = OpenCheckpoint(Original(dir, "tiny-llama"));
  Quantized(original, dir / "a.gguf", PlanOf(DType::kQ4_0, DType::kQ8_0));
  const Checkpoint once = OpenCheckpoint(dir / "a.gguf");
  const QuantizeReport report =
      Quantized(once, dir / "b.gguf", PlanOf(DType::kQ8_0));
  ExpectSameValues(once, OpenCheckpoint(dir / "a.gguf"));
  EXPECT_TRUE(Find(report, "token_embd.weight").copied);
  EXPECT_FALSE(Find(report, "blk.0.attn_q.weight").copied);
  const Checkpoint twice = OpenCheckpoint(dir / "b.gguf");
  EXPECT_EQ(twice.Get(TensorRole::kEmbedding).DecodeAll(),
            once.Get(TensorRole::kEmbedding).DecodeAll());
}

TEST(Quantizer, AnImatrixOfAnotherModelIsRefused) {
  const TempDir dir;
  const Checkpoint original = OpenCheckpoint(Original(dir, "tiny"));
  GgufMetadata metadata;
  metadata.Set("general.type", std::string("imatrix"));
  const std::vector<float> sums(64, 1.0f);
  GgufWriter writer(dir / "i.gguf", metadata,
                    {{"blk.0.ssm_in.weight.in_sum2", DType::kF32, {1, 64}}});
  writer.Append(std::as_bytes(std::span(sums)));
  writer.Commit();
  const Imatrix imatrix = Imatrix::Open(dir / "i.gguf");
  EXPECT_THAT(
      MessageOf([&] { Quantized(original, dir / "q.gguf", {}, &imatrix); }),
      HasSubstr("blk.0.ssm_out.weight.in_sum2"));
  EXPECT_FALSE(FileExists(dir / "q.gguf"));
}

}  // namespace
}  // namespace llamba
