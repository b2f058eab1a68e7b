#include "runtime/state.h"

#include <atomic>

#include "base/error.h"
#include "runtime/state_shape.h"

namespace llamba {

// Keys then values of kPageTokens positions, as AttentionArgs wants them.
struct State::Page {
  explicit Page(int64_t floats) : data(static_cast<size_t>(floats)) {}
  AlignedBuffer<float> data;
};

State::State(const ModelConfig& config)
    : State(std::make_shared<const ModelConfig>(config)) {}

State::State(std::shared_ptr<const ModelConfig> config)
    : config_(std::move(config)),
      offsets_(config_->mixers.size(), -1),
      pages_(config_->mixers.size()),
      page_pointers_(config_->mixers.size()) {
  int64_t floats = 0;
  for (size_t i = 0; i < config_->mixers.size(); ++i) {
    if (config_->mixers[i] != MixerKind::kMamba2) continue;
    offsets_[i] = floats;
    floats += ConvStateFloats(config_->ssm) + SsmStateFloats(config_->ssm);
  }
  recurrent_ = AlignedBuffer<float>(static_cast<size_t>(floats));
}

int64_t State::PageFloats() const {
  return 2 * config_->attention.n_kv_heads * kPageTokens *
         config_->attention.head_dim;
}

size_t State::bytes() const {
  size_t n_pages = 0;
  for (const auto& layer : pages_) n_pages += layer.size();
  return (recurrent_.size() + n_pages * static_cast<size_t>(PageFloats())) *
         sizeof(float);
}

bool State::Fits(const ModelConfig& config) const {
  return config_.get() == &config || StateShape(config) == StateShape(*config_);
}

void State::CheckContext(int64_t n) const {
  if (!config_->HasMixer(MixerKind::kAttention)) return;
  if (n <= config_->context_length - position_) return;
  Fail(
      "context is full: {} tokens after {} exceed the context length of {} "
      "(the attention layers' bound)",
      n, position_, config_->context_length);
}

float* State::ConvState(int layer) {
  const int64_t offset = offsets_[static_cast<size_t>(layer)];
  LLAMBA_ASSERT(offset >= 0);
  return recurrent_.data() + offset;
}

float* State::SsmState(int layer) {
  return ConvState(layer) + ConvStateFloats(config_->ssm);
}

void State::MakeWritable(int layer, size_t page) {
  auto& pages = pages_[static_cast<size_t>(layer)];
  auto& pointers = page_pointers_[static_cast<size_t>(layer)];
  if (page == pages.size()) {
    pages.push_back(std::make_shared<Page>(PageFloats()));
    pointers.push_back(pages.back()->data.data());
    return;
  }
  if (pages[page].use_count() > 1) {
    pages[page] = std::make_shared<Page>(*pages[page]);
    pointers[page] = pages[page]->data.data();
    return;
  }
  // The last other owner may have read the page on another thread just before
  // it let go: that reading comes before our writing.
  std::atomic_thread_fence(std::memory_order_acquire);
}

void State::Reserve(int64_t n) {
  CheckContext(n);
  if (n <= 0) return;
  const auto first = static_cast<size_t>(position_ / kPageTokens);
  const auto last = static_cast<size_t>((position_ + n - 1) / kPageTokens);
  for (size_t i = 0; i < config_->mixers.size(); ++i) {
    if (config_->mixers[i] != MixerKind::kAttention) continue;
    for (size_t page = first; page <= last; ++page) {
      MakeWritable(static_cast<int>(i), page);
    }
  }
}

std::span<float* const> State::Pages(int layer) {
  return page_pointers_[static_cast<size_t>(layer)];
}

}  // namespace llamba
