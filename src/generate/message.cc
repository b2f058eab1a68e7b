#include "generate/message.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/json_error.h"
#include "template/chat_template.h"

namespace llamba {

std::string RenderMessages(const LoadedModel& model,
                           const std::vector<Message>& messages) {
  const Tokenizer& tokenizer = model.tokenizer();
  ChatInput input;
  input.messages = nlohmann::ordered_json::array();
  for (const Message& message : messages) {
    input.messages.push_back(
        {{"role", message.role},
         {"content", message.role == "assistant"
                         ? message.content
                         : model.MarkSpecial(message.content)}});
  }
  input.bos_token = tokenizer.bos_token();
  input.eos_token = tokenizer.eos_token();
  try {
    return RenderChat(
        Template::Parse(model.chat_template(), model.chat_template_source()),
        input);
  } catch (const nlohmann::json::exception& error) {
    Fail("{}: {}", model.chat_template_source(), JsonReason(error));
  }
}

}  // namespace llamba
