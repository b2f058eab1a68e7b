#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "runtime/state.h"

namespace {

llamba::ModelConfig Hybrid() {
  using namespace llamba;
  ModelConfig config;
  config.n_layer = 2;
  config.context_length = 100;
  config.mixers = {MixerKind::kMamba2, MixerKind::kAttention};
  config.ssm.d_inner = 4;
  config.ssm.d_state = 2;
  config.ssm.n_v_heads = 2;
  config.ssm.n_qk_heads = 1;
  config.attention.n_heads = 2;
  config.attention.n_kv_heads = 1;
  config.attention.head_dim = 2;
  return config;
}

}  // namespace

// A state of this config or an Error, and what is restored gives the same
// bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace llamba;
  static const ModelConfig config = Hybrid();
  try {
    const State state =
        State::Restore(config, std::as_bytes(std::span(data, size)), "fuzz");
    const std::string again = state.Serialize();
    LLAMBA_ASSERT(again.size() == size &&
                  std::memcmp(again.data(), data, size) == 0);
  } catch (const Error&) {
  }
  return 0;
}
