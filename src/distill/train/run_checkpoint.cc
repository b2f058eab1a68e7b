#include "distill/train/run_checkpoint.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"
#include "base/log.h"
#include "checkpoint/json_error.h"
#include "checkpoint/safetensors.h"
#include "model/checkpoint.h"

namespace llamba::distill {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "checkpoints";
constexpr const char* kTemporary = ".writing";

Tensor Contiguous(const Tensor& tensor) {
  return tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous();
}

std::span<const std::byte> Bytes(const Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.data_ptr()),
          static_cast<size_t>(tensor.nbytes())};
}

void WriteOptimizer(const std::string& path,
                    const ShardedAdamW::Shards& shards) {
  const Shape shape{shards.master.numel()};
  SafetensorsWriter writer(path, {{"master", DType::kF32, shape},
                                  {"first_moment", DType::kF32, shape},
                                  {"second_moment", DType::kF32, shape}});
  for (const Tensor& tensor :
       {shards.master, shards.first_moment, shards.second_moment}) {
    writer.Append(Bytes(Contiguous(tensor)));
  }
  writer.Commit();
}

ShardedAdamW::Shards ReadOptimizer(const std::string& path) {
  const TensorFile file = ReadSafetensors(path);
  const auto read = [&](const char* name) {
    const TensorView* view = file.Find(name);
    if (view == nullptr || view->dtype != DType::kF32) {
      Fail("{}: expected a tensor \"{}\" of F32", path, name);
    }
    Tensor tensor = torch::empty({NumElements(view->shape)}, torch::kFloat32);
    std::copy_n(view->data, view->bytes,
                static_cast<std::byte*>(tensor.data_ptr()));
    return tensor;
  };
  return {read("master"), read("first_moment"), read("second_moment")};
}

std::string FolderName(int stage, int64_t step) {
  return fmt::format("stage{}-{:08}", stage, step);
}

// A copy under another name is someone's own: it is neither gone on from nor
// removed.
bool HasFolderName(const fs::path& path) {
  int stage = 0;
  int64_t step = 0;
  const std::string name = path.filename().string();
  return std::sscanf(name.c_str(), "stage%d-%" SCNd64, &stage, &step) == 2 &&
         name == FolderName(stage, step);
}

std::vector<fs::path> Checkpoints(const std::string& output) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry :
       fs::directory_iterator(fs::path(output) / kFolder, ignored)) {
    if (HasFolderName(entry.path()) && fs::exists(entry.path() / "run.json")) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// What a run that was killed had begun to write.
void RemoveUnfinished(const fs::path& root) {
  std::vector<fs::path> unfinished;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.path().extension() == kTemporary) {
      unfinished.push_back(entry.path());
    }
  }
  for (const fs::path& path : unfinished) fs::remove_all(path);
}

std::string PositionToJson(const RunCheckpoint& checkpoint) {
  const RunPosition& p = checkpoint.position;
  return nlohmann::ordered_json{{"stage", p.stage},
                                {"step", p.step},
                                {"next_sequence", p.next_sequence},
                                {"seconds", p.seconds},
                                {"n_updates", checkpoint.n_updates}}
      .dump(2);
}

void ReadPosition(const std::string& path, RunCheckpoint* checkpoint) {
  RunPosition& p = checkpoint->position;
  try {
    const auto json =
        nlohmann::json::parse(ReadFile(path), LimitJsonDepth(path));
    p = {json.at("stage"), json.at("step"), json.at("next_sequence"),
         json.at("seconds")};
    checkpoint->n_updates = json.at("n_updates");
  } catch (const nlohmann::json::exception& e) {
    Fail("{}: {}", path, JsonReason(e));
  }
  if (p.stage < 1 || p.stage > 4) {
    Fail("{}: stage: expected 1 to 4, found {}", path, p.stage);
  }
  const int64_t least =
      std::min({p.step, p.next_sequence, checkpoint->n_updates});
  if (least < 0) {
    Fail("{}: expected counts of 0 or more, found {}", path, least);
  }
}

}  // namespace

void RefuseStudent(const std::string& folder) {
  for (const char* name : {"config.json", "model.safetensors"}) {
    const std::string path = folder + "/" + name;
    if (FileExists(path)) {
      Fail("{}: is there already; give another folder", path);
    }
  }
}

void WriteStudent(const std::string& folder, const ModelConfig& config,
                  const ParameterMap& parameters, const Tokenizer& tokenizer) {
  std::vector<TensorInfo> infos;
  const std::vector<TensorSpec> schema = Schema(config);
  for (const TensorSpec& spec : schema) {
    infos.push_back({TensorName(Layout::kHuggingFaceLlamba, spec.id),
                     DType::kF32, spec.shape});
  }
  SafetensorsWriter writer(folder + "/model.safetensors", infos,
                           {{"format", "pt"}});
  for (const TensorSpec& spec : schema) {
    writer.Append(Bytes(Contiguous(parameters.at(spec.id))));
  }
  writer.Commit();
  WriteFileAtomically(folder + "/config.json", ConfigToJson(config));
  WriteTokenizerFiles(tokenizer, folder);
}

void WriteCheckpoint(const std::string& output, const ModelConfig& config,
                     const RunCheckpoint& checkpoint,
                     const Tokenizer& tokenizer, int keep) {
  const fs::path root = fs::path(output) / kFolder;
  const fs::path name =
      root / FolderName(checkpoint.position.stage, checkpoint.position.step);
  const fs::path temporary = name.string() + kTemporary;
  fs::create_directories(root);
  RemoveUnfinished(root);
  fs::create_directory(temporary);
  WriteStudent(temporary.string(), config, checkpoint.precise, tokenizer);
  WriteFileAtomically((temporary / "recipe.json").string(),
                      RecipeToJson(checkpoint.recipe));
  if (checkpoint.optimizer) {
    WriteOptimizer((temporary / "optimizer.safetensors").string(),
                   *checkpoint.optimizer);
  }
  WriteFileAtomically((temporary / "run.json").string(),
                      PositionToJson(checkpoint));
  fs::remove_all(name);
  fs::rename(temporary, name);
  const std::vector<fs::path> all = Checkpoints(output);
  for (size_t i = 0; i + keep < all.size(); ++i) {
    std::error_code error;
    fs::remove_all(all[i], error);
    // The run is not worth ending for a folder too many.
    if (error) spdlog::warn("{}: {}", all[i].string(), error.message());
  }
}

std::optional<std::string> FindCheckpoint(const std::string& output) {
  const std::vector<fs::path> all = Checkpoints(output);
  if (all.empty()) return std::nullopt;
  return all.back().string();
}

RunCheckpoint ReadCheckpoint(const std::string& folder,
                             const ModelConfig& config) {
  RunCheckpoint checkpoint;
  ReadPosition(folder + "/run.json", &checkpoint);
  const std::string recipe = folder + "/recipe.json";
  checkpoint.recipe = RecipeFromJson(ReadFile(recipe), recipe);
  const Checkpoint model = OpenCheckpoint(folder);
  if (ConfigToJson(model.config) != ConfigToJson(config)) {
    Fail("{}/config.json: is not the student of this recipe and teacher",
         folder);
  }
  checkpoint.precise =
      LoadParameters(model, torch::TensorOptions(torch::kFloat32));
  const std::string optimizer = folder + "/optimizer.safetensors";
  if (FileExists(optimizer)) checkpoint.optimizer = ReadOptimizer(optimizer);
  return checkpoint;
}

}  // namespace llamba::distill
