#ifndef LLAMBA_CHECKPOINT_PARSE_H_
#define LLAMBA_CHECKPOINT_PARSE_H_

#include <cstddef>
#include <span>
#include <string>

#include "checkpoint/gguf.h"
#include "checkpoint/tensor_file.h"

namespace llamba {

// The readers without their files, for tests and fuzzing: `path` only names the
// bytes in errors. Views point into `bytes`, which must outlive the result.
TensorFile ParseSafetensors(const std::string& path,
                            std::span<const std::byte> bytes);
GgufFile ParseGguf(const std::string& path, std::span<const std::byte> bytes);
TensorFile ParsePyTorchZip(const std::string& path,
                           std::span<const std::byte> bytes);

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_PARSE_H_
