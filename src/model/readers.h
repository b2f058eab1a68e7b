#ifndef LLAMBA_MODEL_READERS_H_
#define LLAMBA_MODEL_READERS_H_

#include <memory>
#include <string>

#include "model/checkpoint.h"

// One function a layout that OpenCheckpoint chooses between; each stands in
// its layout's file.
namespace llamba {

Checkpoint ReadHuggingFace(std::shared_ptr<const TensorFile> file,
                           const std::string& config_path);

// True for the tensor names of the MLX layout, whatever the class.
bool IsMlx(const TensorFile& file);
Checkpoint ReadMlx(std::shared_ptr<const TensorFile> file);

// Any GGUF: by general.architecture, llamba or llama.
Checkpoint ReadGgufModel(GgufFile gguf, const std::string& path);

}  // namespace llamba

#endif  // LLAMBA_MODEL_READERS_H_
