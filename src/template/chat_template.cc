#include "template/chat_template.h"

#include "base/error.h"

namespace llamba {
namespace {

using Json = nlohmann::ordered_json;

Json WithoutNulls(const Json& message) {
  Json out = Json::object();
  for (const auto& [key, value] : message.items()) {
    if (!value.is_null()) out[key] = value;
  }
  return out;
}

// Templates read a message's reasoning as `reasoning_content` or `thinking`,
// clients also write `reasoning`.
Json WithReasoning(const Json& message) {
  for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
    const auto found = message.find(name);
    if (found == message.end()) continue;
    Json out = Json::object();
    out["thinking"] = *found;
    for (const auto& [key, value] : message.items()) out[key] = value;
    out["reasoning_content"] = *found;
    return out;
  }
  return message;
}

Json NormalizeMessages(const Json& messages) {
  if (!messages.is_array()) {
    Fail("messages: expected an array, found {}", messages.type_name());
  }
  Json out = Json::array();
  for (const Json& message : messages) {
    if (!message.is_object()) {
      Fail("messages[{}]: expected an object, found {}", out.size(),
           message.type_name());
    }
    out.push_back(WithReasoning(WithoutNulls(message)));
  }
  return out;
}

}  // namespace

std::string RenderChat(const Template& chat_template, const ChatInput& input,
                       const RenderOptions& options) {
  Json variables = Json::object();
  variables["messages"] = NormalizeMessages(input.messages);
  variables["tools"] = input.tools;
  variables["documents"] = nullptr;
  variables["add_generation_prompt"] = input.add_generation_prompt;
  if (!input.bos_token.empty()) variables["bos_token"] = input.bos_token;
  if (!input.eos_token.empty()) variables["eos_token"] = input.eos_token;
  if (!input.extra.is_null()) {
    if (!input.extra.is_object()) {
      Fail("chat template variables: expected an object, found {}",
           input.extra.type_name());
    }
    for (const auto& [key, value] : input.extra.items()) {
      variables[key] = value;
    }
  }
  return chat_template.Render(variables, options);
}

}  // namespace llamba
