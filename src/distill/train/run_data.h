#ifndef LLAMBA_DISTILL_TRAIN_RUN_DATA_H_
#define LLAMBA_DISTILL_TRAIN_RUN_DATA_H_

#include <memory>
#include <string>
#include <vector>

#include "distill/data/mixture.h"
#include "distill/distributed/communicator.h"
#include "distill/stack.h"
#include "distill/train/evaluate.h"
#include "distill/train/recipe.h"
#include "tokenizer/tokenizer.h"

namespace llamba::distill {

struct RunData {
  std::unique_ptr<Mixture> train;
  std::vector<HeldOutSet> held_out;
};

// Who writes and reads it.
struct DataMakers {
  const LayerStack& teacher;
  const Tokenizer& tokenizer;
  Communicator& communicator;
};

// Opens what a recipe names. Before, worker 0 lets the teacher write what the
// recipe wants of it into `output`/data; a resumed run, whose text is of this
// recipe, only what is not there yet. Throws Error where there is no data, they
// are fewer than one sequence (of the teacher's text, before it is written), or
// not of the teacher's vocabulary.
RunData OpenRunData(const Recipe& recipe, const DataMakers& makers,
                    const std::string& output, bool resumed);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_RUN_DATA_H_
