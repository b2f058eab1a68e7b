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

// What later passes change no longer shows in a model.
constexpr int kMaxPasses = 4;

// y += c x
void AddScaled(float c, const float* x, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] += c * x[i];
}

float Dot(const float* x, const float* y, size_t n) {
  float sums[16] = {};
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    for (size_t k = 0; k < 16; ++k) sums[k] += x[i + k] * y[i + k];
  }
  float sum = 0;
  for (; i < n; ++i) sum += x[i] * y[i];
  for (const float part : sums) sum += part;
  return sum;
}

}  // namespace

struct Compensator::Row {
  const BlockType& type;
  std::span<const float> values;
  std::vector<GroupFit> fits;
  std::vector<uint8_t> codes;
  std::vector<float> residuals;  // U^T e

  int BlockOf(size_t j) const {
    return static_cast<int>(j % static_cast<size_t>(type.group())) /
           kBlockValues;
  }
  const GroupFit& FitOf(size_t j) const {
    return fits[j / static_cast<size_t>(type.group())];
  }
  float ValueOf(size_t j, uint8_t code) const {
    return type.ValueOf(FitOf(j), BlockOf(j), code);
  }
  uint8_t CodeOf(size_t j, float value) const {
    return type.CodeOf(FitOf(j), BlockOf(j), value);
  }
};

Compensator::Compensator(std::vector<float> moments, int64_t n, float damping)
    : n_(static_cast<size_t>(n)),
      upper_(std::move(moments)),
      weights_(n_),
      diagonal_(n_) {
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
  for (size_t i = 0; i < n_; ++i) {
    for (size_t j = i; j < n_; ++j) {
      const float u = upper_[i * n_ + j];
      diagonal_[i] += u * u * weights_[j];
    }
  }
}

void Compensator::Round(Row* row) const {
  const BlockType& type = row->type;
  const auto group = static_cast<size_t>(type.group());
  std::vector<float>& targets = row->residuals;
  targets.assign(row->values.begin(), row->values.end());
  for (size_t j = 0; j < n_; ++j) {
    GroupFit& fit = row->fits[j / group];
    if (j % group == 0) {
      type.Fit(&targets[j], &weights_[j], &fit);
    } else if (j % kBlockValues == 0) {
      type.Refit(&targets[j], &weights_[j], row->BlockOf(j), &fit);
    }
    row->codes[j] = row->CodeOf(j, targets[j]);
    const float value = row->ValueOf(j, row->codes[j]);
    AddScaled(row->values[j] - value, &upper_[j * n_] + j + 1,
              targets.data() + j + 1, n_ - j - 1);
    targets[j] -= value;
  }
}

void Compensator::Refine(Row* row) const {
  std::vector<float> pull(n_);  // D U^T e; H e is U times that
  for (size_t j = 0; j < n_; ++j) pull[j] = weights_[j] * row->residuals[j];
  bool changed = true;
  for (int pass = 0; changed && pass < kMaxPasses; ++pass) {
    changed = false;
    for (size_t j = 0; j < n_; ++j) {
      const float* u = &upper_[j * n_ + j];
      const float value = row->ValueOf(j, row->codes[j]);
      const float best = value + Dot(u, &pull[j], n_ - j) / diagonal_[j];
      const uint8_t code = row->CodeOf(j, best);
      if (code == row->codes[j]) continue;
      changed = true;
      row->codes[j] = code;
      const float change = value - row->ValueOf(j, code);  // of the error
      for (size_t i = j; i < n_; ++i) {
        pull[i] += change * weights_[i] * u[i - j];
      }
    }
  }
}

void Compensator::Encode(DType dtype, std::span<const float> values,
                         std::byte* out) const {
  LLAMBA_ASSERT(values.size() == n_);
  const BlockType* type = BlockType::Find(dtype);
  LLAMBA_ASSERT(type != nullptr);
  CheckEncodable(values, dtype);
  const auto group = static_cast<size_t>(type->group());
  Row row{*type,
          values,
          std::vector<GroupFit>(n_ / group),
          std::vector<uint8_t>(n_),
          {}};
  Round(&row);
  Refine(&row);
  const auto block_bytes = static_cast<size_t>(GetBlockSize(dtype).bytes);
  for (size_t i = 0; i < row.fits.size(); ++i, out += block_bytes) {
    type->Pack(row.fits[i], &row.codes[i * group], out);
  }
}

}  // namespace llamba
