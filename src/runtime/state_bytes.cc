// State to bytes and back.
#include <algorithm>

#include "base/error.h"
#include "runtime/state.h"
#include "runtime/state_io.h"
#include "runtime/state_shape.h"

namespace llamba {
namespace {

constexpr uint32_t kMagic = 0x5453'4c4c;  // "LLST"
constexpr uint32_t kVersion = 1;

// Calls fn(span of floats) for the part of every page that holds tokens before
// `position`: keys and values, head by head.
template <typename Fn>
void ForEachCached(std::span<float* const> pages, int64_t position,
                   const AttentionConfig& attention, Fn fn) {
  const int64_t head_floats = State::kPageTokens * attention.head_dim;
  for (int64_t first = 0; first < position; first += State::kPageTokens) {
    float* page = pages[static_cast<size_t>(first / State::kPageTokens)];
    const int64_t n = std::min(State::kPageTokens, position - first);
    for (int64_t head = 0; head < 2 * attention.n_kv_heads; ++head) {
      fn(std::span(page + head * head_floats,
                   static_cast<size_t>(n * attention.head_dim)));
    }
  }
}

void CheckShape(ByteReader& reader, const StateShape& expected) {
  const std::string_view mixers = ReadText(reader, "state: mixers");
  if (mixers.size() != expected.mixers.size()) {
    Fail("{}: state: expected {} layers (the model), found {}", reader.path(),
         expected.mixers.size(), mixers.size());
  }
  const auto differs =
      std::mismatch(mixers.begin(), mixers.end(), expected.mixers.begin());
  if (differs.first != mixers.end()) {
    Fail("{}: state: layer {} has another mixer than the model's",
         reader.path(), differs.first - mixers.begin());
  }
  for (size_t i = 0; i < expected.sizes.size(); ++i) {
    const auto found = reader.Read<int64_t>(StateShape::kNames[i]);
    if (found != expected.sizes[i]) {
      Fail("{}: state: {}: expected {} (the model), found {}", reader.path(),
           StateShape::kNames[i], expected.sizes[i], found);
    }
  }
}

int64_t ReadPosition(ByteReader& reader, const ModelConfig& config) {
  const auto position = reader.Read<int64_t>("state: position");
  const int64_t bound = config.HasMixer(MixerKind::kAttention)
                            ? config.context_length
                            : INT64_MAX / 2;
  if (position < 0 || position > bound) {
    Fail("{}: state: position: expected 0 to {}, found {}", reader.path(),
         bound, position);
  }
  return position;
}

// That the values which follow are exactly those of `position` tokens, before
// room is made for them.
void CheckLength(const ByteReader& reader, const ModelConfig& config,
                 size_t recurrent_floats, int64_t position) {
  const auto n_attention = static_cast<uint64_t>(std::count(
      config.mixers.begin(), config.mixers.end(), MixerKind::kAttention));
  const uint64_t token_bytes =
      n_attention *
      static_cast<uint64_t>(2 * config.attention.n_kv_heads *
                            config.attention.head_dim) *
      sizeof(float);
  const uint64_t recurrent_bytes = recurrent_floats * sizeof(float);
  const uint64_t expected =
      recurrent_bytes + static_cast<uint64_t>(position) * token_bytes;
  if (reader.remaining() != expected) {
    Fail("{}: state: expected {} bytes of values, found {}", reader.path(),
         expected, reader.remaining());
  }
}

}  // namespace

StateShape::StateShape(const ModelConfig& config) {
  if (config.HasMixer(MixerKind::kMamba2)) {
    const SsmConfig& ssm = config.ssm;
    sizes = {ssm.d_inner, ssm.d_state, ssm.n_v_heads, ssm.n_qk_heads,
             ssm.d_conv};
  }
  if (config.HasMixer(MixerKind::kAttention)) {
    sizes[5] = config.attention.n_kv_heads;
    sizes[6] = config.attention.head_dim;
  }
  for (MixerKind kind : config.mixers) {
    mixers.push_back(kind == MixerKind::kMamba2 ? 'm' : 'a');
  }
}

std::string State::Serialize() const {
  StateWriter writer;
  writer.Reserve(bytes() + 256);
  writer.Put(kMagic);
  writer.Put(kVersion);
  const StateShape shape(*config_);
  writer.Text(shape.mixers);
  for (int64_t size : shape.sizes) writer.Put(size);
  writer.Put(position_);
  writer.Floats(recurrent_.span());
  for (const auto& pages : page_pointers_) {
    if (pages.empty()) continue;
    ForEachCached(pages, position_, config_->attention,
                  [&](std::span<float> part) { writer.Floats(part); });
  }
  return writer.Take();
}

State State::Restore(const ModelConfig& config,
                     std::span<const std::byte> bytes,
                     const std::string& where) {
  return Restore(std::make_shared<const ModelConfig>(config), bytes, where);
}

State State::Restore(std::shared_ptr<const ModelConfig> config,
                     std::span<const std::byte> bytes,
                     const std::string& where) {
  ByteReader reader(where, bytes);
  const auto magic = reader.Read<uint32_t>("state: magic");
  if (magic != kMagic) {
    Fail("{}: state: magic: expected {:08x}, found {:08x}", where, kMagic,
         magic);
  }
  const auto version = reader.Read<uint32_t>("state: version");
  if (version != kVersion) {
    Fail("{}: state: version: expected {}, found {}", where, kVersion, version);
  }
  CheckShape(reader, StateShape(*config));
  const int64_t position = ReadPosition(reader, *config);

  State state(std::move(config));
  const AttentionConfig& attention = state.config_->attention;
  CheckLength(reader, *state.config_, state.recurrent_.size(), position);
  ReadFloats(reader, state.recurrent_.span(), "state: recurrent part");
  state.Reserve(position);
  state.position_ = position;
  for (const auto& pages : state.page_pointers_) {
    if (pages.empty()) continue;
    ForEachCached(pages, position, attention, [&](std::span<float> part) {
      ReadFloats(reader, part, "state: cache");
    });
  }
  return state;
}

}  // namespace llamba
