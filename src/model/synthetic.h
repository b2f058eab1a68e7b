#ifndef LLAMBA_MODEL_SYNTHETIC_H_
#define LLAMBA_MODEL_SYNTHETIC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "model/config.h"
#include "model/tensor_source.h"

namespace llamba {

// Shapes that have a name: the published Llambas, their teachers, small ones.
std::vector<std::string> SyntheticShapes();
// Throws Error listing the names where there is no such shape.
ModelConfig SyntheticShape(const std::string& name);

// Random weights of any config, for tests and measurements without a download.
// A value depends on the seed, the tensor's name, the row and the column alone,
// and comes from integers by one rounding: the same on every machine. Started
// as SPEC 5 starts a student (open gate, identity convolution), with noise
// everywhere so that nothing is left out by chance, and with heads whose decays
// reach from quick to slow.
class SyntheticSource : public TensorSource {
 public:
  // `config` must outlive it.
  SyntheticSource(const ModelConfig& config, uint64_t seed);

  DType StoredType(const TensorSpec&) const override { return DType::kF32; }
  bool CopyRow(const TensorSpec&, DType, int64_t, std::byte*) const override {
    return false;
  }
  void FillRow(const TensorSpec& spec, int64_t row,
               std::span<float> out) const override;

 private:
  // Values are mean + scale * (about normal).
  struct Spread {
    double mean = 0, scale = 0;
  };
  Spread SpreadOf(const TensorSpec& spec, int64_t row) const;

  const ModelConfig& config_;
  uint64_t seed_;
};

}  // namespace llamba

#endif  // LLAMBA_MODEL_SYNTHETIC_H_
