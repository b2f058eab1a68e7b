// Renders templates for tests/interop: reads a JSON object a line from standard
// input, writes one a line: {"output": text} or {"error": message}.
//   {"template": text, "variables": {...}, "now": seconds}
//   {"template": text, "messages": [...], "tools": [...] or null,
//    "add_generation_prompt": bool, "extra": {...}, "now": seconds}
// `now` counts from 1970 and is shown as UTC.

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "template/chat_template.h"

namespace {

using Json = nlohmann::ordered_json;

std::string Render(const Json& request) {
  llamba::RenderOptions options;
  const std::time_t now = request.at("now").get<std::time_t>();
  std::tm time{};
  gmtime_r(&now, &time);
  options.now = time;
  const auto parsed =
      llamba::Template::Parse(request.at("template").get<std::string>());
  if (request.contains("variables")) {
    return parsed.Render(request["variables"], options);
  }
  llamba::ChatInput input;
  input.messages = request.at("messages");
  input.tools = request.at("tools");
  input.add_generation_prompt = request.at("add_generation_prompt").get<bool>();
  input.extra = request.at("extra");
  return llamba::RenderChat(parsed, input, options);
}

Json Answer(const std::string& line) {
  try {
    return {{"output", Render(Json::parse(line))}};
  } catch (const llamba::Error& error) {
    return {{"error", error.what()}};
  }
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << Answer(line).dump(-1, ' ', true) << std::endl;
  }
  return 0;
}
