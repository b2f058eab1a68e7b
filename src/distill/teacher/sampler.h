#ifndef LLAMBA_DISTILL_TEACHER_SAMPLER_H_
#define LLAMBA_DISTILL_TEACHER_SAMPLER_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "distill/stack.h"

namespace llamba::distill {

struct SampleOptions {
  int64_t rows = 256;     // sequences written side by side
  int64_t length = 1024;  // tokens a row, at most the teacher's context
  double temperature = 1;
  uint64_t seed = 0;
  // What documents begin with: the token before a text and the text's first
  // words, or a template up to the user's turn. Taken in turn; of one length,
  // and of one first token.
  std::vector<std::vector<int32_t>> prefixes = {};
  int32_t document_end = 0;
  // Where set, a document also ends with its `turns`-th such token (a question
  // and its answer: 2).
  int32_t turn_end = -1;
  int turns = 2;
  // Called now and then with the tokens of all rows so far, those of unfinished
  // documents among them.
  std::function<void(int64_t)> progress = {};
};

// Called for each document: its tokens, prefix included, document_end last
// where it came to its end.
// Return false to stop.
using DocumentSink = std::function<bool(std::span<const int32_t>)>;

// The teacher writes text: all rows in step, each with a cache of keys and
// values; a row whose document ends begins the next one behind it, and what is
// unfinished at the end of a row is given as it is (without it, texts longer
// than a row would never come). A document without turns also ends where the
// teacher writes a prefix's first token: some teachers end a text only by
// beginning the next. (In a conversation that token may begin each turn, as
// <|im_start|> does.) Rounds go on until the sink says stop or a signal comes.
// `teacher` is all attention. Sets libtorch's seed.
void SampleDocuments(const LayerStack& teacher, const SampleOptions& options,
                     const DocumentSink& sink);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TEACHER_SAMPLER_H_
