#ifndef LLAMBA_TEMPLATE_CHAT_TEMPLATE_H_
#define LLAMBA_TEMPLATE_CHAT_TEMPLATE_H_

#include <nlohmann/json.hpp>
#include <string>

#include "template/template.h"

namespace llamba {

// What a chat template is given, under the names that transformers'
// apply_chat_template uses.
struct ChatInput {
  // An array of objects: role, content (text, or an array of parts), tool_calls
  // and whatever else the template reads.
  nlohmann::ordered_json messages;
  // An array of tools as JSON schemas, or null for none.
  nlohmann::ordered_json tools;
  // Ends the text where the assistant's answer begins.
  bool add_generation_prompt = true;
  // Empty ones are not given to the template.
  std::string bos_token, eos_token;
  // Further variables, an object or null; they win over those above.
  nlohmann::ordered_json extra;
};

// The text of the conversation. As in transformers, fields of messages that are
// null count as absent, and reasoning is passed under each of its names. Throws
// Error where messages are no array of objects, or from the template.
std::string RenderChat(const Template& chat_template, const ChatInput& input,
                       const RenderOptions& options = {});

}  // namespace llamba

#endif  // LLAMBA_TEMPLATE_CHAT_TEMPLATE_H_
