#include "distill/data/mixture.h"

#include <cmath>

#include "base/error.h"
#include "distill/data/hash.h"

namespace llamba::distill {

Mixture::Mixture(std::vector<Part> parts, int64_t sequence_length,
                 uint64_t seed)
    : parts_(std::move(parts)),
      length_(sequence_length),
      seed_(seed),
      counts_(parts_.size(), 0) {
  for (const Part& part : parts_) {
    if (!(part.weight > 0) || !std::isfinite(part.weight)) {
      Fail("data: expected a weight above 0, found {}", part.weight);
    }
    total_weight_ += part.weight;
  }
  if (parts_.empty()) Fail("data: no source given");
}

size_t Mixture::PartOf(int64_t n) const {
  const double unit =
      static_cast<double>(Hash({seed_, 1, static_cast<uint64_t>(n)}) >> 11) *
      0x1p-53;
  double threshold = unit * total_weight_;
  for (size_t i = 0; i + 1 < parts_.size(); ++i) {
    threshold -= parts_[i].weight;
    if (threshold < 0) return i;
  }
  return parts_.size() - 1;
}

Mixture::Draw Mixture::DrawOf(int64_t n) {
  if (n < next_) {
    counts_.assign(parts_.size(), 0);
    next_ = 0;
  }
  for (; next_ < n; ++next_) ++counts_[PartOf(next_)];
  const size_t part = PartOf(n);
  return {part, counts_[part]};
}

Batch Mixture::Read(int64_t first, int64_t count, int64_t stride) {
  Batch batch;
  batch.ids = torch::empty({count, length_}, torch::kInt64);
  batch.segments = torch::empty({count, length_}, torch::kInt32);
  const auto size = static_cast<size_t>(length_);
  for (int64_t i = 0; i < count; ++i) {
    const Draw draw = DrawOf(first + i * stride);
    parts_[draw.part].source->Read(
        draw.index, {batch.ids.data_ptr<int64_t>() + i * length_, size},
        {batch.segments.data_ptr<int32_t>() + i * length_, size});
  }
  return batch;
}

}  // namespace llamba::distill
