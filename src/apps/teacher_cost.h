#ifndef LLAMBA_APPS_TEACHER_COST_H_
#define LLAMBA_APPS_TEACHER_COST_H_

#include <cstdint>
#include <string>

#include "model/config.h"

namespace llamba {

// What the key/value cache of an attention model costs a token, in 16 bits.
struct TeacherCost {
  std::string label;  // what model this is, and what was assumed
  int64_t bytes_per_token = 0;
};

// A Llama's own cost; a hybrid's, did it attend in every layer; the published
// teacher's where the shape tells which it was; else that of attention with as
// many key/value heads as the model has heads of B and C.
TeacherCost CostOfTeacher(const ModelConfig& config);

}  // namespace llamba

#endif  // LLAMBA_APPS_TEACHER_COST_H_
