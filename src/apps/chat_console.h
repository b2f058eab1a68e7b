#ifndef LLAMBA_APPS_CHAT_CONSOLE_H_
#define LLAMBA_APPS_CHAT_CONSOLE_H_

#include <memory>
#include <string>
#include <vector>

#include "generate/chat_session.h"

namespace llamba {

// What `llamba chat` does with a line: a message to the model, or a command
// that starts with a slash. Replies go to standard output, the rest to standard
// error. An error of one line ends neither conversation nor program.
class ChatConsole {
 public:
  // `inputs`: paths that /save leaves alone.
  ChatConsole(std::shared_ptr<const LoadedModel> model, ChatSession session,
              GenerateOptions options, std::vector<std::string> inputs);

  // Says what one talks with, and where help is.
  void Greet() const;
  // False where the chat is over.
  bool Handle(const std::string& line);
  // Goes on with a saved conversation; throws Error.
  void Load(const std::string& path);

 private:
  struct Command;
  static const std::vector<Command>& Commands();

  void Send(const std::string& text);
  // False for /exit.
  bool RunCommand(const std::string& name, const std::string& argument);
  void Save(const std::string& path);
  void Fork(const std::string& number);
  void Undo();
  void Reset();
  void ShowStats() const;
  void ShowHelp() const;

  ChatSession& session() { return branches_[branch_]; }
  const ChatSession& session() const { return branches_[branch_]; }

  std::shared_ptr<const LoadedModel> model_;
  Generator generator_;
  GenerateOptions options_;
  std::vector<std::string> inputs_;
  std::vector<ChatSession> branches_;
  size_t branch_ = 0;
  GenerateResult last_;  // of a reply that still stands
};

}  // namespace llamba

#endif  // LLAMBA_APPS_CHAT_CONSOLE_H_
