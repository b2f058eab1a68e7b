#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/conv1d.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

// The input `t` tokens after the first of this call; negative t are the
// remembered ones.
HWY_INLINE const float* Input(const Conv1dArgs& args, int64_t t) {
  return t >= 0 ? args.x + t * args.x_stride
                : args.state + (args.d_conv - 1 + t) * args.channels;
}

// One token: bias, then the taps from the oldest on. y's few channels stay in
// the nearest cache from tap to tap.
HWY_INLINE void ConvToken(const Conv1dArgs& args, int64_t t, int64_t begin,
                          int64_t end) {
  float* y = args.y + t * args.y_stride;
  ForVectors(begin, end, [&](auto d, int64_t c) HWY_ATTR {
    hn::StoreU(args.bias != nullptr ? hn::LoadU(d, args.bias + c) : hn::Zero(d),
               d, y + c);
  });
  for (int64_t j = 0; j < args.d_conv; ++j) {
    const float* x = Input(args, t - (args.d_conv - 1) + j);
    const float* weight = args.weight + j * args.channels;
    ForVectors(begin, end, [&](auto d, int64_t c) HWY_ATTR {
      hn::StoreU(hn::MulAdd(hn::LoadU(d, weight + c), hn::LoadU(d, x + c),
                            hn::LoadU(d, y + c)),
                 d, y + c);
    });
  }
}

template <class Function>
HWY_INLINE void Activate(Function function, const Conv1dArgs& args,
                         int64_t begin, int64_t end) {
  for (int64_t t = 0; t < args.n_tokens; ++t) {
    float* y = args.y + t * args.y_stride;
    ForVectors(begin, end, [&](auto d, int64_t c) HWY_ATTR {
      hn::StoreU(function(d, hn::LoadU(d, y + c)), d, y + c);
    });
  }
}

// Oldest first: what a row of the state takes comes from a later row or x.
HWY_INLINE void Advance(const Conv1dArgs& args, int64_t begin, int64_t end) {
  const int64_t past = args.d_conv - 1;
  for (int64_t j = 0; j < past; ++j) {
    std::memcpy(args.state + j * args.channels + begin,
                Input(args, args.n_tokens - past + j) + begin,
                static_cast<size_t>(end - begin) * sizeof(float));
  }
}

void Conv1d(const Conv1dArgs& args, int64_t begin, int64_t end) {
  for (int64_t t = 0; t < args.n_tokens; ++t) ConvToken(args, t, begin, end);
  if (args.activation != Activation::kIdentity) {
    WithActivation(args.activation, [&](auto function) HWY_ATTR {
      Activate(function, args, begin, end);
    });
  }
  if (args.n_tokens > 0) Advance(args, begin, end);
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace llamba::cpu {
HWY_EXPORT(Conv1d);
decltype(KernelTable::conv1d) Conv1dFor(int64_t target) {
  return PickTarget(HWY_DISPATCH_TABLE(Conv1d), target);
}
}  // namespace llamba::cpu
#endif  // HWY_ONCE
