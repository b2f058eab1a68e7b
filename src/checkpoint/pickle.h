#ifndef LLAMBA_CHECKPOINT_PICKLE_H_
#define LLAMBA_CHECKPOINT_PICKLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor_view.h"

namespace llamba {

// What torch.save's pickle says of one tensor. Its numbers are as the file has
// them: whoever uses them checks them against the storage's bytes. The texts
// point into the pickle.
struct PickledTensor {
  std::string_view name;
  DType dtype;
  std::string_view storage;  // the key of the member that holds the bytes
  int64_t storage_elements;  // values in that storage
  int64_t offset;            // of the first value, in values
  Shape shape;
  std::vector<int64_t> strides;  // in values, one a dimension
};

// The tensors of a pickled dictionary {name: tensor}, in its order. A machine
// for those opcodes, and for calls of those globals alone, that such a
// dictionary needs; throws Error naming `path` and the first other one. Nothing
// is imported or called. Memory is linear in the pickle's size.
std::vector<PickledTensor> ReadPickledTensors(const std::string& path,
                                              std::span<const std::byte> bytes);

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_PICKLE_H_
