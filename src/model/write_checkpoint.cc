#include <filesystem>

#include "base/error.h"
#include "formats/formats.h"
#include "model/tensor_source.h"

namespace llamba {
namespace {

class CheckpointSource : public TensorSource {
 public:
  explicit CheckpointSource(const Checkpoint& checkpoint)
      : checkpoint_(checkpoint) {}

  DType StoredType(const TensorSpec& spec) const override {
    const StoredTensor& tensor = Get(spec);
    return tensor.RawRow(0) == nullptr ? DType::kF32 : tensor.dtype();
  }
  const std::byte* RawRow(const TensorSpec& spec, int64_t row) const override {
    return Get(spec).RawRow(row);
  }
  void FillRow(const TensorSpec& spec, int64_t row,
               std::span<float> out) const override {
    Get(spec).DecodeRows(row, row + 1, out.data());
  }

 private:
  const StoredTensor& Get(const TensorSpec& spec) const {
    return checkpoint_.Get(spec.id.role, spec.id.layer);
  }
  const Checkpoint& checkpoint_;
};

std::string NameOf(const std::string& path) {
  std::error_code ignored;
  std::filesystem::path full = std::filesystem::weakly_canonical(path, ignored);
  if (full.filename().empty()) full = full.parent_path();
  return full.stem() == full.filename() || std::filesystem::is_directory(full)
             ? full.filename().string()
             : full.stem().string();
}

}  // namespace

void WriteGgufModel(const Checkpoint& checkpoint, const std::string& path,
                    std::optional<DType> dtype, const GgufMetadata& extra,
                    const WriteProgress& progress) {
  GgufMetadata named = extra;
  if (!named.Has("general.name")) {
    named.Set("general.name", NameOf(checkpoint.path));
  }
  WriteGguf(checkpoint.config, CheckpointSource(checkpoint), path, dtype, named,
            progress);
}

void WriteSafetensorsModel(const Checkpoint& checkpoint, const std::string& dir,
                           DType dtype, const WriteProgress& progress) {
  WriteSafetensors(checkpoint.config, CheckpointSource(checkpoint), dir, dtype,
                   progress);
}

}  // namespace llamba
