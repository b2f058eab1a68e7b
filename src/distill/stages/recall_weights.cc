#include "distill/stages/recall_weights.h"

namespace llamba::distill {
namespace {

// How often the token at each place stands before it in its document, (B, T).
Tensor EarlierOccurrences(const Batch& batch) {
  const int64_t n = batch.ids.size(1);
  const Tensor place = torch::arange(n, batch.ids.options());
  const Tensor token =
      batch.segments.to(torch::kInt64) * (batch.ids.max() + 1) + batch.ids;
  // Equal tokens of a document side by side, in the order of the text.
  const Tensor sorted = std::get<0>((token * n + place).sort(1));
  const Tensor is_first = BeginsRun(sorted.div(n, "floor"));
  const Tensor first = std::get<0>((place * is_first).cummax(1));
  return torch::empty_like(sorted).scatter_(1, sorted % n, place - first);
}

}  // namespace

Tensor RecallWeights(const Batch& batch, double weight) {
  const torch::NoGradGuard no_grad;
  const int64_t n = batch.ids.size(1);
  const Tensor earlier = EarlierOccurrences(batch).to(torch::kFloat32);
  const Tensor next = torch::where(earlier > 0, 1 + weight / earlier,
                                   torch::ones_like(earlier));
  Tensor weights = torch::ones_like(next);
  weights.slice(1, 0, n - 1).copy_(next.slice(1, 1));
  return weights;
}

}  // namespace llamba::distill
