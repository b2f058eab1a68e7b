#ifndef LLAMBA_MODEL_ACTIVATION_NAMES_H_
#define LLAMBA_MODEL_ACTIVATION_NAMES_H_

#include <string>
#include <string_view>

#include "base/activation.h"

namespace llamba {

// An MLP's activation: silu, swish, gelu (erf), gelu_new, gelu_pytorch_tanh,
// relu. Throws Error, `where` (file and field) first, for any other name.
Activation ParseMlpActivation(std::string_view name, const std::string& where);

// The activation after the convolution: identity, silu, swish.
Activation ParseConvActivation(std::string_view name, const std::string& where);

// The name that both parsers read back.
std::string_view ActivationName(Activation activation);

}  // namespace llamba

#endif  // LLAMBA_MODEL_ACTIVATION_NAMES_H_
