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
    return Get(spec).GgufType();
  }
  bool CopyRow(const TensorSpec& spec, DType dtype, int64_t row,
               std::byte* out) const override {
    return Get(spec).CopyRow(dtype, row, out);
  }
  void FillRow(const TensorSpec& spec, int64_t row,
               std::span<float> out) const override {
    Get(spec).DecodeRows(row, row + 1, out.data());
  }
  void Release(const TensorSpec& spec) const override {
    checkpoint_.file->Release(Get(spec).data());
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

GgufMetadata Named(GgufMetadata metadata, const Checkpoint& checkpoint) {
  if (!metadata.Has("general.name")) {
    metadata.Set("general.name", NameOf(checkpoint.path));
  }
  return metadata;
}

}  // namespace

void WriteGgufModel(const Checkpoint& checkpoint, const std::string& path,
                    std::optional<DType> dtype, const GgufMetadata& extra,
                    const WriteProgress& progress) {
  WriteGguf(checkpoint.config, CheckpointSource(checkpoint), path, dtype,
            Named(extra, checkpoint), progress);
}

void WriteGgufModel(const Checkpoint& checkpoint, const std::string& path,
                    MatrixCoder& coder, const GgufMetadata& extra,
                    const WriteProgress& progress) {
  WriteGguf(checkpoint.config, CheckpointSource(checkpoint), path, coder,
            Named(extra, checkpoint), progress);
}

void WriteSafetensorsModel(const Checkpoint& checkpoint, const std::string& dir,
                           DType dtype, const WriteProgress& progress) {
  WriteSafetensors(checkpoint.config, CheckpointSource(checkpoint), dir, dtype,
                   progress);
}

}  // namespace llamba
