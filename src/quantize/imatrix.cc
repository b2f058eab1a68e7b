#include "quantize/imatrix.h"

#include <cmath>

#include "base/error.h"
#include "formats/formats.h"
#include "quantize/imatrix_names.h"

namespace llamba {
namespace {

std::vector<float> Decode(const TensorView& view) {
  std::vector<float> values(static_cast<size_t>(NumElements(view.shape)));
  DecodeRow(view.dtype, view.data, values);
  return values;
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
  std::vector<float> importance = Decode(*sums);
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

}  // namespace llamba
