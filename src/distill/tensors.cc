#include "distill/tensors.h"

namespace llamba::distill {

ParameterMap LoadParameters(const Checkpoint& checkpoint,
                            const torch::TensorOptions& options) {
  ParameterMap parameters;
  for (const auto& [id, stored] : checkpoint.tensors) {
    const Shape& shape = stored.shape();
    Tensor tensor = torch::empty(torch::IntArrayRef(shape.data(), shape.size()),
                                 torch::kFloat32);
    stored.DecodeRows(0, stored.rows(), tensor.data_ptr<float>());
    parameters.emplace(id, tensor.to(options));
  }
  return parameters;
}

Tensor CausalDocumentMask(const Tensor& segments) {
  const int64_t t = segments.size(1);
  const Tensor same = segments.unsqueeze(2) == segments.unsqueeze(1);
  const Tensor causal = torch::ones(
      {t, t}, torch::TensorOptions(torch::kBool).device(segments.device()));
  return same & causal.tril();
}

Tensor BeginsRun(const Tensor& values) {
  const int64_t t = values.size(1);
  Tensor is_first = torch::ones_like(values, torch::kBool);
  is_first.slice(1, 1, t).copy_(values.slice(1, 1, t) !=
                                values.slice(1, 0, t - 1));
  return is_first;
}

Tensor DocumentStarts(const Tensor& segments) {
  const Tensor first = BeginsRun(segments).flatten().nonzero().squeeze(1);
  const Tensor end = torch::full({1}, segments.numel(), first.options());
  return torch::cat({first, end}).to(torch::kInt32);
}

}  // namespace llamba::distill
