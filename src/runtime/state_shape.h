#ifndef LLAMBA_RUNTIME_STATE_SHAPE_H_
#define LLAMBA_RUNTIME_STATE_SHAPE_H_

#include <array>
#include <cstdint>
#include <string>

#include "model/config.h"

namespace llamba {

inline int64_t ConvStateFloats(const SsmConfig& ssm) {
  return (ssm.d_conv - 1) * ssm.conv_channels();
}
inline int64_t SsmStateFloats(const SsmConfig& ssm) {
  return ssm.n_v_heads * ssm.d_state * ssm.head_dim();
}

// What two configs must share for a state of one to continue in the other.
// Sizes of a mixer that no layer uses are 0: they do not matter.
struct StateShape {
  explicit StateShape(const ModelConfig& config);

  static constexpr std::array<const char*, 7> kNames = {
      "d_inner", "d_state",    "n_v_heads", "n_qk_heads",
      "d_conv",  "n_kv_heads", "head_dim"};
  std::array<int64_t, 7> sizes{};
  std::string mixers;  // a letter a layer: 'm' Mamba-2, 'a' attention

  bool operator==(const StateShape&) const = default;
};

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_STATE_SHAPE_H_
