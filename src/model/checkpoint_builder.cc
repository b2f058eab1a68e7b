#include "model/checkpoint_builder.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "formats/formats.h"

namespace llamba {
namespace {

// Types whose elements are numbers that DecodeRow gives as floats.
bool HoldsNumbers(DType dtype) {
  return IsFloat(dtype) || dtype == DType::kF64 ||
         GetBlockSize(dtype).elements > 1;
}

Shape WithoutOnes(const Shape& shape) {
  Shape kept;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(kept),
               [](int64_t n) { return n != 1; });
  return kept;
}

// Every so many bytes, so that two heads of a gigabyte compare in a blink: a
// head that was trained apart differs almost everywhere.
bool SameBytes(const TensorView& a, const TensorView& b) {
  constexpr size_t kPiece = 64, kPieces = 4096;
  if (a.dtype != b.dtype || a.bytes != b.bytes) return false;
  if (a.data == b.data) return true;
  const size_t step = std::max(kPiece, a.bytes / kPieces);
  for (size_t at = 0; at < a.bytes; at += step) {
    const size_t n = std::min(kPiece, a.bytes - at);
    if (std::memcmp(a.data + at, b.data + at, n) != 0) return false;
  }
  return true;
}

}  // namespace

CheckpointBuilder::CheckpointBuilder(std::shared_ptr<const TensorFile> file,
                                     ModelConfig config, std::string layout) {
  checkpoint_.path = file->path();
  checkpoint_.file = std::move(file);
  checkpoint_.config = std::move(config);
  checkpoint_.layout = std::move(layout);
}

void CheckpointBuilder::CheckShape(const std::string& name,
                                   const TensorView& view,
                                   const Shape& shape) const {
  if (WithoutOnes(view.shape) == WithoutOnes(shape)) return;
  Fail("{}: {}: expected shape {} by the config, found {}", checkpoint_.path,
       name, ShapeString(shape), ShapeString(view.shape));
}

const TensorView& CheckpointBuilder::Require(const std::string& name,
                                             const Shape& shape) {
  const TensorView* view = checkpoint_.file->Find(name);
  if (view == nullptr) {
    Fail("{}: expected a tensor {} of shape {}, found none", checkpoint_.path,
         name, ShapeString(shape));
  }
  used_.insert(name);
  return *view;
}

void CheckpointBuilder::Add(const TensorSpec& spec, const std::string& name) {
  const TensorView& view = Require(name, spec.shape);
  CheckShape(name, view, spec.shape);
  if (!HoldsNumbers(view.dtype)) {
    Fail("{}: {}: expected floating-point or quantised values, found {}",
         checkpoint_.path, name, DTypeName(view.dtype));
  }
  // Quantised rows are cut along the file's last dimension, which is ours only
  // where no dimension of 1 stands behind it.
  if (!RowBytes(view.dtype, spec.shape.back()) ||
      (view.shape != spec.shape && GetBlockSize(view.dtype).elements > 1)) {
    Fail("{}: {}: expected rows of {} values, found {} of shape {}",
         checkpoint_.path, name, spec.shape.back(), DTypeName(view.dtype),
         ShapeString(view.shape));
  }
  StoredTensor tensor;
  tensor.shape_ = spec.shape;
  tensor.name_ = name;
  tensor.data_ = view;
  checkpoint_.tensors.emplace(spec.id, std::move(tensor));
}

void CheckpointBuilder::AddMlx(const TensorSpec& spec,
                               const std::string& name) {
  constexpr std::string_view kWeight = ".weight";
  const std::string layer = name.ends_with(kWeight)
                                ? name.substr(0, name.size() - kWeight.size())
                                : name;
  const std::string scales_name = layer + ".scales";
  if (!spec.is_matrix || checkpoint_.file->Find(scales_name) == nullptr) {
    Add(spec, name);
    return;
  }
  const int64_t rows = spec.shape[0], cols = spec.shape[1];
  const TensorView& words = Require(name, {rows, cols / 8});
  const TensorView& scales = Require(scales_name, {rows, cols / 64});
  const TensorView& offsets = Require(layer + ".biases", scales.shape);
  const auto is_table = [&](const TensorView& view) {
    return view.shape.size() == 2 && view.shape[0] == rows &&
           view.shape[1] > 0 && view.shape[1] <= cols;
  };
  if (!is_table(words) || words.dtype != DType::kU32 || !is_table(scales) ||
      scales.shape != offsets.shape || !IsFloat(scales.dtype) ||
      !IsFloat(offsets.dtype)) {
    Fail(
        "{}: {}: expected groups of {} rows (U32 words, scales, biases), found "
        "{} {}, {} {}, {} {}",
        checkpoint_.path, name, rows, DTypeName(words.dtype),
        ShapeString(words.shape), DTypeName(scales.dtype),
        ShapeString(scales.shape), DTypeName(offsets.dtype),
        ShapeString(offsets.shape));
  }
  const int64_t bits = 32 * words.shape[1] / cols;
  if ((bits != 4 && bits != 8) || bits * cols != 32 * words.shape[1] ||
      cols % scales.shape[1] != 0) {
    Fail(
        "{}: {}: expected {} columns in words of 4 or 8 bits a value, found {} "
        "words and {} groups a row",
        checkpoint_.path, name, cols, words.shape[1], scales.shape[1]);
  }
  StoredTensor tensor;
  tensor.shape_ = spec.shape;
  tensor.name_ = name;
  tensor.data_ = words;
  tensor.scales_ = scales;
  tensor.offsets_ = offsets;
  tensor.mlx_bits_ = static_cast<int>(bits);
  checkpoint_.tensors.emplace(spec.id, std::move(tensor));
}

void CheckpointBuilder::AddAll(Namer name) {
  for (const TensorSpec& spec : Schema(checkpoint_.config)) {
    Add(spec, name(spec.id));
  }
}

void CheckpointBuilder::AddAllMlx(Namer name) {
  for (const TensorSpec& spec : Schema(checkpoint_.config)) {
    AddMlx(spec, name(spec.id));
  }
}

void CheckpointBuilder::InterleaveRotary() {
  const AttentionConfig& attention = checkpoint_.config.attention;
  for (auto& [id, tensor] : checkpoint_.tensors) {
    if (id.role == TensorRole::kAttnQ || id.role == TensorRole::kAttnQBias) {
      tensor.interleaved_heads_ = attention.n_heads;
    }
    if (id.role == TensorRole::kAttnK || id.role == TensorRole::kAttnKBias) {
      tensor.interleaved_heads_ = attention.n_kv_heads;
    }
  }
}

void CheckpointBuilder::DropTiedHead(const std::string& head,
                                     const std::string& embedding) {
  const TensorView* head_view = checkpoint_.file->Find(head);
  const TensorView* embedding_view = checkpoint_.file->Find(embedding);
  if (!checkpoint_.config.tie_embeddings || head_view == nullptr ||
      embedding_view == nullptr) {
    return;
  }
  if (!SameBytes(*head_view, *embedding_view)) {
    Fail(
        "{}: the config ties the head to the embedding, but {} differs from "
        "{}: expected the same values or no such tensor",
        checkpoint_.path, head, embedding);
  }
  used_.insert(head);
}

void CheckpointBuilder::WarnUnused() const {
  size_t n = 0;
  std::string first;
  for (const NamedTensor& tensor : checkpoint_.file->tensors()) {
    // Old transformers saved the rotary frequencies; they follow from the
    // config.
    if (used_.contains(tensor.name) ||
        tensor.name.ends_with(".rotary_emb.inv_freq")) {
      continue;
    }
    if (n++ == 0) first = tensor.name;
  }
  if (n == 0) return;
  spdlog::warn("{}: {} tensor{} ignored that no such model has: {}{}",
               checkpoint_.path, n, n == 1 ? "" : "s", first,
               n == 1 ? "" : ", ...");
}

Checkpoint CheckpointBuilder::Build() {
  WarnUnused();
  return std::move(checkpoint_);
}

}  // namespace llamba
