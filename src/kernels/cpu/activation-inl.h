// Activation functions on vectors. Included once a target.
#if defined(LLAMBA_KERNELS_CPU_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LLAMBA_KERNELS_CPU_ACTIVATION_INL_H_
#undef LLAMBA_KERNELS_CPU_ACTIVATION_INL_H_
#else
#define LLAMBA_KERNELS_CPU_ACTIVATION_INL_H_
#endif

#include "base/activation.h"
#include "hwy/contrib/math/math-inl.h"
#include "kernels/cpu/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

// 1 + exp(x), infinite for large x: Exp itself is defined up to 104 only. The
// order of Min's arguments lets NaN through on x86.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V OnePlusExp(D d, V x) {
  return hn::Add(hn::Set(d, 1.0f), hn::Exp(d, hn::Min(hn::Set(d, 104.0f), x)));
}

// sigmoid(-x).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V SigmoidOfNegative(D d, V x) {
  return hn::Div(hn::Set(d, 1.0f), OnePlusExp(d, x));
}

struct Identity {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D, V x) const {
    return x;
  }
};

struct Relu {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Max(hn::Zero(d), x);
  }
};

struct Silu {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Div(x, OnePlusExp(d, hn::Neg(x)));
  }
};

// x (1 + tanh(u)) / 2 = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3):
// nothing cancels where x is far below 0.
struct GeluTanh {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D d, V x) const {
    const V cubic = hn::MulAdd(hn::Set(d, 2 * 0.044715f * 0.7978845608f),
                               hn::Mul(x, x), hn::Set(d, 2 * 0.7978845608f));
    return hn::Div(x, OnePlusExp(d, hn::Neg(hn::Mul(x, cubic))));
  }
};

// max(x, 0) - |x| erfc(t) / 2 with t = |x| / sqrt(2), which cancels nowhere.
// erfc(t) = exp(-t^2) k Q(k), k = 1 / (1 + 0.4 t): Q is the polynomial of least
// relative error (8e-9) for t in [0, 10], found by weighted least squares.
struct Gelu {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D d, V x) const {
    constexpr float kQ[] = {
        -0.029594338f, 0.19801322f, -0.49881148f, 0.54743546f, -0.2843667f,
        0.27206624f,   0.1296796f,  0.2149191f,   0.22495203f, 0.2257069f};
    const V abs = hn::Abs(x);
    const V t = hn::Mul(abs, hn::Set(d, 0.70710678118f));
    const V one = hn::Set(d, 1.0f);
    const V k = hn::Div(one, hn::MulAdd(t, hn::Set(d, 0.4f), one));
    V q = hn::Set(d, kQ[0]);
    for (int i = 1; i < 10; ++i) q = hn::MulAdd(q, k, hn::Set(d, kQ[i]));
    const V half_erfc =
        hn::Mul(hn::Mul(hn::Set(d, 0.5f), hn::Exp(d, hn::Neg(hn::Mul(t, t)))),
                hn::Mul(q, k));
    return hn::NegMulAdd(abs, half_erfc, hn::Max(hn::Zero(d), x));
  }
};

// Calls fn with the functor: one switch outside the loops.
template <class Fn>
HWY_INLINE void WithActivation(Activation activation, const Fn& fn) {
  switch (activation) {
    case Activation::kIdentity:
      return fn(Identity());
    case Activation::kSilu:
      return fn(Silu());
    case Activation::kGelu:
      return fn(Gelu());
    case Activation::kGeluTanh:
      return fn(GeluTanh());
    case Activation::kRelu:
      return fn(Relu());
  }
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LLAMBA_KERNELS_CPU_ACTIVATION_INL_H_
