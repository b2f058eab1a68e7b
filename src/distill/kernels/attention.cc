#include <spdlog/spdlog.h>
#include <torch/version.h>

#include <atomic>

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

bool TryRotate(Tensor x, int64_t n_heads, const Tensor& cos,
               const Tensor& sin) {
  if (!UseKernel(Kernel::kAttention, x) || !x.is_contiguous() ||
      x.size(1) % (8 * n_heads) != 0 || !IsRows(x) || !IsRows(cos) ||
      !IsRows(sin) || !Alike(x, {cos, sin}) || x.requires_grad()) {
    return false;
  }
  Tensor tokens = x.unsqueeze(1);
  Rotate(tokens, n_heads, cos, sin);
  return true;
}

Tensor TryCachedAttention(const Tensor& q, const Tensor& keys,
                          const Tensor& values, const CacheSpans& spans) {
  if (!UseKernel(Kernel::kAttention, q) ||
      q.scalar_type() != torch::kBFloat16 || q.size(2) % 8 != 0 ||
      q.size(2) > 256 || !q.is_contiguous() || !keys.is_contiguous() ||
      !values.is_contiguous() || !Alike(q, {keys, values})) {
    return {};
  }
#if TORCH_VERSION_MAJOR >= 2
  static std::atomic<bool> served = true;
  if (!served) return {};
  const Tensor each = torch::arange(q.size(0) + 1, spans.used.options());
  try {
    return std::get<0>(at::_flash_attention_forward(
                           q, keys.flatten(0, 1), values.flatten(0, 1), each,
                           spans.first, 1, spans.longest, 0.0, false, false, {},
                           {}, {}, spans.used))
        .reshape({q.size(0), -1});
  } catch (const c10::Error& e) {
    // libtorch changes what its own kernels take.
    served = false;
    spdlog::warn("attention over a cache goes the slow way: {}",
                 e.what_without_backtrace());
  }
#endif
  return {};
}

}  // namespace llamba::distill
