#ifndef LLAMBA_MODEL_TENSOR_SOURCE_H_
#define LLAMBA_MODEL_TENSOR_SOURCE_H_

#include <optional>
#include <span>
#include <string>

#include "model/checkpoint.h"

namespace llamba {

// Where a writer takes a model's tensors from, row by row: a checkpoint, or a
// generator. Thread-safe.
class TensorSource {
 public:
  virtual ~TensorSource() = default;

  // The type to keep where none is asked for: F32, F16, BF16 or a block type.
  virtual DType StoredType(const TensorSpec& spec) const = 0;
  // Row `row` as bytes of StoredType; null where it must be computed.
  virtual const std::byte* RawRow(const TensorSpec& spec,
                                  int64_t row) const = 0;
  // The row as float32; a tensor of one dimension is one row.
  virtual void FillRow(const TensorSpec& spec, int64_t row,
                       std::span<float> out) const = 0;
};

// What WriteGgufModel and WriteSafetensorsModel do (checkpoint.h), for any
// source. Memory holds a few megabytes of the model at a time; rows are encoded
// by all threads. `general.name` comes in `extra`.
void WriteGguf(const ModelConfig& config, const TensorSource& source,
               const std::string& path, std::optional<DType> dtype,
               const GgufMetadata& extra, const WriteProgress& progress);
void WriteSafetensors(const ModelConfig& config, const TensorSource& source,
                      const std::string& dir, DType dtype,
                      const WriteProgress& progress);

}  // namespace llamba

#endif  // LLAMBA_MODEL_TENSOR_SOURCE_H_
