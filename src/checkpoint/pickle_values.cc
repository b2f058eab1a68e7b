#include "checkpoint/pickle_values.h"

#include <array>

namespace llamba::pickle {
namespace {

struct KnownStorage {
  std::string_view name;
  DType dtype;
};

// Classes of module torch.
constexpr std::array<KnownStorage, 10> kStorages{{
    {"FloatStorage", DType::kF32},
    {"HalfStorage", DType::kF16},
    {"BFloat16Storage", DType::kBF16},
    {"DoubleStorage", DType::kF64},
    {"CharStorage", DType::kI8},
    {"ShortStorage", DType::kI16},
    {"IntStorage", DType::kI32},
    {"LongStorage", DType::kI64},
    {"ByteStorage", DType::kU8},
    {"BoolStorage", DType::kBool},
}};

struct KnownCallable {
  std::string_view module, name;
  Callable callable;
};

// restore_type_tag is what libtorch's C++ writer adds.
constexpr std::array<KnownCallable, 4> kCallables{{
    {"collections", "OrderedDict", Callable::kOrderedDict},
    {"torch._utils", "_rebuild_tensor_v2", Callable::kRebuildTensor},
    {"torch._utils", "_rebuild_parameter", Callable::kFirstArgument},
    {"torch.jit._pickle", "restore_type_tag", Callable::kFirstArgument},
}};

}  // namespace

std::string_view KindName(const Value& value) {
  static constexpr std::array<std::string_view, std::variant_size_v<Value>>
      kNames{"None",         "a boolean",  "a whole number",
             "a number",     "a string",   "a tuple or list",
             "a dictionary", "a function", "a storage's class",
             "a storage",    "a tensor"};
  return kNames[value.index()];
}

std::optional<Value> FindGlobal(std::string_view module,
                                std::string_view name) {
  for (const KnownCallable& known : kCallables) {
    if (known.module == module && known.name == name) return known.callable;
  }
  if (module != "torch") return std::nullopt;
  for (const KnownStorage& known : kStorages) {
    if (known.name == name) return StorageType{known.dtype};
  }
  return std::nullopt;
}

}  // namespace llamba::pickle
