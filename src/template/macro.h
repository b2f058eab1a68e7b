#ifndef LLAMBA_TEMPLATE_MACRO_H_
#define LLAMBA_TEMPLATE_MACRO_H_

#include <string>

#include "template/interpreter.h"

namespace llamba::jinja {

// A macro, or the body of a call block (`caller`), with the scope that it was
// defined in. Valid until the rendering ends.
class MacroObject : public Object {
 public:
  MacroObject(const MacroDefinition& definition, Scope* scope)
      : definition_(definition), scope_(scope) {}
  std::string TypeName() const override { return "Macro"; }
  std::string Repr(int depth) const override;
  bool GetAttr(std::string_view name, Value* out) const override;
  bool IsCallable() const override { return true; }
  Value Call(Interpreter& interpreter, Args& args) const override;

 private:
  // The values of the parameters, taken out of `args`; empty where the default
  // or nothing stands.
  std::vector<std::optional<Value>> Match(Args& args) const;
  void BindExtras(Interpreter& interpreter, Args& args) const;

  const MacroDefinition& definition_;
  Scope* scope_;
  Charge charge_{128};
};

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_MACRO_H_
