#ifndef LLAMBA_DISTILL_TRAIN_EVALUATE_H_
#define LLAMBA_DISTILL_TRAIN_EVALUATE_H_

#include "distill/data/mixture.h"
#include "distill/distributed/communicator.h"
#include "distill/stack.h"

namespace llamba::distill {

// Teacher and student on text that neither learns from.
struct Evaluation {
  double teacher_ppl = 0;  // exp of the mean loss of the next token
  double student_ppl = 0;
  double kl = 0;              // mean KL(teacher || student), nats
  double top1_agreement = 0;  // share of positions with the same best token
  int64_t n_tokens = 0;       // positions that have a next token
};

// Means over the first `n_sequences` of `data`, shared out among the workers.
// The next token counts within documents only.
Evaluation Evaluate(const LayerStack& teacher, const LayerStack& student,
                    Mixture& data, int64_t n_sequences, int64_t micro_batch,
                    int64_t logits_rows, Communicator& communicator);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_EVALUATE_H_
