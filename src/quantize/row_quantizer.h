#ifndef LLAMBA_QUANTIZE_ROW_QUANTIZER_H_
#define LLAMBA_QUANTIZE_ROW_QUANTIZER_H_

#include <cstddef>
#include <span>

#include "base/dtype.h"

namespace llamba {

// Encodes a row of weights with a search for the scales: for every type but
// Q8_0 closer than EncodeRow (formats.h). `importance` is what an error of a
// column counts for (the mean square of what the column is multiplied by), one
// value a column, none negative, or empty for all alike; a block whose
// importances are all zero is treated as all alike. Types without blocks are
// rounded. Throws Error as EncodeRow does. Pure, from any thread.
void QuantizeRow(DType dtype, std::span<const float> values,
                 std::span<const float> importance, std::byte* out);

// Throws Error for values that are not finite, or beyond what any block type
// can hold (and squares of floats can stand).
void CheckEncodable(std::span<const float> values, DType dtype);

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_ROW_QUANTIZER_H_
