#ifndef LLAMBA_CHECKPOINT_SAFETENSORS_H_
#define LLAMBA_CHECKPOINT_SAFETENSORS_H_

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "checkpoint/tensor_file.h"

namespace llamba {

// Maps one .safetensors file: 8 bytes of header length (little endian), a JSON
// header {name: {dtype, shape, data_offsets}}, then the data. Throws Error on
// anything that the format does not allow, naming file, tensor and values.
TensorFile ReadSafetensors(const std::string& path);

// Maps the shards that `dir`/model.safetensors.index.json lists (its weight_map
// is checked against what the shards hold).
TensorFile ReadShardedSafetensors(const std::string& index_path);

// Writes a file tensor by tensor, so that memory never holds the whole model.
// Names, types and shapes come first; then Append for each, in the same order.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const std::string& path,
                    const std::vector<TensorInfo>& tensors,
                    const std::map<std::string, std::string>& metadata = {});
  // `bytes` of the next tensor; throws Error where the count is not what its
  // type and shape need.
  void Append(std::span<const std::byte> bytes);
  // The next bytes of a tensor too large to hold: the last part of one makes
  // the following tensor the next. Throws Error where they are too many.
  void AppendPart(std::span<const std::byte> bytes);
  // Renames the file into place. Throws Error where a tensor is missing.
  void Commit();

 private:
  std::string path_;
  AtomicFile file_;
  std::vector<TensorInfo> tensors_;
  size_t next_ = 0;
  size_t written_ = 0;  // of tensor next_
};

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_SAFETENSORS_H_
