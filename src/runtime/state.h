#ifndef LLAMBA_RUNTIME_STATE_H_
#define LLAMBA_RUNTIME_STATE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "model/config.h"

namespace llamba {

// Everything that a sequence of tokens has left in the model. For a recurrent
// layer: the last d_conv - 1 inputs of its convolution and its state (H, N, P),
// float32, in one flat buffer whose size the config fixes. For an attention
// layer: a cache of keys and values in reference-counted pages, up to
// context_length tokens, past which a step is an Error.
//
// Copying is forking: the recurrent part is copied, full pages are shared, the
// last page is copied when either side writes to it. Used by one thread at a
// time; different states are independent, also where they share pages.
class State {
 public:
  static constexpr int64_t kPageTokens = 64;

  explicit State(const ModelConfig& config);
  // Shares the config instead of copying it.
  explicit State(std::shared_ptr<const ModelConfig> config);

  // Tokens read so far.
  int64_t position() const { return position_; }
  // Bytes held now (pages that are shared count in full).
  size_t bytes() const;
  // Whether a model of this config can continue the state: the shapes agree.
  bool Fits(const ModelConfig& config) const;
  // Throws Error unless n more tokens fit the context of the attention layers
  // (always the case where there are none).
  void CheckContext(int64_t n) const;

  // The flat recurrent part, for serialising: layer by layer, convolution
  // inputs then state.
  std::span<const float> recurrent() const { return recurrent_.span(); }

  // --- For the layer stack ---
  float* ConvState(int layer);  // (d_conv - 1, channels), oldest first
  float* SsmState(int layer);   // (H, N, P)
  // Makes room for n more tokens in every attention layer: throws Error past
  // the context length. Pages that other states share are copied before a
  // write.
  void Reserve(int64_t n);
  // Page pointers of an attention layer, see AttentionArgs.
  std::span<float* const> Pages(int layer);
  void Advance(int64_t n) { position_ += n; }

  // --- Bytes, for files and for servers that share states ---
  // A self-describing block: shape, position, recurrent part, cache up to
  // position. Restore throws Error naming what differs where the bytes are not
  // of this config, or cut short.
  std::string Serialize() const;
  static State Restore(const ModelConfig& config,
                       std::span<const std::byte> bytes,
                       const std::string& where);
  static State Restore(std::shared_ptr<const ModelConfig> config,
                       std::span<const std::byte> bytes,
                       const std::string& where);

 private:
  struct Page;
  int64_t PageFloats() const;
  void MakeWritable(int layer, size_t page);

  std::shared_ptr<const ModelConfig> config_;
  AlignedBuffer<float> recurrent_;
  std::vector<int64_t> offsets_;  // of each Mamba-2 layer in recurrent_
  std::vector<std::vector<std::shared_ptr<Page>>> pages_;  // per layer
  std::vector<std::vector<float*>> page_pointers_;
  int64_t position_ = 0;
};

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_STATE_H_
