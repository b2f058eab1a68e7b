#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/error.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/safetensors_types.h"
#include "formats/formats.h"

namespace llamba {
namespace {

constexpr size_t kAlignment = 8;

size_t NeededBytes(const std::string& path, const TensorInfo& tensor) {
  if (!IsSafetensorsType(tensor.dtype)) {
    Fail("{}: tensor '{}': safetensors cannot hold type {}", path, tensor.name,
         DTypeName(tensor.dtype));
  }
  const auto bytes = TensorBytes(tensor.dtype, tensor.shape);
  if (!bytes) {
    Fail("{}: tensor '{}': shape {} is not possible", path, tensor.name,
         ShapeString(tensor.shape));
  }
  return *bytes;
}

std::string HeaderText(const std::string& path,
                       const std::vector<TensorInfo>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::unordered_set<std::string> names;
  size_t offset = 0;
  for (const TensorInfo& tensor : tensors) {
    if (!names.insert(tensor.name).second || tensor.name == "__metadata__") {
      Fail("{}: tensor '{}' cannot be written twice, or under this name", path,
           tensor.name);
    }
    const size_t end = offset + NeededBytes(path, tensor);
    // emplace_back: looking a key up in ordered_json takes linear time.
    header.get_ref<nlohmann::ordered_json::object_t&>().emplace_back(
        tensor.name, nlohmann::ordered_json{
                         {"dtype", DTypeName(tensor.dtype)},
                         {"shape", tensor.shape},
                         {"data_offsets", {offset, end}},
                     });
    offset = end;
  }
  try {
    return header.dump();
  } catch (const nlohmann::json::exception&) {
    Fail("{}: a tensor's name or a metadata string is not UTF-8", path);
  }
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(
    const std::string& path, const std::vector<TensorInfo>& tensors,
    const std::map<std::string, std::string>& metadata)
    : TensorWriter(path, tensors, 1) {
  std::string text = HeaderText(path, tensors, metadata);
  // Spaces, so that the data start aligned.
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  const uint64_t length = text.size();
  WriteHead({reinterpret_cast<const char*>(&length), sizeof length});
  WriteHead(text);
}

}  // namespace llamba
