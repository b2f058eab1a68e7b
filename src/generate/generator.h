#ifndef LLAMBA_GENERATE_GENERATOR_H_
#define LLAMBA_GENERATE_GENERATOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "generate/loaded_model.h"
#include "runtime/executor.h"
#include "runtime/state.h"
#include "sampling/sampler.h"

namespace llamba {

// A text in progress. A plain value: a copy is a fork.
//
// `state` has read the first state.position() of `ids`. It always lags behind
// by one token at least (once there is one), since the next token's logits come
// from reading the last: so a text can go on from here with nothing else kept.
struct Sequence {
  State state;
  Sampler sampler;
  std::vector<int32_t> ids;

  // Adds tokens to the text, unread yet; the sampler's penalties see them.
  void Append(std::span<const int32_t> more);
};

enum class StopReason {
  kEndToken,    // the model ended its text
  kStopString,  // one of GenerateOptions::stop
  kMaxTokens,
  kContextFull,  // no room left in an attention model
  kCancelled,
};
// "end of text", "stop string", ... for people.
std::string_view StopReasonName(StopReason reason);

struct GenerateOptions {
  int64_t max_tokens = -1;        // negative: until something else stops it
  std::vector<std::string> stop;  // texts that end it and are not shown
  bool ignore_end = false;        // end tokens do not end it
  bool show_special = false;      // special tokens appear by name
  // Bytes of an unfinished character at the end are dropped, not shown as
  // U+FFFD: for a text that goes on later.
  bool hold_incomplete = false;
  // Polled between tokens, and between pieces of a prompt; true ends the work.
  std::function<bool()> cancelled;
  // Called while the prompt is read.
  std::function<void(int64_t done, int64_t total)> prefill_progress;
};

struct GenerateResult {
  StopReason reason = StopReason::kMaxTokens;
  std::string stop_string;    // the one that was found
  std::string text;           // all that was shown
  int64_t prompt_tokens = 0;  // read before the first new one
  int64_t new_tokens = 0;     // sampled, an end token included
  double prefill_seconds = 0;
  double decode_seconds = 0;  // after the first new token

  // Tokens a second; 0 where nothing was measured.
  double PrefillRate() const;
  double DecodeRate() const;
};

// A sampled token, and the text that may be shown now: whole characters, none
// of a stop string; often empty, and not always this token's.
struct GeneratedToken {
  int32_t id;
  std::string_view text;
};

// Reads what is new in a sequence and continues it. Owns the working memory of
// one thread: one a thread, any number of sequences.
class Generator {
 public:
  explicit Generator(std::shared_ptr<const LoadedModel> model);

  const LoadedModel& model() const { return *model_; }

  // An empty text. Throws Error for options out of range.
  Sequence NewSequence(const SamplerOptions& options) const;

  // Reads unread tokens, samples, and calls `sink` once a token and, where text
  // was held back, once at the end (with the last id). Throws Error for a
  // sequence without tokens and a prompt that the context cannot hold, before
  // anything was read.
  GenerateResult Run(Sequence& sequence, const GenerateOptions& options,
                     FunctionRef<void(const GeneratedToken&)> sink);

  // Reads the unread tokens but the last. False where it was cancelled.
  bool Prefill(Sequence& sequence, const GenerateOptions& options);

 private:
  class Output;
  void CheckRoom(const Sequence& sequence) const;
  bool IsFull(const Sequence& sequence) const;
  // Samples one token; why the text ends there, if it does.
  std::optional<StopReason> Step(Sequence& sequence,
                                 const GenerateOptions& options, Output& output,
                                 GenerateResult& result);

  std::shared_ptr<const LoadedModel> model_;
  Executor executor_;
};

}  // namespace llamba

#endif  // LLAMBA_GENERATE_GENERATOR_H_
