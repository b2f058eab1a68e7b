#include "base/error.h"
#include "model/checkpoint_builder.h"
#include "model/gguf_model.h"
#include "model/readers.h"

namespace llamba {

Checkpoint ReadGgufModel(GgufFile gguf, const std::string& path) {
  const std::string arch = gguf.metadata.GetString("general.architecture");
  if (arch != "llama" && arch != "llamba") {
    Fail("{}: general.architecture: expected llama or llamba, found \"{}\"",
         path, arch);
  }
  const bool llama = arch == "llama";
  ModelConfig config = llama ? ReadLlamaKeys(gguf) : ReadLlambaKeys(gguf);
  ValidateConfig(config, path);
  const Layout layout = llama ? Layout::kGgufLlama : Layout::kGgufLlamba;
  CheckpointBuilder builder(
      std::make_shared<const TensorFile>(std::move(gguf.tensors)),
      std::move(config), "GGUF, " + arch);
  builder.AddAll([&](const TensorId& id) { return TensorName(layout, id); });
  builder.Ignore(kRopeFreqs);
  builder.InterleaveRotary();
  Checkpoint checkpoint = builder.Build();
  checkpoint.path = path;
  checkpoint.gguf = std::move(gguf.metadata);
  return checkpoint;
}

}  // namespace llamba
