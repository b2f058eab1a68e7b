#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "sampling/candidates.h"
#include "sampling/penalties.h"

namespace llamba {
namespace {

constexpr char kStateMagic[4] = {'L', 'S', 'M', '1'};

void CheckFinite(std::span<const float> logits) {
  for (size_t i = 0; i < logits.size(); ++i) {
    if (std::isfinite(logits[i])) continue;
    Fail(
        "the model's logit of token {} is {}: expected a finite number (is "
        "the checkpoint damaged?)",
        i, logits[i]);
  }
}

}  // namespace

Sampler::Sampler(SamplerOptions options, int64_t n_valid)
    : options_(std::move(options)), n_valid_(n_valid), random_(options_.seed) {
  LLAMBA_ASSERT(n_valid > 0);
  ValidateSamplerOptions(options_, n_valid);
}

Sampler::Sampler(const Sampler& other)
    : options_(other.options_),
      n_valid_(other.n_valid_),
      random_(other.random_),
      history_(other.history_),
      constraint_(other.constraint_ ? other.constraint_->Clone() : nullptr) {}

Sampler& Sampler::operator=(const Sampler& other) {
  return *this = Sampler(other);
}

void Sampler::SetConstraint(std::unique_ptr<Constraint> constraint) {
  constraint_ = std::move(constraint);
}

int32_t Sampler::Sample(std::span<const float> logits) {
  if (static_cast<int64_t>(logits.size()) < n_valid_) {
    Fail("the model gives {} logits, the tokenizer has {} tokens",
         logits.size(), n_valid_);
  }
  logits = logits.first(static_cast<size_t>(n_valid_));
  CheckFinite(logits);
  logits_.assign(logits.begin(), logits.end());
  if (constraint_ != nullptr) constraint_->Mask(logits_);
  for (const auto& [id, bias] : options_.logit_bias) {
    logits_[static_cast<size_t>(id)] += bias;
  }
  ApplyPenalties(options_, history_, logits_);
  ApplyDry(options_, history_, logits_);

  const bool greedy = options_.temperature == 0;
  Candidates candidates = MakeCandidates(logits_, greedy ? 1 : options_.top_k);
  if (candidates.empty()) {
    Fail("no token may come next: bias and constraint forbid all {}", n_valid_);
  }
  if (greedy) return candidates.front().id;
  KeepTypical(candidates, options_.typical_p);
  KeepTopP(candidates, options_.top_p);
  KeepMinP(candidates, options_.min_p);
  return Draw(candidates, options_.temperature, random_.Uniform());
}

size_t Sampler::HistoryLength() const {
  return static_cast<size_t>(
      std::max(options_.penalty_window, options_.dry_window));
}

void Sampler::Observe(std::span<const int32_t> ids) {
  for (int32_t id : ids) {
    // Padding tokens may stand in a prompt of ids; no penalty concerns them.
    if (id >= 0 && id < n_valid_) history_.push_back(id);
  }
  // Cut rarely, so that a step costs no move of the whole window.
  const size_t length = HistoryLength();
  if (history_.size() > 2 * length + 64) {
    history_.erase(history_.begin(),
                   history_.end() - static_cast<std::ptrdiff_t>(length));
  }
}

void Sampler::Accept(int32_t id) {
  Observe({&id, 1});
  if (constraint_ != nullptr) constraint_->Accept(id);
}

std::string Sampler::SaveState() const {
  const size_t n = std::min(history_.size(), HistoryLength());
  const auto& words = random_.state();
  std::string bytes(kStateMagic, sizeof(kStateMagic));
  bytes.append(reinterpret_cast<const char*>(words.data()), sizeof(words));
  bytes.append(
      reinterpret_cast<const char*>(history_.data() + history_.size() - n),
      n * sizeof(int32_t));
  return bytes;
}

void Sampler::RestoreState(std::string_view bytes) {
  Random::State words;
  constexpr size_t kHeader = sizeof(kStateMagic) + sizeof(words);
  if (bytes.size() < kHeader || (bytes.size() - kHeader) % 4 != 0 ||
      std::memcmp(bytes.data(), kStateMagic, sizeof(kStateMagic)) != 0) {
    Fail(
        "sampler state: expected magic LSM1, a generator and token ids, found "
        "{} bytes of something else",
        bytes.size());
  }
  std::memcpy(words.data(), bytes.data() + sizeof(kStateMagic), sizeof(words));
  if (words == Random::State{}) Fail("sampler state: the generator is all 0");
  std::vector<int32_t> ids((bytes.size() - kHeader) / 4);
  if (!ids.empty()) {
    std::memcpy(ids.data(), bytes.data() + kHeader, ids.size() * 4);
  }
  for (int32_t id : ids) {
    if (id < 0 || id >= n_valid_) {
      Fail("sampler state: token {} does not exist (expected 0 to {})", id,
           n_valid_ - 1);
    }
  }
  random_ = Random(words);
  history_ = std::move(ids);
}

}  // namespace llamba
