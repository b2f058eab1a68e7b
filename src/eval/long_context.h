#ifndef LLAMBA_EVAL_LONG_CONTEXT_H_
#define LLAMBA_EVAL_LONG_CONTEXT_H_

#include <cstdint>
#include <string>

#include "eval/job.h"

// What a model makes of contexts far longer than it was trained on. A model
// whose attention bounds its context is scored as far as that reaches.
namespace llamba {

struct LongContextOptions {
  int64_t tokens = 65536;  // the longest context
  int trials = 4;          // haystacks a length
  uint64_t seed = 1234;
};

// Perplexity of a text's tokens by their position: of 1 to 127, 128 to 255, and
// so on in powers of two. The text is cut into windows of `tokens`, `trials` at
// most.
Job MakePositionJob(const std::string& text_path,
                    const LongContextOptions& options);

// Retrieval. Five facts ("The secret word of NAME is WORD.") stand at 0, 25,
// 50, 75 and 100 % of a context of 1,024, 4,096, .. tokens; each is asked for
// once. `acc`: its word is likelier than the four others'; `exact_match`: it is
// the model's first choice. The hay is the file's text ("needle") or, with an
// empty path, other facts of the same form ("kv").
Job MakeNeedleJob(const std::string& text_path,
                  const LongContextOptions& options);

}  // namespace llamba

#endif  // LLAMBA_EVAL_LONG_CONTEXT_H_
