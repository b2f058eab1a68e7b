#ifndef LLAMBA_TEMPLATE_TEMPLATE_H_
#define LLAMBA_TEMPLATE_TEMPLATE_H_

#include <ctime>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "template/budget.h"

namespace llamba {

struct RenderOptions {
  // Local time that strftime_now tells; the clock's where it is empty.
  std::optional<std::tm> now;
  jinja::Limits limits;
};

// A Jinja template as chat templates use it, with the output of Python's jinja2
// as transformers sets it up (immutable sandbox, trim_blocks, lstrip_blocks,
// loop controls, no autoescape, its own tojson, raise_exception, strftime_now
// and the generation tag). Immutable, cheap to copy, safe to render on any
// number of threads at once.
//
// A template may come from anywhere: nesting, values, output and time of a
// rendering are bounded (RenderOptions::limits), and passing a bound is an
// Error that names it. Integers have 64 bits. What the interpreter does not
// know is an Error as well, never guessed.
class Template {
 public:
  // `name` says in errors which template it is. Throws Error: "chat template,
  // line 12: unknown filter 'foo'".
  static Template Parse(std::string_view source,
                        std::string name = "chat template");

  // `variables` is an object: the names that the template sees. Throws Error
  // with name and line, also where the template calls raise_exception.
  std::string Render(const nlohmann::ordered_json& variables,
                     const RenderOptions& options = {}) const;

 private:
  struct Parsed;
  explicit Template(std::shared_ptr<const Parsed> parsed)
      : parsed_(std::move(parsed)) {}

  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace llamba

#endif  // LLAMBA_TEMPLATE_TEMPLATE_H_
