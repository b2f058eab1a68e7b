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
  // Row `row` as bytes of `dtype`, where it is stored in that very form: fills
  // `out` and returns true; false where it must be encoded.
  virtual bool CopyRow(const TensorSpec& spec, DType dtype, int64_t row,
                       std::byte* out) const = 0;
  // The row as float32; a tensor of one dimension is one row.
  virtual void FillRow(const TensorSpec& spec, int64_t row,
                       std::span<float> out) const = 0;
  // No row of the tensor is asked for again soon: it need not stay in memory.
  virtual void Release(const TensorSpec&) const {}
};

// How a writer stores a model's matrices. The writer calls Type for each of
// them, and then, tensor by tensor, Begin and Encode for every row; what is no
// matrix is F32 and never comes here.
class MatrixCoder {
 public:
  virtual ~MatrixCoder() = default;

  // F32, F16, BF16 or a block type that divides the rows.
  virtual DType Type(const TensorSpec& spec) const = 0;
  // On the writer's thread, before the rows of a matrix. Rows that the source
  // holds in that very type are copied and do not reach Encode.
  virtual void Begin(const TensorSpec&) {}
  // The row's bytes in that type, into `out`. From several threads at once.
  virtual void Encode(const TensorSpec& spec, DType dtype, int64_t row,
                      std::span<const float> values, std::byte* out) = 0;
};

// What WriteGgufModel and WriteSafetensorsModel do (checkpoint.h), for any
// source. Memory holds a few megabytes of the model at a time; rows are encoded
// by all threads. `general.name` comes in `extra`.
void WriteGguf(const ModelConfig& config, const TensorSource& source,
               const std::string& path, std::optional<DType> dtype,
               const GgufMetadata& extra, const WriteProgress& progress);
void WriteGguf(const ModelConfig& config, const TensorSource& source,
               const std::string& path, MatrixCoder& coder,
               const GgufMetadata& extra, const WriteProgress& progress);
void WriteSafetensors(const ModelConfig& config, const TensorSource& source,
                      const std::string& dir, DType dtype,
                      const WriteProgress& progress);

}  // namespace llamba

#endif  // LLAMBA_MODEL_TENSOR_SOURCE_H_
