#ifndef LLAMBA_DISTILL_TRAIN_EVALUATE_H_
#define LLAMBA_DISTILL_TRAIN_EVALUATE_H_

#include <memory>
#include <string>
#include <vector>

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

struct HeldOutSet {
  std::string name;  // for people
  std::unique_ptr<Mixture> data;
};

struct SetEvaluation {
  std::string name;
  Evaluation evaluation;
};

// Means over the first sequences of each set: `n_sequences` in equal shares,
// rounded up. Workers share each set out among them. The next token counts
// within documents only, and in all copies of one.
std::vector<SetEvaluation> Evaluate(const LayerStack& teacher,
                                    const LayerStack& student,
                                    const std::vector<HeldOutSet>& sets,
                                    int64_t n_sequences, int64_t micro_batch,
                                    int64_t logits_rows,
                                    Communicator& communicator);

// The mean over the tokens of all sets; one alone stays as it is.
Evaluation MeanOf(const std::vector<SetEvaluation>& sets);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_EVALUATE_H_
