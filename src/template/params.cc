#include "template/params.h"

#include <algorithm>

#include "template/value_ops.h"

namespace llamba::jinja {

Params::Params(std::string_view function, const Args& args,
               std::initializer_list<std::string_view> names, size_t required)
    : function_(function), names_(names), values_(names.size(), nullptr) {
  if (args.positional.size() > names_.size()) {
    Raise("{}() takes at most {} argument(s), {} given", function,
          names_.size(), args.positional.size());
  }
  for (size_t i = 0; i < args.positional.size(); ++i) {
    values_[i] = &args.positional[i];
  }
  for (const auto& [name, value] : args.named) {
    const auto it = std::find(names_.begin(), names_.end(), name);
    if (it == names_.end()) {
      Raise("{}() got an unexpected keyword argument '{}'", function, name);
    }
    const Value*& slot = values_[it - names_.begin()];
    if (slot != nullptr) {
      Raise("{}() got multiple values for argument '{}'", function, name);
    }
    slot = &value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (values_[i] == nullptr) {
      Raise("{}() is missing its argument '{}'", function, names_[i]);
    }
  }
}

Value Params::Or(size_t index, const Value& otherwise) const {
  return Has(index) ? *values_[index] : otherwise;
}

bool Params::Flag(size_t index, bool otherwise) const {
  return Has(index) ? Truth(*values_[index]) : otherwise;
}

int64_t Params::Int(size_t index, int64_t otherwise) const {
  if (!Has(index)) return otherwise;
  const Value& value = *values_[index];
  value.RequireDefined();
  if (!value.IsIntegral()) {
    Raise("{}() needs an integer for '{}', not '{}'", function_, names_[index],
          value.TypeName());
  }
  return value.AsInt();
}

const std::string& Params::Text(size_t index) const {
  const Value& value = *values_[index];
  value.RequireDefined();
  if (!value.IsString()) {
    Raise("{}() needs a string for '{}', not '{}'", function_, names_[index],
          value.TypeName());
  }
  return value.AsString();
}

}  // namespace llamba::jinja
