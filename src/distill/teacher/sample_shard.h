#ifndef LLAMBA_DISTILL_TEACHER_SAMPLE_SHARD_H_
#define LLAMBA_DISTILL_TEACHER_SAMPLE_SHARD_H_

#include <optional>
#include <string>
#include <vector>

#include "distill/teacher/sampler.h"
#include "tokenizer/tokenizer.h"

namespace llamba::distill {

struct SampleShardOptions {
  int64_t tokens = 1'000'000;  // stops at the document that reaches them
  // Questions and answers by the teacher's chat template instead of free text.
  bool conversations = false;
  // What each free text begins with; empty leaves the beginning to the teacher.
  std::string prompt = {};
  // Token shards (files or folders) in whose place: each text goes on from
  // `opening_tokens` tokens of a document of these, drawn by the seed.
  std::vector<std::string> openings = {};
  int64_t opening_tokens = 96;
  // With openings: a user gives the piece and asks this of it (or nothing), and
  // the teacher answers by its chat template.
  std::optional<std::string> ask = {};
  // What a signal leaves: the documents written so far, or (also where there
  // are none) an Error and no file.
  bool keep_partial = false;
  // Its ends and prefixes are set here; its length is cut to the teacher's
  // context.
  SampleOptions sampling;
};

struct SampleShardResult {
  int64_t n_documents = 0, n_tokens = 0;
};

// Lets the teacher write documents into one token shard at `path`. Shows
// progress. Throws Error where the teacher has no chat template to hold
// conversations by or one that leaves out what the user says, where the
// beginnings leave no room for text, or where the openings are of another
// vocabulary or no document of theirs is long enough.
SampleShardResult SampleShard(const LayerStack& teacher,
                              const Tokenizer& tokenizer,
                              const SampleShardOptions& options,
                              const std::string& path);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TEACHER_SAMPLE_SHARD_H_
