#ifndef LLAMBA_CHECKPOINT_PYTORCH_ZIP_H_
#define LLAMBA_CHECKPOINT_PYTORCH_ZIP_H_

#include <string>

#include "checkpoint/tensor_file.h"

namespace llamba {

// Reads a `pytorch_model.bin` as torch.save writes it since 1.6: a zip of
// stored (uncompressed) members with a pickled dictionary of tensors in
// data.pkl. The pickle is interpreted by a small machine that knows only what
// such a dictionary needs (torch._utils._rebuild_tensor_v2, storages,
// OrderedDict); any other global is refused by name. Nothing is ever executed.
TensorFile ReadPyTorchZip(const std::string& path);

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_PYTORCH_ZIP_H_
