#include <torch/version.h>

#include "distill/kernels/support.h"

namespace llamba::distill {
namespace {

void Rotate(Tensor& x, int64_t n_heads, const Tensor& cos, const Tensor& sin) {
  const cuda::RotaryShape shape{x.size(0) * x.size(1), x.size(1),
                                static_cast<int>(n_heads),
                                static_cast<int>(x.size(2) / n_heads)};
  CheckLaunch(
      cuda::RotateInPlace({x.data_ptr(), x.stride(1)}, cos.data_ptr(),
                          sin.data_ptr(), shape, StorageOf(x), CurrentStream()),
      "attention, rotary");
}

}  // namespace

Tensor TryAttention(Tensor q, Tensor k, const Tensor& v,
                    const AttentionConfig& config, const Tensor& cos,
                    const Tensor& sin, const Tensor& starts) {
  // What the flash kernels take: bfloat16, heads of up to 256 in steps of 8.
  if (!UseKernel(Kernel::kAttention, q) || !starts.defined() ||
      q.scalar_type() != torch::kBFloat16 || config.head_dim % 8 != 0 ||
      config.head_dim > 256 || !q.is_contiguous() || !k.is_contiguous() ||
      !v.is_contiguous() || !Alike(q, {k, v, cos, sin}) || q.requires_grad() ||
      k.requires_grad() || v.requires_grad()) {
    return {};
  }
#if TORCH_VERSION_MAJOR >= 2
  Rotate(q, config.n_heads, cos, sin);
  Rotate(k, config.n_kv_heads, cos, sin);
  const auto rows = [&](const Tensor& x) {
    return x.view({-1, x.size(2) / config.head_dim, config.head_dim});
  };
  const int64_t n_tokens = q.size(1);
  const Tensor mixed = std::get<0>(
      at::_flash_attention_forward(rows(q), rows(k), rows(v), starts, starts,
                                   n_tokens, n_tokens, 0.0, true, false));
  return mixed.reshape(q.sizes());
#else
  return {};
#endif
}

}  // namespace llamba::distill
