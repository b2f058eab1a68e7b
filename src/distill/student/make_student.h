#ifndef LLAMBA_DISTILL_STUDENT_MAKE_STUDENT_H_
#define LLAMBA_DISTILL_STUDENT_MAKE_STUDENT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "distill/stack.h"

namespace llamba::distill {

// What may be chosen of a student; the rest follows from its teacher.
struct StudentOptions {
  int64_t d_state = 64;
  // 0: as many as value heads, which are the teacher's attention heads.
  int64_t n_qk_heads = 0;
  int64_t d_conv = 4;
  // Layers that keep the teacher's attention (a hybrid); the rest become
  // Discrete Mamba-2.
  std::vector<int> keep_attention = {};
  // x, B, C and out_proj start from the teacher's v, k, q and o instead of
  // random values (B and C need d_state = head_dim).
  bool start_from_attention = false;
  // Above 0: the longest memory of a head at the start, see SpreadDecays.
  double memory = 0;
  uint64_t seed = 0;
};

// The student's config. Throws Error where the options do not fit the teacher.
ModelConfig StudentConfig(const ModelConfig& teacher,
                          const StudentOptions& options);

// A student at its start (SPEC 5): embedding, norms, MLPs and head copied from
// the teacher, mixers with an open gate, an identity convolution and D = 1. On
// the teacher's device and in its type; shares no storage with it.
LayerStack MakeStudent(const LayerStack& teacher,
                       const StudentOptions& options);

// The weights of an `earlier` student of a teacher for one of `config`. A layer
// that keeps attention in `config` alone takes the teacher's, which is opened
// where there is one: so a hybrid goes on from a pure Llamba. Where `config`
// has another d_state, the student is narrowed (narrow_states.h) or widened
// (widen_states.h, with `seed`). Shares storage with both. Throws Error, which
// begins with `name`, where the configs differ in anything else.
ParameterMap ContinueStudent(const std::function<LayerStack()>& open_teacher,
                             const LayerStack& earlier,
                             const ModelConfig& config, const std::string& name,
                             uint64_t seed);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_STUDENT_MAKE_STUDENT_H_
