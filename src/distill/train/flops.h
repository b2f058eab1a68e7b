#ifndef LLAMBA_DISTILL_TRAIN_FLOPS_H_
#define LLAMBA_DISTILL_TRAIN_FLOPS_H_

#include "distill/tensors.h"
#include "model/config.h"

namespace llamba::distill {

// Floating-point operations that a token of stage 1, 2 or 3 asks for, teacher
// included (docs/distillation.md, Speed): matrix products, attention and
// recurrence alone, a multiply-add as two, nothing twice that is computed anew.
double FlopsPerToken(int stage, const ModelConfig& teacher,
                     const ModelConfig& student, int64_t sequence_length);

// Floating-point operations a second of a large matrix product on a device, the
// best of some: bfloat16 on a GPU, float32 on a CPU. Takes a fraction of a
// second.
double MeasurePeak(const torch::Device& device);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_FLOPS_H_
