#include <cmath>
#include <limits>
#include <unordered_set>

#include "base/error.h"
#include "checkpoint/gguf.h"
#include "checkpoint/gguf_types.h"
#include "formats/formats.h"

namespace llamba {
namespace {

using gguf::AlignUp;
using gguf::ValueType;

// Little-endian output of a file's head.
class HeadWriter {
 public:
  template <typename T>
  void Put(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void Put(ValueType type) { Put(static_cast<uint32_t>(type)); }
  void PutString(std::string_view text) {
    Put(static_cast<uint64_t>(text.size()));
    text_ += text;
  }
  void PutBytes(std::string_view bytes) { text_ += bytes; }
  void PadTo(uint64_t alignment) {
    text_.resize(AlignUp(text_.size(), alignment), '\0');
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

template <typename T>
constexpr bool Fits(int64_t value) {
  return value >= std::numeric_limits<T>::min() &&
         value <= std::numeric_limits<T>::max();
}

bool FitsFloat(double value) {
  return !std::isfinite(value) ||
         std::fabs(value) <= std::numeric_limits<float>::max();
}

// Writes the type of a value and the value: the narrowest that the contract
// names.
struct ValueWriter {
  HeadWriter& head;

  template <typename T>
  void Typed(ValueType type, T value) const {
    head.Put(type);
    head.Put(value);
  }

  void operator()(uint64_t value) const {
    if (value <= std::numeric_limits<uint32_t>::max()) {
      Typed(ValueType::kU32, static_cast<uint32_t>(value));
    } else {
      Typed(ValueType::kU64, value);
    }
  }
  void operator()(int64_t value) const {
    if (value >= 0) {
      (*this)(static_cast<uint64_t>(value));
    } else if (Fits<int32_t>(value)) {
      Typed(ValueType::kI32, static_cast<int32_t>(value));
    } else {
      Typed(ValueType::kI64, value);
    }
  }
  void operator()(double value) const {
    if (FitsFloat(value)) {
      Typed(ValueType::kF32, static_cast<float>(value));
    } else {
      Typed(ValueType::kF64, value);
    }
  }
  void operator()(bool value) const {
    Typed(ValueType::kBool, static_cast<uint8_t>(value));
  }
  void operator()(const std::string& value) const {
    head.Put(ValueType::kString);
    head.PutString(value);
  }

  template <typename Stored, typename Values>
  void Array(ValueType type, const Values& values) const {
    head.Put(ValueType::kArray);
    head.Put(type);
    head.Put(static_cast<uint64_t>(values.size()));
    for (const auto value : values) head.Put(static_cast<Stored>(value));
  }

  void operator()(const std::vector<int64_t>& values) const {
    bool narrow = true;
    for (int64_t value : values) narrow = narrow && Fits<int32_t>(value);
    if (narrow) {
      Array<int32_t>(ValueType::kI32, values);
    } else {
      Array<int64_t>(ValueType::kI64, values);
    }
  }
  void operator()(const std::vector<double>& values) const {
    bool narrow = true;
    for (double value : values) narrow = narrow && FitsFloat(value);
    if (narrow) {
      Array<float>(ValueType::kF32, values);
    } else {
      Array<double>(ValueType::kF64, values);
    }
  }
  void operator()(const std::vector<bool>& values) const {
    Array<uint8_t>(ValueType::kBool, values);
  }
  void operator()(const std::vector<std::string>& values) const {
    head.Put(ValueType::kArray);
    head.Put(ValueType::kString);
    head.Put(static_cast<uint64_t>(values.size()));
    for (const std::string& value : values) head.PutString(value);
  }
};

void PutMetadata(HeadWriter& head, const GgufMetadata& metadata) {
  const bool has_alignment = metadata.Has(gguf::kAlignmentKey);
  head.Put(static_cast<uint64_t>(metadata.entries().size() -
                                 (has_alignment ? 1 : 0)));
  for (const auto& [key, value] : metadata.entries()) {
    if (key == gguf::kAlignmentKey) continue;
    head.PutString(key);
    std::visit(ValueWriter{head}, value);
  }
}

uint32_t CheckTensor(const std::string& path, const TensorInfo& tensor) {
  if (tensor.name.size() > gguf::kMaxNameBytes) {
    Fail("{}: tensor '{}': expected a name of at most {} bytes, found {}", path,
         tensor.name, gguf::kMaxNameBytes, tensor.name.size());
  }
  if (tensor.shape.size() > gguf::kMaxDimensions) {
    Fail("{}: tensor '{}': expected at most {} dimensions, found {}", path,
         tensor.name, gguf::kMaxDimensions, ShapeString(tensor.shape));
  }
  const auto type = gguf::TensorTypeNumber(tensor.dtype);
  if (!type) {
    Fail("{}: tensor '{}': GGUF cannot hold type {}", path, tensor.name,
         DTypeName(tensor.dtype));
  }
  if (!TensorBytes(tensor.dtype, tensor.shape)) {
    Fail(
        "{}: tensor '{}': shape {}: expected rows of whole {} blocks ({} "
        "values)",
        path, tensor.name, ShapeString(tensor.shape), DTypeName(tensor.dtype),
        GetBlockSize(tensor.dtype).elements);
  }
  return *type;
}

void PutTensors(HeadWriter& head, const std::string& path,
                const std::vector<TensorInfo>& tensors) {
  std::unordered_set<std::string_view> names;
  uint64_t offset = 0;
  for (const TensorInfo& tensor : tensors) {
    const uint32_t type = CheckTensor(path, tensor);
    if (!names.insert(tensor.name).second) {
      Fail("{}: tensor '{}' occurs twice", path, tensor.name);
    }
    head.PutString(tensor.name);
    head.Put(static_cast<uint32_t>(tensor.shape.size()));
    for (size_t i = tensor.shape.size(); i-- > 0;) {
      head.Put(static_cast<uint64_t>(tensor.shape[i]));
    }
    head.Put(type);
    head.Put(offset);
    offset = AlignUp(offset + *TensorBytes(tensor.dtype, tensor.shape),
                     gguf::kAlignment);
  }
}

}  // namespace

GgufWriter::GgufWriter(const std::string& path, const GgufMetadata& metadata,
                       const std::vector<TensorInfo>& tensors)
    : TensorWriter(path, tensors, gguf::kAlignment) {
  HeadWriter head;
  head.PutBytes({gguf::kMagic, sizeof gguf::kMagic});
  head.Put(gguf::kVersion);
  head.Put(static_cast<uint64_t>(tensors.size()));
  PutMetadata(head, metadata);
  PutTensors(head, path, tensors);
  head.PadTo(gguf::kAlignment);
  WriteHead(head.text());
}

}  // namespace llamba
