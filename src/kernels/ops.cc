#include "kernels/ops.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/split.h"

namespace llamba {
namespace {

// Scalar operations that a vector exponential is worth, roughly.
constexpr int64_t kExpWork = 16;

// Arguments of a row-wise op: (M, n) at `data`.
void CheckRows(const float* data, int64_t stride, int64_t n, int64_t m) {
  LLAMBA_ASSERT(m >= 0 && n >= 0);
  LLAMBA_ASSERT(m * n == 0 || data != nullptr);
  LLAMBA_ASSERT(m <= 1 || stride >= n);
}

void Check(const Conv1dArgs& args) {
  LLAMBA_ASSERT(args.d_conv >= 1);
  CheckRows(args.x, args.x_stride, args.channels, args.n_tokens);
  CheckRows(args.y, args.y_stride, args.channels, args.n_tokens);
  LLAMBA_ASSERT(args.channels == 0 || args.weight != nullptr);
  LLAMBA_ASSERT(args.d_conv == 1 || args.channels == 0 ||
                args.state != nullptr);
}

void Check(const ScanArgs& args) {
  LLAMBA_ASSERT(args.n_v_heads > 0 && args.n_qk_heads > 0);
  LLAMBA_ASSERT(args.n_v_heads % args.n_qk_heads == 0);
  LLAMBA_ASSERT(args.head_dim > 0 && args.d_state > 0);
  const int64_t width = args.n_v_heads * args.head_dim;
  const int64_t group_width = args.n_qk_heads * args.d_state;
  CheckRows(args.x, args.xbc_stride, width, args.n_tokens);
  CheckRows(args.b, args.xbc_stride, group_width, args.n_tokens);
  CheckRows(args.c, args.xbc_stride, group_width, args.n_tokens);
  CheckRows(args.a_log, args.a_log_stride, args.n_v_heads, args.n_tokens);
  CheckRows(args.y, args.y_stride, width, args.n_tokens);
  LLAMBA_ASSERT(args.d != nullptr && args.state != nullptr);
}

void Check(const AttentionArgs& args) {
  LLAMBA_ASSERT(args.n_heads > 0 && args.n_kv_heads > 0);
  LLAMBA_ASSERT(args.n_heads % args.n_kv_heads == 0);
  LLAMBA_ASSERT(args.head_dim > 0 && args.page_tokens > 0);
  LLAMBA_ASSERT(args.first_position >= 0);
  const int64_t width = args.n_heads * args.head_dim;
  CheckRows(args.q, args.q_stride, width, args.n_tokens);
  CheckRows(args.y, args.y_stride, width, args.n_tokens);
  LLAMBA_ASSERT(args.n_tokens == 0 || args.pages != nullptr);
}

}  // namespace

void Ops::RmsNorm(const RmsNormArgs& args, int64_t m) const {
  CheckRows(args.x, args.x_stride, args.d, m);
  CheckRows(args.y, args.y_stride, args.d, m);
  LLAMBA_ASSERT(args.d == 0 || args.weight != nullptr);
  WorkList work;
  work.Add(m, 2 * args.d);
  work.Run(pool_, [&](size_t, int64_t begin, int64_t end) {
    kernels_.rms_norm(args, begin, end);
  });
}

void Ops::Gate(const GateArgs& args, int64_t m) const {
  CheckRows(args.y, args.y_stride, args.n, m);
  CheckRows(args.z, args.z_stride, args.n, m);
  WorkList work;
  work.Add(m, args.n * kExpWork);
  work.Run(pool_, [&](size_t, int64_t begin, int64_t end) {
    kernels_.gate(args, begin, end);
  });
}

void Ops::Glu(const GluArgs& args, int64_t m) const {
  CheckRows(args.gate, args.gate_stride, args.n, m);
  CheckRows(args.up, args.up_stride, args.n, m);
  WorkList work;
  work.Add(m, args.n * kExpWork);
  work.Run(pool_, [&](size_t, int64_t begin, int64_t end) {
    kernels_.glu(args, begin, end);
  });
}

void Ops::Rope(const RopeArgs& args, int64_t m) const {
  LLAMBA_ASSERT(args.head_dim % 2 == 0);
  const int64_t width = args.n_heads * args.head_dim;
  CheckRows(args.x, args.x_stride, width, m);
  LLAMBA_ASSERT(m * width == 0 || (args.cos != nullptr && args.sin != nullptr));
  WorkList work;
  work.Add(m, 2 * width);
  work.Run(pool_, [&](size_t, int64_t begin, int64_t end) {
    kernels_.rope(args, begin, end);
  });
}

void Ops::Conv1d(std::span<const Conv1dArgs> sequences) const {
  // A cache line of channels, so that threads share none.
  constexpr int64_t kChannels = 64;
  WorkList work;
  for (const Conv1dArgs& args : sequences) {
    Check(args);
    work.Add(CeilDiv(args.channels, kChannels),
             kChannels * (args.d_conv + 2) * args.n_tokens);
  }
  work.Run(pool_, [&](size_t i, int64_t begin, int64_t end) {
    kernels_.conv1d(sequences[i], begin * kChannels,
                    std::min(end * kChannels, sequences[i].channels));
  });
}

void Ops::Scan(std::span<const ScanArgs> sequences) const {
  WorkList work;
  for (const ScanArgs& args : sequences) {
    Check(args);
    work.Add(args.n_tokens > 0 ? args.n_v_heads : 0,
             3 * args.head_dim * args.d_state * args.n_tokens);
  }
  work.Run(pool_, [&](size_t i, int64_t begin, int64_t end) {
    kernels_.scan(sequences[i], begin, end);
  });
}

void Ops::Attention(std::span<const AttentionArgs> sequences) const {
  WorkList work;
  for (const AttentionArgs& args : sequences) {
    Check(args);
    const int64_t length = args.first_position + args.n_tokens;
    const int64_t tokens = std::min(args.n_tokens, kAttentionTokens);
    work.Add(args.n_heads * CeilDiv(args.n_tokens, kAttentionTokens),
             tokens * length * 2 * (args.head_dim + kExpWork));
  }
  // Blocks of a head lie together: its keys stay in a thread's cache.
  work.Run(pool_, [&](size_t i, int64_t begin, int64_t end) {
    const AttentionArgs& args = sequences[i];
    const int64_t blocks = CeilDiv(args.n_tokens, kAttentionTokens);
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t t = unit % blocks * kAttentionTokens;
      kernels_.attention(args, unit / blocks, t,
                         std::min(t + kAttentionTokens, args.n_tokens));
    }
  });
}

}  // namespace llamba
