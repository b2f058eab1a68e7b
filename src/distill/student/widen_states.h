#ifndef LLAMBA_DISTILL_STUDENT_WIDEN_STATES_H_
#define LLAMBA_DISTILL_STUDENT_WIDEN_STATES_H_

#include <cstdint>

#include "distill/stack.h"

namespace llamba::distill {

// A student with `d_state`, which is its own or more, state dimensions a head,
// that computes what `student` does: behind each group's own dimensions stand
// new ones whose B writes nothing (rows of 0) and whose C is drawn at random
// from `seed`, so that B learns at once. Their taps are the identity, biases 0.
// Shares storage with `student` where nothing is added.
LayerStack WidenStates(const LayerStack& student, int64_t d_state,
                       uint64_t seed);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_STUDENT_WIDEN_STATES_H_
