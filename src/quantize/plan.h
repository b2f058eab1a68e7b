#ifndef LLAMBA_QUANTIZE_PLAN_H_
#define LLAMBA_QUANTIZE_PLAN_H_

#include <optional>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "model/schema.h"

namespace llamba {

// What a quantised file's matrices are stored as; everything else is F32.
struct TypePlan {
  DType type = DType::kQ4_K;
  // Of the embedding and of the head; empty: as `type`. A tied matrix is both:
  // either may be given, or both alike.
  std::optional<DType> embedding, head;
};

// The types that `type` of a plan may be, by the names of flags.
std::vector<std::string> QuantizedTypeNames();

// Bits a value, block scales included: 4.5 for Q4_K.
double BitsPerValue(DType dtype);

// `asked` where it divides rows of `cols` values; else the 32-wide type of the
// most bits that are not more than asked; else F16.
DType TypeForRows(DType asked, int64_t cols);

// What the plan says of a matrix, whatever its rows' length. Throws as
// PlannedType.
DType AskedType(const TypePlan& plan, TensorRole role, bool tied);

// The type of a matrix in a model whose head is tied or not. Throws Error for a
// plan whose embedding and head differ though they are one matrix.
DType PlannedType(const TypePlan& plan, const TensorSpec& spec, bool tied);

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_PLAN_H_
