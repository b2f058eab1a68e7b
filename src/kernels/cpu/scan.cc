#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/scan.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

// Tokens that share one pass over the state: it is loaded and stored once for
// all of them, the products of each element still in the order of the tokens.
constexpr int kTokens = 4;
// Tokens whose decays are computed together.
constexpr int64_t kDecays = 64;

// The tokens of one head that start at `t`: where each one's data lies.
template <int kT>
struct Tokens {
  const float* x[kT];
  const float* b[kT];
  const float* c[kT];
  float* y[kT];
  float decay[kT];
};

template <int kT>
HWY_INLINE Tokens<kT> TokensAt(const ScanArgs& args, int64_t head, int64_t t,
                               const float* decay) {
  const int64_t group = head / (args.n_v_heads / args.n_qk_heads);
  Tokens<kT> tokens;
  for (int i = 0; i < kT; ++i) {
    const int64_t row = (t + i) * args.xbc_stride;
    tokens.x[i] = args.x + row + head * args.head_dim;
    tokens.b[i] = args.b + row + group * args.d_state;
    tokens.c[i] = args.c + row + group * args.d_state;
    tokens.y[i] = args.y + (t + i) * args.y_stride + head * args.head_dim;
    tokens.decay[i] = decay[i];
  }
  return tokens;
}

// The elements p .. of the head: a vector of them for every n.
template <int kT, class D>
HWY_INLINE void ScanColumn(D d, const ScanArgs& args, float skip,
                           const Tokens<kT>& tokens, int64_t p, float* state) {
  using V = hn::Vec<D>;
  V x[kT], y[kT], decay[kT];
  for (int i = 0; i < kT; ++i) {
    x[i] = hn::LoadU(d, tokens.x[i] + p);
    y[i] = hn::Zero(d);
    decay[i] = hn::Set(d, tokens.decay[i]);
  }
  const int64_t d_state = args.d_state, head_dim = args.head_dim;
  float* row = state + p;
  for (int64_t n = 0; n < d_state; ++n, row += head_dim) {
    V s = hn::LoadU(d, row);
    for (int i = 0; i < kT; ++i) {
      const V input = hn::Mul(hn::Set(d, tokens.b[i][n]), x[i]);
      s = hn::MulAdd(decay[i], s, input);
      y[i] = hn::MulAdd(hn::Set(d, tokens.c[i][n]), s, y[i]);
    }
    hn::StoreU(s, d, row);
  }
  for (int i = 0; i < kT; ++i) {
    hn::StoreU(hn::MulAdd(hn::Set(d, skip), x[i], y[i]), d, tokens.y[i] + p);
  }
}

template <int kT>
HWY_NOINLINE void ScanTokens(const ScanArgs& args, int64_t head, int64_t t,
                             const float* decay) {
  const Tokens<kT> tokens = TokensAt<kT>(args, head, t, decay);
  float* state = args.state + head * args.d_state * args.head_dim;
  ForVectors(0, args.head_dim, [&](auto d, int64_t p) HWY_ATTR {
    ScanColumn<kT>(d, args, args.d[head], tokens, p, state);
  });
}

// decay[i] = sigmoid(-a_log) of tokens t .. t + count - 1.
HWY_INLINE void Decays(const ScanArgs& args, int64_t head, int64_t t,
                       int64_t count, float* decay) {
  for (int64_t i = 0; i < count; ++i) {
    decay[i] = args.a_log[(t + i) * args.a_log_stride + head];
  }
  ForVectors(0, count, [&](auto d, int64_t i) HWY_ATTR {
    hn::StoreU(SigmoidOfNegative(d, hn::LoadU(d, decay + i)), d, decay + i);
  });
}

void Scan(const ScanArgs& args, int64_t begin, int64_t end) {
  float decay[kDecays];
  for (int64_t head = begin; head < end; ++head) {
    for (int64_t t = 0; t < args.n_tokens; t += kDecays) {
      const int64_t count = HWY_MIN(kDecays, args.n_tokens - t);
      Decays(args, head, t, count, decay);
      int64_t i = 0;
      for (; i + kTokens <= count; i += kTokens) {
        ScanTokens<kTokens>(args, head, t + i, decay + i);
      }
      for (; i < count; ++i) ScanTokens<1>(args, head, t + i, decay + i);
    }
  }
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace llamba::cpu {
HWY_EXPORT(Scan);
decltype(KernelTable::scan) ScanFor(int64_t target) {
  return PickTarget(HWY_DISPATCH_TABLE(Scan), target);
}
}  // namespace llamba::cpu
#endif  // HWY_ONCE
