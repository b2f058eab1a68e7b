#ifndef LLAMBA_BASE_ACTIVATION_H_
#define LLAMBA_BASE_ACTIVATION_H_

namespace llamba {

// Element-wise functions that configs name. GELU is the erf form, GELU_TANH the
// tanh approximation ("gelu_new", "gelu_pytorch_tanh").
enum class Activation { kIdentity, kSilu, kGelu, kGeluTanh, kRelu };

}  // namespace llamba

#endif  // LLAMBA_BASE_ACTIVATION_H_
