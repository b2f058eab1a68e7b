#include "quantize/plan.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace llamba {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(TypePlan, RowsThatABlockDividesKeepTheType) {
  EXPECT_EQ(TypeForRows(DType::kQ4_K, 512), DType::kQ4_K);
  EXPECT_EQ(TypeForRows(DType::kQ4_0, 576), DType::kQ4_0);
  EXPECT_EQ(TypeForRows(DType::kQ8_0, 32), DType::kQ8_0);
  EXPECT_EQ(TypeForRows(DType::kBF16, 7), DType::kBF16);
}

// 576 and 1,408 are no multiples of 256: IQ4_NL has Q4_K's 4.5 bits. 172 is no
// multiple of 32.
TEST(TypePlan, OtherRowsTakeTheNextTypeAtOrUnderTheBits) {
  EXPECT_EQ(TypeForRows(DType::kQ4_K, 576), DType::kIQ4_NL);
  EXPECT_EQ(TypeForRows(DType::kQ4_K, 1408), DType::kIQ4_NL);
  EXPECT_EQ(TypeForRows(DType::kQ5_K, 1408), DType::kQ5_0);
  EXPECT_EQ(TypeForRows(DType::kQ6_K, 1408), DType::kQ5_1);
  EXPECT_EQ(TypeForRows(DType::kQ4_K, 172), DType::kF16);
  EXPECT_EQ(TypeForRows(DType::kQ8_0, 172), DType::kF16);
}

TEST(TypePlan, BitsOfAValue) {
  EXPECT_EQ(BitsPerValue(DType::kQ4_K), 4.5);
  EXPECT_EQ(BitsPerValue(DType::kQ8_0), 8.5);
  EXPECT_EQ(BitsPerValue(DType::kF16), 16);
}

TEST(TypePlan, EmbeddingAndHead) {
  const TensorSpec embedding = {{TensorRole::kEmbedding}, {64, 256}, true};
  const TensorSpec head = {{TensorRole::kHead}, {64, 256}, true};
  const TensorSpec other = {{TensorRole::kMlpUp, 0}, {64, 256}, true};
  TypePlan plan;
  plan.type = DType::kQ4_K;
  EXPECT_EQ(PlannedType(plan, embedding, true), DType::kQ4_K);
  plan.head = DType::kQ8_0;
  EXPECT_EQ(PlannedType(plan, head, false), DType::kQ8_0);
  EXPECT_EQ(PlannedType(plan, embedding, false), DType::kQ4_K);
  EXPECT_EQ(PlannedType(plan, embedding, true), DType::kQ8_0);
  EXPECT_EQ(PlannedType(plan, other, true), DType::kQ4_K);
  plan.embedding = DType::kF16;
  EXPECT_EQ(PlannedType(plan, embedding, false), DType::kF16);
  EXPECT_THAT([&] { PlannedType(plan, embedding, true); },
              ThrowsMessage<Error>(HasSubstr("one matrix")));
}

TEST(TypePlan, NamesOfFlagsAreTypes) {
  for (const std::string& name : QuantizedTypeNames()) {
    EXPECT_TRUE(ParseDType(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace llamba
