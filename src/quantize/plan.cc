#include "quantize/plan.h"

#include "base/error.h"
#include "formats/formats.h"

namespace llamba {
namespace {

// Most bits first; of IQ4_NL and Q4_0, which have as many, the closer one.
constexpr DType kNarrow[] = {DType::kQ8_0, DType::kQ5_1, DType::kQ5_0,
                             DType::kQ4_1, DType::kIQ4_NL};

bool Divides(DType dtype, int64_t cols) {
  return cols % GetBlockSize(dtype).elements == 0;
}

}  // namespace

std::vector<std::string> QuantizedTypeNames() {
  return {"q4_k", "q4_0", "q4_1", "q5_0", "q5_1", "iq4_nl", "q8_0"};
}

double BitsPerValue(DType dtype) {
  const BlockSize block = GetBlockSize(dtype);
  return 8.0 * static_cast<double>(block.bytes) /
         static_cast<double>(block.elements);
}

DType TypeForRows(DType asked, int64_t cols) {
  if (Divides(asked, cols)) return asked;
  for (const DType narrow : kNarrow) {
    if (BitsPerValue(narrow) <= BitsPerValue(asked) && Divides(narrow, cols)) {
      return narrow;
    }
  }
  return DType::kF16;
}

DType AskedType(const TypePlan& plan, TensorRole role, bool tied) {
  if (role == TensorRole::kHead) return plan.head.value_or(plan.type);
  if (role != TensorRole::kEmbedding) return plan.type;
  if (!tied) return plan.embedding.value_or(plan.type);
  if (plan.embedding && plan.head && *plan.embedding != *plan.head) {
    Fail(
        "--embedding {} --head {}: embedding and head of this model are one "
        "matrix: expected one type for both",
        DTypeName(*plan.embedding), DTypeName(*plan.head));
  }
  if (plan.embedding) return *plan.embedding;
  return plan.head.value_or(plan.type);
}

DType PlannedType(const TypePlan& plan, const TensorSpec& spec, bool tied) {
  return TypeForRows(AskedType(plan, spec.id.role, tied), spec.shape.back());
}

}  // namespace llamba
