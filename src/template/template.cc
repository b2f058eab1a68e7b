#include "template/template.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/error.h"
#include "template/from_json.h"
#include "template/interpreter.h"
#include "template/lexer.h"
#include "template/parser.h"

namespace llamba {
namespace {

// A template of this size is no chat template; the parser's memory is a
// multiple of it.
constexpr size_t kMaxSourceBytes = size_t{1} << 20;

std::tm LocalNow() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return local;
}

using Variables = std::vector<std::optional<jinja::Value>>;

// The variables that the template names, by symbol.
Variables BindVariables(const jinja::Program& program,
                        const nlohmann::ordered_json& json) {
  if (!json.is_object()) jinja::Raise("the variables must be a JSON object");
  Variables variables(program.names.size());
  for (size_t i = 0; i < program.names.size(); ++i) {
    const auto it = json.find(program.names[i]);
    if (it != json.end()) variables[i] = jinja::FromJson(*it);
  }
  return variables;
}

}  // namespace

struct Template::Parsed {
  std::string name;
  jinja::Program program;
};

Template Template::Parse(std::string_view source, std::string name) {
  if (source.size() > kMaxSourceBytes) {
    Fail("{}: {} bytes, more than the limit of {}", name, source.size(),
         kMaxSourceBytes);
  }
  try {
    jinja::Program program = jinja::Parser(jinja::Tokenize(source)).Parse();
    return Template(std::make_shared<const Parsed>(
        Parsed{std::move(name), std::move(program)}));
  } catch (const jinja::SyntaxError& error) {
    Fail("{}, line {}: {}", name, error.line(), error.what());
  }
}

std::string Template::Render(const nlohmann::ordered_json& variables,
                             const RenderOptions& options) const {
  const std::tm now = options.now.has_value() ? *options.now : LocalNow();
  jinja::Budget budget(options.limits);
  const jinja::BudgetScope scope(&budget);
  int line = 1;
  try {
    const Variables bound = BindVariables(parsed_->program, variables);
    jinja::Interpreter interpreter(parsed_->program, bound, now);
    try {
      return interpreter.Run();
    } catch (const jinja::TemplateError&) {
      line = interpreter.line();
      throw;
    }
  } catch (const jinja::TemplateError& error) {
    Fail("{}, line {}: {}", parsed_->name, line, error.what());
  }
}

}  // namespace llamba
