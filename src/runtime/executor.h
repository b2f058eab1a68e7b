#ifndef LLAMBA_RUNTIME_EXECUTOR_H_
#define LLAMBA_RUNTIME_EXECUTOR_H_

#include <cstdint>
#include <memory>
#include <span>

#include "base/thread_pool.h"
#include "runtime/model.h"
#include "runtime/state.h"

namespace llamba {

// Which tokens of a sequence want logits.
enum class LogitsFor { kNone, kLast, kAll };

// One sequence's part of a call: its new tokens, read after what `state` holds.
struct SequenceInput {
  State* state = nullptr;
  std::span<const int32_t> ids;
  LogitsFor logits = LogitsFor::kLast;
  // The tokens of a prompt may be read faster and less exactly, where the
  // machine can (KernelTable::segments): worth it for kPromptTokens and more.
  // The bits that a token leaves then depend on whether it was read so.
  bool prompt = false;
};
constexpr int64_t kPromptTokens = 16;

// Called for each row of logits (vocab_size floats, valid during the call), in
// order of position within a sequence. `sequence` is the index in the call,
// `index` the token's place in its ids. Must not call the executor.
using LogitsSink = FunctionRef<void(size_t sequence, int64_t index,
                                    std::span<const float> logits)>;

// Runs the layer stack. Owns the working buffers (bounded by kMaxRows, whatever
// the number of tokens), so one thread at a time uses it; make one a thread.
class Executor {
 public:
  // Rows of activations that pass through the layers together, at most: wide
  // models take fewer.
  static constexpr int64_t kMaxRows = 512;

  explicit Executor(std::shared_ptr<const Model> model);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  const Model& model() const { return *model_; }

  // Any number of tokens for each of several distinct states: prefill, decode
  // and batches are all this call. A sequence's logits and state do not depend,
  // bit for bit, on the other sequences nor on how its tokens were cut into
  // calls. Throws Error for an id out of range or a full context, before any
  // state has changed. A sink that throws stops the call: the states then have
  // read some of their tokens, whole ones.
  void Forward(std::span<const SequenceInput> sequences, LogitsSink sink);

  // One sequence of at least one token (Error for none), logits of the last,
  // valid until the next call.
  std::span<const float> Forward(State& state, std::span<const int32_t> ids);

 private:
  struct Workspace;
  void Check(std::span<const SequenceInput> sequences) const;
  bool ReadsAsPrompt(const SequenceInput& sequence) const;
  // Those that are, or are not, read as prompts.
  void Read(std::span<const SequenceInput> sequences, bool prompt,
            LogitsSink sink);
  // The parts of a pass, over the workspace's pieces.
  void Embed(std::span<const SequenceInput> sequences);
  void RunLayers();
  void ChooseRows(std::span<const SequenceInput> sequences);
  void NormWanted();
  void EmitLogits(LogitsSink sink);

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Workspace> workspace_;
};

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_EXECUTOR_H_
