#ifndef LLAMBA_GENERATE_MESSAGE_H_
#define LLAMBA_GENERATE_MESSAGE_H_

#include <string>
#include <vector>

#include "generate/loaded_model.h"

namespace llamba {

// One turn of a conversation: role "system", "user" or "assistant".
struct Message {
  std::string role;
  std::string content;
};

// The conversation as the model's template writes it, with the opening of the
// assistant's turn. Throws Error naming template, line and construct.
std::string RenderMessages(const LoadedModel& model,
                           const std::vector<Message>& messages);

}  // namespace llamba

#endif  // LLAMBA_GENERATE_MESSAGE_H_
