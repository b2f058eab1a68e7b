#include "base/file.h"
#include "model/checkpoint_builder.h"
#include "model/readers.h"

namespace llamba {

Checkpoint ReadHuggingFace(std::shared_ptr<const TensorFile> file,
                           const std::string& config_path) {
  ModelConfig config = ParseConfigJson(ReadFile(config_path), config_path);
  // An all-attention model may have either family's names.
  const TensorId embedding{TensorRole::kEmbedding};
  const bool llama =
      config.FitsLlama() &&
      file->Find(TensorName(Layout::kHuggingFaceLlamba, embedding)) == nullptr;
  const Layout layout =
      llama ? Layout::kHuggingFaceLlama : Layout::kHuggingFaceLlamba;
  CheckpointBuilder builder(
      std::move(file), std::move(config),
      llama ? "Hugging Face, llama" : "Hugging Face, llamba");
  builder.AddAll([&](const TensorId& id) { return TensorName(layout, id); });
  builder.DropTiedHead(TensorName(layout, {TensorRole::kHead}),
                       TensorName(layout, embedding));
  return builder.Build();
}

}  // namespace llamba
