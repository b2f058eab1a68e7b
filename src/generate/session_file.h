#ifndef LLAMBA_GENERATE_SESSION_FILE_H_
#define LLAMBA_GENERATE_SESSION_FILE_H_

#include <optional>
#include <string>
#include <vector>

#include "generate/generator.h"
#include "generate/loaded_model.h"
#include "generate/message.h"

namespace llamba {

// A text in progress, or a conversation, as a saved state (see
// runtime/state_file.h) with the sections "sampler", "ids" (int32), and for a
// conversation "messages" and "rendered".
struct SavedSession {
  Sequence sequence;
  std::optional<std::vector<Message>> messages;  // none: a plain text
  std::string rendered;  // the text that `sequence` holds, as rendered
};

// Written atomically. Throws Error naming the path.
void SaveSession(const std::string& path, const SavedSession& session,
                 const LoadedModel& model);

// `options` are those of the sampler that goes on; its generator and recent
// tokens come from the file. Throws Error naming the path and what differs.
SavedSession LoadSession(const std::string& path, const LoadedModel& model,
                         const SamplerOptions& options);

}  // namespace llamba

#endif  // LLAMBA_GENERATE_SESSION_FILE_H_
