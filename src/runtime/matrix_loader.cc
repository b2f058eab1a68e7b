#include "runtime/matrix_loader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "formats/formats.h"
#include "kernels/panels/panels.h"

namespace llamba {
namespace {

// Values that one task decodes: enough to be worth a task, few enough that the
// last one keeps no thread waiting.
constexpr int64_t kTaskValues = 1 << 18;

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

void CheckFits(const StoredTensor& tensor, const std::string& path,
               std::span<const float> values) {
  constexpr float kLargestHalf = 65504;
  for (float value : values) {
    if (std::isfinite(value) && std::fabs(value) > kLargestHalf) {
      Fail("{}: {}: {} does not fit F16 (largest {}): use F32 or BF16", path,
           tensor.name(), value, kLargestHalf);
    }
  }
}

// What panels a block type is multiplied in: its own, or for those that have
// none the finest that has. Empty: none.
std::optional<DType> PanelType(const StoredTensor& tensor) {
  const DType type = tensor.GgufType();
  if (GetBlockSize(type).elements == 1) return std::nullopt;
  return HasPanels(type) ? type : DType::kQ8_0;
}

// Cuts n units of `values` values each into tasks and calls fn(begin, end).
void ForUnits(ThreadPool& pool, int64_t n, int64_t values,
              FunctionRef<void(int64_t begin, int64_t end)> fn) {
  const int64_t units =
      std::max<int64_t>(1, kTaskValues / std::max<int64_t>(1, values));
  pool.Run(CeilDiv(n, units), [&](int64_t task) {
    fn(task * units, std::min(n, (task + 1) * units));
  });
}

}  // namespace

MatrixLoader::MatrixLoader(const Checkpoint& checkpoint,
                           std::optional<DType> dtype, ThreadPool& pool)
    : checkpoint_(checkpoint), dtype_(dtype), pool_(pool) {
  if (dtype && !IsFloat(*dtype)) {
    Fail("dtype: expected F32, F16 or BF16, found {}", DTypeName(*dtype));
  }
}

Matrix MatrixLoader::Load(const StoredTensor& tensor) const {
  const DType stored = tensor.dtype();
  if (!dtype_) {
    if (const std::optional<DType> panels = PanelType(tensor)) {
      return Packed(tensor, *panels);
    }
  }
  const DType target = dtype_.value_or(IsFloat(stored) ? stored : DType::kF32);
  if (target == stored && tensor.PlainRows() != nullptr) return Mapped(tensor);
  return Decoded(tensor, target);
}

Matrix MatrixLoader::LoadRows(const StoredTensor& tensor) const {
  const bool wanted = !dtype_ || *dtype_ == tensor.dtype();
  return wanted && tensor.PlainRows() != nullptr ? Mapped(tensor)
                                                 : Load(tensor);
}

Matrix MatrixLoader::Mapped(const StoredTensor& tensor) const {
  Matrix matrix;
  matrix.view.dtype = tensor.dtype();
  matrix.view.rows = tensor.rows();
  matrix.view.cols = tensor.cols();
  matrix.view.data = tensor.PlainRows();
  matrix.view.row_bytes =
      static_cast<int64_t>(*RowBytes(tensor.dtype(), tensor.cols()));
  return matrix;
}

Matrix MatrixLoader::Decoded(const StoredTensor& tensor, DType target) const {
  Matrix matrix;
  MatrixView& view = matrix.view;
  view.dtype = target;
  view.rows = tensor.rows();
  view.cols = tensor.cols();
  view.row_bytes = static_cast<int64_t>(*RowBytes(target, view.cols));
  matrix.owned = LargeBuffer(static_cast<size_t>(view.bytes()));
  view.data = matrix.owned.data();
  ForUnits(pool_, view.rows, view.cols, [&](int64_t begin, int64_t end) {
    Decode(tensor, target, begin, end,
           matrix.owned.data() + begin * view.row_bytes);
    Release(tensor, begin, end);
  });
  checkpoint_.file->Release(tensor.data());
  return matrix;
}

Matrix MatrixLoader::Packed(const StoredTensor& tensor, DType target) const {
  Matrix matrix;
  MatrixView& view = matrix.view;
  view.dtype = target;
  view.rows = tensor.rows();
  view.cols = tensor.cols();
  view.panel_bytes = PanelShape(target, view.cols).bytes;
  matrix.owned = LargeBuffer(static_cast<size_t>(view.bytes()));
  view.data = matrix.owned.data();
  ForUnits(pool_, CeilDiv(view.rows, kPanelRows), kPanelRows * view.cols,
           [&](int64_t begin, int64_t end) {
             PackPanels(tensor, target, begin, end, matrix.owned.data());
             Release(tensor, begin * kPanelRows,
                     std::min(end * kPanelRows, view.rows));
           });
  checkpoint_.file->Release(tensor.data());
  return matrix;
}

void MatrixLoader::Release(const StoredTensor& tensor, int64_t begin,
                           int64_t end) const {
  TensorView part = tensor.data();
  const size_t row = part.bytes / static_cast<size_t>(tensor.rows());
  part.data += static_cast<size_t>(begin) * row;
  part.bytes = static_cast<size_t>(end - begin) * row;
  checkpoint_.file->Release(part);
}

void MatrixLoader::Decode(const StoredTensor& tensor, DType target,
                          int64_t begin, int64_t end, std::byte* out) const {
  const auto row_bytes = static_cast<size_t>(*RowBytes(target, tensor.cols()));
  if (target == DType::kF32) {
    tensor.DecodeRows(begin, end, reinterpret_cast<float*>(out));
    return;
  }
  std::vector<float> row(static_cast<size_t>(tensor.cols()));
  for (int64_t i = begin; i < end; ++i, out += row_bytes) {
    tensor.DecodeRows(i, i + 1, row.data());
    if (target == DType::kF16) CheckFits(tensor, checkpoint_.path, row);
    EncodeRow(target, row, out);
  }
}

void MatrixLoader::PackPanels(const StoredTensor& tensor, DType target,
                              int64_t begin, int64_t end,
                              std::byte* out) const {
  const int64_t cols = tensor.cols();
  const int64_t panel_bytes = PanelShape(target, cols).bytes;
  const auto row_bytes = static_cast<size_t>(*RowBytes(target, cols));
  std::vector<std::byte> block(kPanelRows * row_bytes);
  std::array<const std::byte*, kPanelRows> rows{};
  for (int64_t panel = begin; panel < end; ++panel) {
    const int64_t first = panel * kPanelRows;
    const auto n =
        static_cast<size_t>(std::min(kPanelRows, tensor.rows() - first));
    for (size_t i = 0; i < n; ++i) {
      const int64_t row = first + static_cast<int64_t>(i);
      std::byte* to = block.data() + i * row_bytes;
      rows[i] = to;
      if (!tensor.CopyRow(target, row, to)) {
        Decode(tensor, target, row, row + 1, to);
      }
    }
    PackPanel(target, std::span(rows).first(n), cols,
              out + panel * panel_bytes);
  }
}

void DecodeMatrixRow(const MatrixView& view, int64_t r, std::span<float> out) {
  if (view.InPanels()) {
    UnpackPanelRow(view.dtype, view.data + r / kPanelRows * view.panel_bytes,
                   r % kPanelRows, out);
  } else {
    DecodeRow(view.dtype, view.data + r * view.row_bytes, out);
  }
}

}  // namespace llamba
