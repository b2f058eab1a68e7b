// libFuzzer: a template, then optionally "\n====\n" and its variables as JSON.
// Whatever the bytes, the outcome is a text or an Error.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "template/template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kSeparator = "\n====\n";
  const size_t split = input.find(kSeparator);
  nlohmann::ordered_json variables;
  if (split != std::string_view::npos) {
    variables = nlohmann::ordered_json::parse(
        input.substr(split + kSeparator.size()), nullptr, false);
  }
  if (!variables.is_object()) variables = {{"messages", {{{"role", "user"}}}}};
  llamba::RenderOptions options;
  options.limits.work = 50'000;
  options.limits.memory = size_t{16} << 20;
  options.limits.string = size_t{1} << 20;
  try {
    llamba::Template::Parse(input.substr(0, split)).Render(variables, options);
  } catch (const llamba::Error&) {
  }
  return 0;
}
