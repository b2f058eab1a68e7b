#ifndef LLAMBA_GENERATE_CHAT_SESSION_H_
#define LLAMBA_GENERATE_CHAT_SESSION_H_

#include <memory>
#include <string>
#include <vector>

#include "generate/generator.h"
#include "generate/message.h"
#include "generate/session_file.h"

namespace llamba {

// A conversation. Each reply leaves a state behind, so that undoing is going
// back to one, and a new turn reads its own tokens only: as long as what the
// template makes of the messages still starts with what was read. Where it does
// not (a template that rewrites earlier turns), as much as fits is kept and the
// rest is read again.
//
// A plain value: a copy is a fork. One thread at a time.
class ChatSession {
 public:
  // `system` may be empty: the template then decides. Throws Error where the
  // model has no template, for options out of range and invalid UTF-8.
  ChatSession(std::shared_ptr<const LoadedModel> model,
              const SamplerOptions& options, std::string system);

  const std::vector<Message>& messages() const { return messages_; }
  // The text as tokens, and the state behind the last reply.
  const Sequence& sequence() const { return points_.back().sequence; }

  // Adds the user's message and generates the reply into the messages; a
  // cancelled reply stays as far as it came. `generator` is of the same model.
  // After an Error the conversation is as it was.
  GenerateResult Send(Generator& generator, const std::string& text,
                      const GenerateOptions& options,
                      FunctionRef<void(const GeneratedToken&)> sink);

  // Takes the last message of the user and its reply away; false where there
  // is none. The generator of random numbers does not go back: the same message
  // gets another reply.
  bool Undo();
  // Back to the beginning (the system message stays).
  void Reset();

  // See session_file.h. Loading replaces this conversation; what is undone
  // after it is read again.
  void Save(const std::string& path) const;
  void Load(const std::string& path);

 private:
  // A moment between two turns. `rendered`: the text, as the template writes
  // it, that the sequence's tokens stand for.
  struct Point {
    Sequence sequence;
    std::string rendered;
    size_t n_messages;  // that were there
  };

  Point Start() const;
  // A sequence that holds the tokens of `rendered`, from the latest point that
  // it goes on from.
  Sequence Prepare(const std::string& rendered) const;
  // After a reply: the tokens behind the first `n_prompt`.
  Point PointBehind(Sequence sequence, std::string rendered,
                    size_t n_prompt) const;

  std::shared_ptr<const LoadedModel> model_;
  SamplerOptions options_;
  std::vector<Message> messages_;
  std::vector<Point> points_;  // the start, and behind each reply
  Random random_;              // as the last reply left it
};

}  // namespace llamba

#endif  // LLAMBA_GENERATE_CHAT_SESSION_H_
