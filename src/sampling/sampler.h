#ifndef LLAMBA_SAMPLING_SAMPLER_H_
#define LLAMBA_SAMPLING_SAMPLER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sampling/options.h"
#include "sampling/random.h"

namespace llamba {

// Restricts what may come next: a grammar, a JSON schema. Called by the sampler
// that owns it, on that sampler's thread.
class Constraint {
 public:
  virtual ~Constraint() = default;
  // Sets the logits of tokens that may not come next to -infinity. Runs before
  // every other step.
  virtual void Mask(std::span<float> logits) = 0;
  // `id` was chosen, and is part of the text now.
  virtual void Accept(int32_t id) = 0;
  // An independent copy, for a sampler that forks.
  virtual std::unique_ptr<Constraint> Clone() const = 0;
};

// Chooses token ids from logits, in the order of steps that SamplerOptions
// gives. Holds the generator and the recent tokens; one a sequence, used by one
// thread at a time, copied to fork.
class Sampler {
 public:
  // Tokens from `n_valid` up (the padding of the vocabulary) are never chosen.
  // Throws Error for options out of range.
  Sampler(SamplerOptions options, int64_t n_valid);
  Sampler(const Sampler& other);
  Sampler& operator=(const Sampler& other);
  Sampler(Sampler&&) = default;
  Sampler& operator=(Sampler&&) = default;

  const SamplerOptions& options() const { return options_; }
  int64_t n_valid() const { return n_valid_; }

  // Null takes it away.
  void SetConstraint(std::unique_ptr<Constraint> constraint);

  // The next id; does not record it. Takes one number from the generator,
  // unless the temperature is 0: then it is the argmax, the lowest id on ties.
  // Throws Error where a logit is NaN or infinite, where there are fewer than
  // n_valid, and where the constraint leaves no token.
  int32_t Sample(std::span<const float> logits);

  // Records tokens of the text, for the penalties. A prompt is observed; a
  // sampled token is accepted, which tells the constraint too.
  void Observe(std::span<const int32_t> ids);
  void Accept(int32_t id);

  // The generator, for texts that share one.
  const Random& random() const { return random_; }
  void SetRandom(const Random& random) { random_ = random; }

  // Generator and recent tokens as bytes (options and constraint are not part
  // of it). Restore throws Error where the bytes are not of SaveState.
  std::string SaveState() const;
  void RestoreState(std::string_view bytes);

 private:
  size_t HistoryLength() const;

  SamplerOptions options_;
  int64_t n_valid_;
  Random random_;
  std::vector<int32_t> history_;
  std::unique_ptr<Constraint> constraint_;
  std::vector<float> logits_;  // scratch
};

}  // namespace llamba

#endif  // LLAMBA_SAMPLING_SAMPLER_H_
