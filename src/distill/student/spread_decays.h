#ifndef LLAMBA_DISTILL_STUDENT_SPREAD_DECAYS_H_
#define LLAMBA_DISTILL_STUDENT_SPREAD_DECAYS_H_

#include "distill/distributed/communicator.h"
#include "distill/stack.h"

namespace llamba::distill {

// Gives the heads of a new student memories of 2 to `longest` tokens, evenly on
// a logarithmic scale: without it each begins by forgetting half of its state a
// token, and a mixing matrix is hardly more than its diagonal.
//
// in_proj has no bias for A_log, so its rows become multiples of the direction
// w whose product with what enters the mixer is most nearly 1 (ridge
// regression over `batch`): head h gets -log(m_h - 1) w, and keeps 1 - 1 / m_h
// of its state. B is divided by the square root of its heads' mean memory, so
// that sums over more tokens do not weigh more. Changes `student`'s in_proj
// (float32, CPU), the same at all workers, which call it together.
void SpreadDecays(const LayerStack& teacher, const ModelConfig& config,
                  const Batch& batch, double longest,
                  Communicator& communicator, ParameterMap& student);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_STUDENT_SPREAD_DECAYS_H_
