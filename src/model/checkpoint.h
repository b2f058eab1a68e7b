#ifndef LLAMBA_MODEL_CHECKPOINT_H_
#define LLAMBA_MODEL_CHECKPOINT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/tensor_view.h"
#include "checkpoint/gguf.h"
#include "checkpoint/tensor_file.h"
#include "model/config.h"
#include "model/schema.h"

namespace llamba {

// One tensor as a file stores it, with the logical shape of the schema. Hides
// what layouts do differently: MLX's groups, llama.cpp's order of q and k rows,
// MLX's two-dimensional convolution.
class StoredTensor {
 public:
  const Shape& shape() const { return shape_; }
  // The type in the file ("U32" groups of MLX say kU32; see mlx_bits).
  DType dtype() const { return data_.dtype; }
  // Bytes in the file, scales and offsets included.
  size_t bytes() const;
  // 4 or 8 where this is an MLX group tensor, else 0.
  int mlx_bits() const { return mlx_bits_; }
  // The file's bytes as they lie there (an MLX group's words, without scales).
  const TensorView& data() const { return data_; }
  // Name in the file, for messages.
  const std::string& name() const { return name_; }

  // The mapped bytes where they are rows of F32, F16, BF16 or a block type in
  // the schema's order, usable as they are; null where rows must be decoded.
  const std::byte* PlainRows() const;
  // The type of a GGUF tensor that holds the very same values: the file's own
  // where GGUF has it; Q4_1 for an MLX group tensor of 4 bits whose scales and
  // offsets are halves (value = code * d + m in either); else F32. Reads the
  // scales where their type leaves that open.
  DType GgufType() const;
  // Row r of the schema's order as bytes of `dtype`, into `out`, where the file
  // holds it in that very form (as GgufType says, row by row); else false, as
  // for llama.cpp's order of a bias.
  bool CopyRow(DType dtype, int64_t r, std::byte* out) const;

  int64_t rows() const;  // product of all dimensions but the last
  int64_t cols() const;
  // Rows [begin, end) as float32, in the schema's order: (end - begin) * cols.
  void DecodeRows(int64_t begin, int64_t end, float* out) const;
  std::vector<float> DecodeAll() const;

 private:
  friend class CheckpointBuilder;
  bool IsPlain() const;
  bool IsQ41() const;
  int64_t FileRow(int64_t r) const;
  bool CopyMlxRow(int64_t r, std::byte* out) const;
  void DecodeMlx(int64_t r, std::span<float> out) const;

  Shape shape_;
  std::string name_;
  TensorView data_, scales_, offsets_;
  int mlx_bits_ = 0;
  int64_t interleaved_heads_ = 0;  // > 0: rows are llama.cpp's rotary order
};

// A model on disk: config and tensors, in whatever layout, unconverted. Copies
// share the mappings; immutable and thread-safe.
struct Checkpoint {
  std::string path;
  ModelConfig config;
  std::string layout;  // "Hugging Face, llamba", "MLX", "GGUF, llama", ...
  std::map<TensorId, StoredTensor> tensors;  // all of Schema(config)
  // A GGUF's own keys (the tokenizer is in there); empty for other layouts.
  std::optional<GgufMetadata> gguf;
  // Keeps the mappings that the tensors point into.
  std::shared_ptr<const TensorFile> file;

  const StoredTensor& Get(TensorRole role, int layer = -1) const;
  const StoredTensor* Find(TensorRole role, int layer = -1) const;
  // FNV-1a of config and of sampled tensor bytes: tells models apart.
  uint64_t Fingerprint() const;
};

// Opens a directory (config.json with model.safetensors, shards or
// pytorch_model.bin; or one MLX *.safetensors) or a GGUF file of architecture
// llama or llamba. Every tensor of the schema is there with the right shape and
// a type that can be decoded, else Error; extra tensors are ignored with a
// warning (rotary inv_freq silently).
Checkpoint OpenCheckpoint(const std::string& path);

class MatrixCoder;  // model/tensor_source.h

// Called with bytes done and in all; return false to stop (throws Error).
using WriteProgress = std::function<bool(uint64_t done, uint64_t total)>;

// Writes one GGUF file: model keys and tensors, matrices as `dtype` (F32, F16,
// BF16; empty: StoredTensor::GgufType, or as `coder` encodes), the rest F32,
// and the `extra` metadata entries (the tokenizer's). A Llama is written as
// llama.cpp's converter does, so that others load it.
void WriteGgufModel(const Checkpoint& checkpoint, const std::string& path,
                    std::optional<DType> dtype, const GgufMetadata& extra,
                    const WriteProgress& progress = nullptr);
void WriteGgufModel(const Checkpoint& checkpoint, const std::string& path,
                    MatrixCoder& coder, const GgufMetadata& extra,
                    const WriteProgress& progress = nullptr);

// Writes `dir`/config.json and model.safetensors in the published layout.
void WriteSafetensorsModel(const Checkpoint& checkpoint, const std::string& dir,
                           DType dtype,
                           const WriteProgress& progress = nullptr);

}  // namespace llamba

#endif  // LLAMBA_MODEL_CHECKPOINT_H_
