#ifndef LLAMBA_DISTILL_STUDENT_NARROW_STATES_H_
#define LLAMBA_DISTILL_STUDENT_NARROW_STATES_H_

#include "distill/stack.h"

namespace llamba::distill {

// A student with fewer state dimensions a head: of each group's N pairs of a B
// and a C channel the `d_state` with the largest product of root mean squares
// stay, in their order. A channel's mean square is taken as if what enters its
// row of in_proj, times the norm's weights, were white and of variance 1, and
// its neighbours in time independent:
//   sum (row * norm)^2 * sum taps^2 + bias^2.
// `student` has a d_state of `d_state` or more. Shares storage with it where
// nothing is left out.
LayerStack NarrowStates(const LayerStack& student, int64_t d_state);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_STUDENT_NARROW_STATES_H_
