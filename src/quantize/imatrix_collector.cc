#include "quantize/imatrix_collector.h"

#include "base/error.h"
#include "checkpoint/gguf.h"
#include "quantize/imatrix_names.h"

namespace llamba {

void ImatrixCollector::Watch(const MatrixView& view, const std::string& name) {
  Sums& sums = sums_[view.data];
  sums.name = name;
  sums.cols = view.cols;
  sums.squares.assign(static_cast<size_t>(view.cols), 0);
}

void ImatrixCollector::Observe(std::span<const MatMulArgs> args) {
  for (size_t i = 0; i < args.size(); ++i) {
    const MatMulArgs& product = args[i];
    const auto found = sums_.find(product.w.data);
    if (found == sums_.end()) continue;
    Sums& sums = found->second;
    LLAMBA_ASSERT(sums.cols == product.w.cols);
    for (int64_t m = 0; m < product.m; ++m) {
      const float* row = product.x + m * product.x_stride;
      for (size_t k = 0; k < sums.squares.size(); ++k) {
        sums.squares[k] += double{row[k]} * row[k];
      }
    }
    sums.rows += product.m;
    if (moments_ && i == 0) AddMoments(product, &sums);
  }
}

// X^T X as a product of the transposed input with itself.
void ImatrixCollector::AddMoments(const MatMulArgs& args, Sums* sums) {
  const int64_t cols = sums->cols, rows = args.m;
  sums->moments.resize(static_cast<size_t>(cols * cols));
  transposed_.resize(static_cast<size_t>(cols * rows));
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t k = 0; k < cols; ++k) {
      transposed_[static_cast<size_t>(k * rows + m)] =
          args.x[m * args.x_stride + k];
    }
  }
  MatMulArgs square;
  square.w.rows = cols;
  square.w.cols = rows;
  square.w.data = reinterpret_cast<const std::byte*>(transposed_.data());
  square.w.row_bytes = rows * int64_t{sizeof(float)};
  square.x = transposed_.data();
  square.x_stride = rows;
  square.m = cols;
  square.y = sums->moments.data();
  square.y_stride = cols;
  square.accumulate = true;
  ops_.MatMul(square);
}

void ImatrixCollector::Write(const std::string& path,
                             const ImatrixSource& source) const {
  GgufMetadata metadata;
  metadata.path = path;
  metadata.Set("general.type", std::string(kImatrixType));
  metadata.Set(kDatasetsKey, std::vector<std::string>{source.dataset});
  metadata.Set(kChunkCountKey, static_cast<uint64_t>(source.chunk_count));
  metadata.Set(kChunkSizeKey, static_cast<uint64_t>(source.chunk_size));
  // By name, not by address.
  std::map<std::string, const Sums*> ordered;
  for (const auto& [data, sums] : sums_) {
    if (sums.rows == 0) Fail("{}: nothing was multiplied by it", sums.name);
    ordered.emplace(sums.name, &sums);
  }
  std::vector<TensorInfo> infos;
  for (const auto& [name, sums] : ordered) {
    infos.push_back({name + kSumsSuffix, DType::kF32, {1, sums->cols}});
    infos.push_back({name + kCountsSuffix, DType::kF32, {1, 1}});
    if (sums->moments.empty()) continue;
    infos.push_back(
        {name + kMomentsSuffix, DType::kF32, {sums->cols, sums->cols}});
  }
  GgufWriter writer(path, metadata, infos);
  for (const auto& [name, sums] : ordered) {
    const std::vector<float> squares(sums->squares.begin(),
                                     sums->squares.end());
    const auto count = static_cast<float>(sums->rows);
    writer.Append(std::as_bytes(std::span(squares)));
    writer.Append(std::as_bytes(std::span(&count, 1)));
    if (sums->moments.empty()) continue;
    writer.Append(std::as_bytes(std::span(sums->moments)));
  }
  writer.Commit();
}

}  // namespace llamba
