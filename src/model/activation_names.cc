#include "model/activation_names.h"

#include <span>

#include "base/error.h"

namespace llamba {
namespace {

struct Entry {
  std::string_view name;
  Activation activation;
};

// Where several names mean one function, the first is the one written.
constexpr Entry kMlp[] = {
    {"silu", Activation::kSilu},
    {"swish", Activation::kSilu},
    {"gelu", Activation::kGelu},
    {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"gelu_new", Activation::kGeluTanh},
    {"relu", Activation::kRelu},
};
constexpr Entry kConv[] = {
    {"identity", Activation::kIdentity},
    {"silu", Activation::kSilu},
    {"swish", Activation::kSilu},
};

Activation Parse(std::span<const Entry> table, std::string_view name,
                 const std::string& where) {
  std::string known;
  for (const Entry& entry : table) {
    if (entry.name == name) return entry.activation;
    known += known.empty() ? "" : ", ";
    known += entry.name;
  }
  Fail("{}: expected one of {}, found \"{}\"", where, known, name);
}

}  // namespace

Activation ParseMlpActivation(std::string_view name, const std::string& where) {
  return Parse(kMlp, name, where);
}

Activation ParseConvActivation(std::string_view name,
                               const std::string& where) {
  return Parse(kConv, name, where);
}

std::string_view ActivationName(Activation activation) {
  if (activation == Activation::kIdentity) return "identity";
  for (const Entry& entry : kMlp) {
    if (entry.activation == activation) return entry.name;
  }
  AssertionFailed(__FILE__, __LINE__, "a known activation");
}

}  // namespace llamba
