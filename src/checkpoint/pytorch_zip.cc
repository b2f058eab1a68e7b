#include "checkpoint/pytorch_zip.h"

#include <cstring>

#include "base/aligned_buffer.h"
#include "base/error.h"
#include "checkpoint/parse.h"
#include "checkpoint/pickle.h"
#include "checkpoint/printable.h"
#include "checkpoint/zip_archive.h"
#include "formats/formats.h"

namespace llamba {
namespace {

constexpr std::string_view kPickleName = "data.pkl";

// One dimension with more than one value.
struct Axis {
  int64_t size, stride;
};

// Reads the storages of one archive. Copies what is not contiguous.
class TensorBuilder {
 public:
  TensorBuilder(const std::string& path, const ZipArchive& archive,
                std::string prefix, size_t copy_budget)
      : path_(path),
        archive_(archive),
        prefix_(std::move(prefix)),
        copy_budget_(copy_budget) {}

  // Adds the tensor, and the owner of its copy if there is one.
  void Add(const PickledTensor& tensor, TensorFile& file);

 private:
  template <typename... Args>
  [[noreturn]] void Refuse(const PickledTensor& tensor,
                           fmt::format_string<Args...> format,
                           Args&&... args) const {
    Fail("{}: tensor '{}': {}", path_, Printable(tensor.name),
         fmt::format(format, std::forward<Args>(args)...));
  }

  std::span<const std::byte> StorageBytes(const PickledTensor& tensor) const;
  std::vector<Axis> CheckedAxes(const PickledTensor& tensor) const;
  const std::byte* Gather(const PickledTensor& tensor,
                          const std::vector<Axis>& axes,
                          const std::byte* source, size_t bytes,
                          TensorFile& file);

  const std::string& path_;
  const ZipArchive& archive_;
  std::string prefix_;
  size_t copy_budget_;
};

std::span<const std::byte> TensorBuilder::StorageBytes(
    const PickledTensor& tensor) const {
  const auto needed = RowBytes(tensor.dtype, tensor.storage_elements);
  const auto bytes =
      archive_.Read(fmt::format("{}data/{}", prefix_, tensor.storage));
  if (!needed || bytes.size() < *needed) {
    Refuse(tensor,
           "a storage of {} {} values does not fit the {} bytes of "
           "'data/{}'",
           tensor.storage_elements, DTypeName(tensor.dtype), bytes.size(),
           Printable(tensor.storage));
  }
  return bytes.first(*needed);
}

// The axes, outermost first, once every value is known to lie in the storage.
std::vector<Axis> TensorBuilder::CheckedAxes(
    const PickledTensor& tensor) const {
  const Shape& shape = tensor.shape;
  if (shape.size() != tensor.strides.size()) {
    Refuse(tensor, "shape {} has {} strides", ShapeString(shape),
           tensor.strides.size());
  }
  std::vector<Axis> axes;
  bool possible = tensor.offset >= 0;
  int64_t last = tensor.offset;  // index of the last value
  for (size_t i = 0; i < shape.size(); ++i) {
    possible = possible && shape[i] >= 0 && tensor.strides[i] >= 0;
    if (!possible || shape[i] <= 1) continue;
    axes.push_back({shape[i], tensor.strides[i]});
    int64_t reach = 0;
    possible =
        !__builtin_mul_overflow(shape[i] - 1, tensor.strides[i], &reach) &&
        !__builtin_add_overflow(last, reach, &last);
  }
  const int64_t count = possible ? CheckedNumElements(shape) : -1;
  // An empty tensor has no last value.
  if (count < 0 || tensor.offset > tensor.storage_elements ||
      (count > 0 && last >= tensor.storage_elements)) {
    Refuse(tensor,
           "offset {}, shape {} and strides {} do not fit its storage "
           "of {} values",
           tensor.offset, ShapeString(shape), ShapeString(tensor.strides),
           tensor.storage_elements);
  }
  return axes;
}

bool IsContiguous(const std::vector<Axis>& axes) {
  int64_t stride = 1;
  for (size_t i = axes.size(); i-- > 0;) {
    if (axes[i].stride != stride) return false;
    stride *= axes[i].size;
  }
  return true;
}

// Copies values of `size` bytes in row-major order; returns where it stopped.
std::byte* CopyStrided(const std::byte* source, std::span<const Axis> axes,
                       size_t size, std::byte* out) {
  if (axes.empty()) {
    std::memcpy(out, source, size);
    return out + size;
  }
  for (int64_t i = 0; i < axes[0].size; ++i) {
    out = CopyStrided(source, axes.subspan(1), size, out);
    source += static_cast<size_t>(axes[0].stride) * size;
  }
  return out;
}

const std::byte* TensorBuilder::Gather(const PickledTensor& tensor,
                                       const std::vector<Axis>& axes,
                                       const std::byte* source, size_t bytes,
                                       TensorFile& file) {
  // What repeats values (stride 0) or is copied often could ask for more memory
  // than the file has bytes.
  if (bytes > copy_budget_) {
    Refuse(tensor,
           "shape {} with strides {} cannot be copied into order: its "
           "{} bytes exceed what the file holds",
           ShapeString(tensor.shape), ShapeString(tensor.strides), bytes);
  }
  copy_budget_ -= bytes;
  auto copy = std::make_shared<AlignedBuffer<std::byte>>(bytes);
  CopyStrided(source, axes,
              static_cast<size_t>(GetBlockSize(tensor.dtype).bytes),
              copy->data());
  const std::byte* data = copy->data();
  file.KeepAlive(std::move(copy));
  return data;
}

void TensorBuilder::Add(const PickledTensor& tensor, TensorFile& file) {
  const auto storage = StorageBytes(tensor);
  const std::vector<Axis> axes = CheckedAxes(tensor);
  const auto bytes = TensorBytes(tensor.dtype, tensor.shape);
  if (!bytes)
    Refuse(tensor, "shape {} is too large", ShapeString(tensor.shape));
  const std::byte* data =
      storage.data() + *RowBytes(tensor.dtype, tensor.offset);
  if (*bytes != 0 && !IsContiguous(axes)) {
    data = Gather(tensor, axes, data, *bytes, file);
  }
  file.Add(
      {std::string(tensor.name), {tensor.dtype, tensor.shape, data, *bytes}});
}

void CheckByteOrder(const std::string& path, const ZipArchive& archive,
                    const std::string& prefix) {
  const std::string name = prefix + "byteorder";
  if (!archive.Has(name)) return;  // older files have none: little endian
  const auto bytes = archive.Read(name);
  const std::string_view order(reinterpret_cast<const char*>(bytes.data()),
                               bytes.size());
  if (order != "little") {
    Fail("{}: expected little-endian data, found byteorder '{}'", path,
         Printable(order));
  }
}

}  // namespace

TensorFile ParsePyTorchZip(const std::string& path,
                           std::span<const std::byte> bytes) {
  const ZipArchive archive(path, bytes);
  const std::string name =
      archive.OnlyNameEndingWith(fmt::format("/{}", kPickleName));
  const std::string prefix = name.substr(0, name.size() - kPickleName.size());
  CheckByteOrder(path, archive, prefix);
  TensorBuilder builder(path, archive, prefix, bytes.size());
  TensorFile file(path);
  for (const PickledTensor& tensor :
       ReadPickledTensors(path, archive.Read(name))) {
    builder.Add(tensor, file);
  }
  return file;
}

TensorFile ReadPyTorchZip(const std::string& path) {
  auto mapped = MappedFile::Open(path);
  TensorFile file = ParsePyTorchZip(path, mapped->bytes());
  file.KeepAlive(std::move(mapped));
  return file;
}

}  // namespace llamba
