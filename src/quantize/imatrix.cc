#include "quantize/imatrix.h"

#include <cmath>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "formats/formats.h"
#include "quantize/imatrix_names.h"

namespace llamba {
namespace {

// Moments are large, and asked for once.
std::vector<float> Decode(const TensorFile& file, const TensorView& view) {
  std::vector<float> values(static_cast<size_t>(NumElements(view.shape)));
  DecodeRow(view.dtype, view.data, values);
  file.Release(view);
  return values;
}

// The first of the matrices that share an input.
std::string InputOwner(const std::string& matrix) {
  constexpr std::pair<std::string_view, std::string_view> kShared[] = {
      {"ffn_up", "ffn_gate"}, {"attn_k", "attn_q"}, {"attn_v", "attn_q"}};
  for (const auto& [one, owner] : kShared) {
    const std::string part = "." + std::string(one) + ".";
    const size_t at = matrix.find(part);
    if (at == std::string::npos) continue;
    return std::string(matrix).replace(at + 1, one.size(), owner);
  }
  return matrix;
}

}  // namespace

Imatrix Imatrix::Open(const std::string& path) {
  if (!FileExists(path)) Fail("{}: no such file", path);
  if (!IsGguf(path)) {
    Fail(
        "{}: expected an importance matrix in GGUF (`llamba imatrix` writes "
        "one), found another file",
        path);
  }
  Imatrix imatrix(ReadGguf(path));
  imatrix.path_ = path;
  const std::string type =
      imatrix.file_.metadata.GetStringOr("general.type", "model");
  if (type != kImatrixType) {
    Fail("{}: general.type: expected \"{}\", found \"{}\"", path, kImatrixType,
         type);
  }
  return imatrix;
}

bool Imatrix::Has(const std::string& matrix) const {
  return file_.tensors.Find(matrix + kSumsSuffix) != nullptr;
}

std::vector<float> Imatrix::Importance(const std::string& matrix,
                                       int64_t cols) const {
  const std::string name = matrix + kSumsSuffix;
  const TensorView* sums = file_.tensors.Find(name);
  if (sums == nullptr) {
    Fail("{}: expected a tensor {}, found none: gathered from another model?",
         path_, name);
  }
  if (sums->dtype != DType::kF32 || NumElements(sums->shape) != cols) {
    Fail("{}: {}: expected F32 for {} columns, found {} {}", path_, name, cols,
         DTypeName(sums->dtype), ShapeString(sums->shape));
  }
  std::vector<float> importance = Decode(file_.tensors, *sums);
  double total = 0;
  for (const float value : importance) {
    if (!std::isfinite(value) || value < 0) {
      Fail("{}: {}: expected sums of squares, found {}", path_, name, value);
    }
    total += value;
  }
  const double mean = total / static_cast<double>(cols);
  if (mean == 0) return std::vector<float>(importance.size(), 1.0f);
  for (float& value : importance) {
    value = static_cast<float>(value / mean);
  }
  return importance;
}

std::vector<float> Imatrix::Moments(const std::string& matrix,
                                    int64_t cols) const {
  const std::string name = InputOwner(matrix) + kMomentsSuffix;
  const TensorView* view = file_.tensors.Find(name);
  if (view == nullptr) return {};
  if (view->dtype != DType::kF32 || view->shape != Shape{cols, cols}) {
    Fail("{}: {}: expected F32 ({}, {}), found {} {}", path_, name, cols, cols,
         DTypeName(view->dtype), ShapeString(view->shape));
  }
  std::vector<float> moments = Decode(file_.tensors, *view);
  double trace = 0;
  for (int64_t i = 0; i < cols; ++i) {
    const float square = moments[static_cast<size_t>(i * cols + i)];
    if (!(square >= 0)) {
      Fail("{}: {}: expected a positive diagonal, found {} in row {}", path_,
           name, square, i);
    }
    trace += square;
  }
  if (!std::isfinite(trace)) {
    Fail("{}: {}: expected finite sums, found {}", path_, name, trace);
  }
  if (trace == 0) return {};
  const double scale = static_cast<double>(cols) / trace;
  for (float& value : moments) value = static_cast<float>(value * scale);
  return moments;
}

}  // namespace llamba
