#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"
#include "checkpoint/json_error.h"
#include "checkpoint/printable.h"
#include "checkpoint/safetensors.h"

namespace llamba {
namespace {

using nlohmann::json;

// Tensor name to shard file name.
using WeightMap = std::map<std::string, std::string>;

json ParseIndex(const std::string& path) {
  const std::string text = ReadFile(path);
  try {
    return json::parse(text, LimitJsonDepth(path));
  } catch (const json::exception& error) {
    FailNoJson(path, text, error);
  }
}

// A shard lies beside the index: its name must not lead elsewhere.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

WeightMap ReadWeightMap(const std::string& path) {
  const json index = ParseIndex(path);
  const auto it = index.is_object() ? index.find("weight_map") : index.end();
  if (it == index.end() || !it->is_object()) {
    Fail("{}: expected an object 'weight_map'", path);
  }
  WeightMap map;
  for (const auto& [name, shard] : it->items()) {
    if (!shard.is_string() ||
        !IsPlainName(shard.get_ref<const std::string&>())) {
      Fail("{}: weight_map: '{}': expected the name of a file beside the index",
           path, Printable(name));
    }
    map.emplace(name, shard.get<std::string>());
  }
  return map;
}

// Moves a shard's tensors over, each of which the index must place there.
void AddShard(const std::string& index_path, const WeightMap& map,
              const std::string& shard_name, TensorFile& all) {
  const auto directory = std::filesystem::path(index_path).parent_path();
  auto shard = std::make_shared<const TensorFile>(
      ReadSafetensors((directory / shard_name).string()));
  for (const NamedTensor& tensor : shard->tensors()) {
    const auto it = map.find(tensor.name);
    if (it == map.end() || it->second != shard_name) {
      Fail("{}: tensor '{}': weight_map says {}, found in {}", index_path,
           Printable(tensor.name),
           it == map.end() ? "nothing" : Printable(it->second),
           Printable(shard_name));
    }
    all.Add(tensor);
  }
  all.KeepAlive(std::move(shard));
}

}  // namespace

TensorFile ReadShardedSafetensors(const std::string& index_path) {
  const WeightMap map = ReadWeightMap(index_path);
  std::set<std::string> shards;
  for (const auto& [name, shard] : map) shards.insert(shard);
  TensorFile all(index_path);
  for (const std::string& shard : shards) AddShard(index_path, map, shard, all);
  for (const auto& [name, shard] : map) {
    if (all.Find(name) == nullptr) {
      Fail("{}: tensor '{}' is missing from {}", index_path, Printable(name),
           Printable(shard));
    }
  }
  return all;
}

}  // namespace llamba
