#ifndef LLAMBA_TEMPLATE_PARAMS_H_
#define LLAMBA_TEMPLATE_PARAMS_H_

#include <initializer_list>
#include <string_view>
#include <vector>

#include "template/value.h"

namespace llamba::jinja {

// The arguments of one call laid onto a function's parameters, as Python does:
// Raises, naming the function, on too many, unknown, doubled or missing ones.
class Params {
 public:
  Params(std::string_view function, const Args& args,
         std::initializer_list<std::string_view> names, size_t required = 0);

  bool Has(size_t index) const { return values_[index] != nullptr; }
  // A required parameter, or one that Has.
  const Value& operator[](size_t index) const { return *values_[index]; }
  Value Or(size_t index, const Value& otherwise) const;
  bool Flag(size_t index, bool otherwise) const;
  // An int; Raises for other types.
  int64_t Int(size_t index, int64_t otherwise) const;
  // A string; Raises for other types.
  const std::string& Text(size_t index) const;

 private:
  std::string_view function_;
  std::vector<std::string_view> names_;
  std::vector<const Value*> values_;
};

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_PARAMS_H_
