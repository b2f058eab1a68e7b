#include "quantize/compensator.h"

#include <algorithm>

#include "base/error.h"
#include "base/thread_pool.h"
#include "formats/formats.h"
#include "quantize/block_type.h"
#include "quantize/row_quantizer.h"

namespace llamba {
namespace {

// No column's D may fall below this share of the diagonal's mean: damping keeps
// it above in exact arithmetic.
constexpr float kLeast = 1e-3f;

// y += c x
void AddScaled(float c, const float* x, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] += c * x[i];
}

}  // namespace

struct Compensator::Row {
  const BlockType& type;
  std::span<const float> values;
  std::vector<GroupFit> fits;
  std::vector<uint8_t> codes;
};

Compensator::Compensator(std::vector<float> moments, int64_t n, float damping)
    : n_(static_cast<size_t>(n)), upper_(std::move(moments)), weights_(n_) {
  LLAMBA_ASSERT(upper_.size() == n_ * n_);
  for (size_t j = 0; j < n_; ++j) upper_[j * n_ + j] += damping;
  std::vector<float> column(n_);
  for (size_t j = n_; j-- > 0;) {
    const float d = std::max(upper_[j * n_ + j], kLeast);
    weights_[j] = d;
    for (size_t i = 0; i < j; ++i) {
      column[i] = upper_[i * n_ + j] /= d;
    }
    ThreadPool::Default().ParallelFor(
        static_cast<int64_t>(j), 16, [&](int64_t from, int64_t to) {
          for (auto i = static_cast<size_t>(from); i < static_cast<size_t>(to);
               ++i) {
            AddScaled(-column[i] * d, &column[i], &upper_[i * n_ + i], j - i);
          }
        });
    upper_[j * n_ + j] = 1;
  }
}

void Compensator::Round(Row* row) const {
  const BlockType& type = row->type;
  const auto group = static_cast<size_t>(type.group());
  std::vector<float> targets(row->values.begin(), row->values.end());
  for (size_t j = 0; j < n_; ++j) {
    GroupFit& fit = row->fits[j / group];
    const int block = static_cast<int>(j % group) / kBlockValues;
    if (j % group == 0) {
      type.Fit(&targets[j], &weights_[j], &fit);
    } else if (j % kBlockValues == 0) {
      type.Refit(&targets[j], &weights_[j], block, &fit);
    }
    row->codes[j] = type.CodeOf(fit, block, targets[j]);
    const float error =
        row->values[j] - type.ValueOf(fit, block, row->codes[j]);
    AddScaled(error, &upper_[j * n_] + j + 1, targets.data() + j + 1,
              n_ - j - 1);
  }
}

void Compensator::Encode(DType dtype, std::span<const float> values,
                         std::byte* out) const {
  LLAMBA_ASSERT(values.size() == n_);
  const BlockType* type = BlockType::Find(dtype);
  LLAMBA_ASSERT(type != nullptr);
  CheckEncodable(values, dtype);
  const auto group = static_cast<size_t>(type->group());
  Row row{*type, values, std::vector<GroupFit>(n_ / group),
          std::vector<uint8_t>(n_)};
  Round(&row);
  const auto block_bytes = static_cast<size_t>(GetBlockSize(dtype).bytes);
  for (size_t i = 0; i < row.fits.size(); ++i, out += block_bytes) {
    type->Pack(row.fits[i], &row.codes[i * group], out);
  }
}

}  // namespace llamba
