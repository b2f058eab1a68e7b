#ifndef LLAMBA_CHECKPOINT_PICKLE_VALUES_H_
#define LLAMBA_CHECKPOINT_PICKLE_VALUES_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/tensor_view.h"

// The values of the pickle machine. They stand in one array and refer to each
// other by index, so that no nesting or cycle that a file makes can overflow
// the stack or leak.
namespace llamba::pickle {

using Id = uint32_t;

struct None {};
struct Sequence {  // a tuple or a list
  std::vector<Id> items;
};
struct Dictionary {
  std::vector<std::pair<Id, Id>> items;
};
// What a call of a known global gives: an empty dictionary, a tensor, or its
// first argument (wrappers that add nothing to a tensor or a dictionary).
enum class Callable { kOrderedDict, kRebuildTensor, kFirstArgument };
struct StorageType {
  DType dtype;
};
struct Storage {
  DType dtype;
  std::string_view key;
  int64_t elements;
};
struct Tensor {
  Storage storage;
  int64_t offset;
  Shape shape;
  std::vector<int64_t> strides;
};

using Value =
    std::variant<None, bool, int64_t, double, std::string_view, Sequence,
                 Dictionary, Callable, StorageType, Storage, Tensor>;

// "a string", "a tensor": for errors.
std::string_view KindName(const Value& value);

// The meaning of a global's module and name; empty for all but the few that a
// dictionary of tensors needs.
std::optional<Value> FindGlobal(std::string_view module, std::string_view name);

}  // namespace llamba::pickle

#endif  // LLAMBA_CHECKPOINT_PICKLE_VALUES_H_
