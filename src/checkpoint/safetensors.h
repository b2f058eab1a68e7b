#ifndef LLAMBA_CHECKPOINT_SAFETENSORS_H_
#define LLAMBA_CHECKPOINT_SAFETENSORS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/tensor_file.h"
#include "checkpoint/tensor_writer.h"

namespace llamba {

// Maps one .safetensors file: 8 bytes of header length (little endian), a JSON
// header {name: {dtype, shape, data_offsets}}, then the data. Throws Error on
// anything that the format does not allow, naming file, tensor and values.
TensorFile ReadSafetensors(const std::string& path);

// Maps the shards that `dir`/model.safetensors.index.json lists (its weight_map
// is checked against what the shards hold).
TensorFile ReadShardedSafetensors(const std::string& index_path);

// Writes one .safetensors file. Throws Error for types that the format cannot
// hold.
class SafetensorsWriter : public TensorWriter {
 public:
  SafetensorsWriter(const std::string& path,
                    const std::vector<TensorInfo>& tensors,
                    const std::map<std::string, std::string>& metadata = {});
};

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_SAFETENSORS_H_
