#ifndef LLAMBA_DISTILL_STUDENT_INITIAL_VALUES_H_
#define LLAMBA_DISTILL_STUDENT_INITIAL_VALUES_H_

#include <cstdint>

#include "distill/tensors.h"

// What a mixer's weights start from, in double on the CPU.
namespace llamba::distill {

// (rows, inputs), the usual start of a linear layer: uniform within
// 1 / sqrt(inputs).
Tensor UniformRows(int64_t rows, int64_t inputs, at::Generator& generator);

// (channels, d_conv): a convolution that changes nothing.
Tensor IdentityTaps(int64_t channels, int64_t d_conv);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_STUDENT_INITIAL_VALUES_H_
