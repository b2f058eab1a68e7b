#include "apps/chat_console.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "apps/output.h"
#include "apps/output_path.h"
#include "apps/suggest.h"
#include "apps/typed_path.h"
#include "base/counted.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/parse_number.h"
#include "base/progress.h"
#include "runtime/state_file.h"

namespace llamba {

struct ChatConsole::Command {
  const char* name;
  const char* argument;
  const char* meaning;
  std::function<void(ChatConsole&, const std::string& argument)> run;
};

const std::vector<ChatConsole::Command>& ChatConsole::Commands() {
  static const std::vector<Command> commands = {
      {"/save", "FILE", "save the conversation",
       [](ChatConsole& c, const std::string& a) { c.Save(a); }},
      {"/load", "FILE", "go on with a saved conversation",
       [](ChatConsole& c, const std::string& a) { c.Load(a); }},
      {"/fork", "[N]", "go on with a copy; with a number: go to that branch",
       [](ChatConsole& c, const std::string& a) { c.Fork(a); }},
      {"/undo", "", "take back your last message and its reply",
       [](ChatConsole& c, const std::string&) { c.Undo(); }},
      {"/reset", "", "start again from nothing",
       [](ChatConsole& c, const std::string&) { c.Reset(); }},
      {"/stats", "", "tokens, speed, and the size of the state",
       [](ChatConsole& c, const std::string&) { c.ShowStats(); }},
      {"/help", "", "this list",
       [](ChatConsole& c, const std::string&) { c.ShowHelp(); }},
      {"/exit", "", "end the chat (so does Ctrl-D)", nullptr},
  };
  return commands;
}

ChatConsole::ChatConsole(std::shared_ptr<const LoadedModel> model,
                         ChatSession session, GenerateOptions options,
                         std::vector<std::string> inputs)
    : model_(std::move(model)),
      generator_(model_),
      options_(std::move(options)),
      inputs_(std::move(inputs)) {
  branches_.push_back(std::move(session));
}

void ChatConsole::Greet() const {
  PrintNote(fmt::format("{}: {}. /help lists the commands, Ctrl-D ends.",
                        model_->path(),
                        DescribeModel(model_->model()->config())));
}

bool ChatConsole::Handle(const std::string& line) {
  const size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos) return true;
  try {
    if (line[begin] != '/') {
      Send(line);
      return true;
    }
    const size_t end = std::min(line.find(' ', begin), line.size());
    std::string argument = line.substr(end);
    argument.erase(0, argument.find_first_not_of(' '));
    argument.erase(argument.find_last_not_of(' ') + 1);
    return RunCommand(line.substr(begin, end - begin), argument);
  } catch (const Error& error) {
    spdlog::error("{}", error.what());
    return true;
  }
}

bool ChatConsole::RunCommand(const std::string& name,
                             const std::string& argument) {
  if (name == "/exit" || name == "/quit") return false;
  std::vector<std::string> names;
  for (const Command& command : Commands()) {
    names.emplace_back(command.name);
    if (name != command.name) continue;
    const std::string expected = command.argument;
    if (expected == "FILE" && argument.empty()) {
      Fail("{}: expected a file, for instance {} talk.state", name, name);
    }
    if (expected.empty() && !argument.empty()) {
      Fail("{}: takes no argument, found '{}'", name, argument);
    }
    command.run(*this, expected == "FILE" ? TypedPath(argument) : argument);
    return true;
  }
  Fail("no command '{}'.{} /help lists them.", name, DidYouMean(name, names));
}

void ChatConsole::Send(const std::string& text) {
  // Ctrl-C ends this reply; the next line is read as if nothing had happened.
  const InterruptGuard guard;
  last_ = session().Send(generator_, text, options_,
                         [](const GeneratedToken& token) {
                           if (!token.text.empty()) PrintText(token.text);
                         });
  PrintText("\n");
  if (last_.reason != StopReason::kEndToken &&
      last_.reason != StopReason::kStopString) {
    PrintNote(fmt::format("({})", StopReasonName(last_.reason)));
  }
}

void ChatConsole::Save(const std::string& path) {
  CheckOutputFile(path, inputs_);
  session().Save(path);
  PrintNote(fmt::format("saved to {}", path));
}

void ChatConsole::Load(const std::string& path) {
  session().Load(path);
  last_ = {};
  PrintNote(fmt::format("{}, {}: go on",
                        Counted(session().messages().size(), "message"),
                        Counted(session().sequence().ids.size(), "token")));
}

void ChatConsole::Fork(const std::string& number) {
  if (number.empty()) {
    branches_.push_back(session());
    branch_ = branches_.size() - 1;
  } else {
    const auto n = ParseNumber<size_t>(number);
    if (!n || *n < 1 || *n > branches_.size()) {
      Fail("/fork: expected a branch from 1 to {}, found '{}'",
           branches_.size(), number);
    }
    branch_ = *n - 1;
  }
  PrintNote(fmt::format("branch {} of {} (/fork N goes to another)",
                        branch_ + 1, branches_.size()));
}

void ChatConsole::Undo() {
  if (!session().Undo()) Fail("/undo: there is nothing to take back");
  last_ = {};
  PrintNote(
      fmt::format("{} left", Counted(session().messages().size(), "message")));
}

void ChatConsole::Reset() {
  session().Reset();
  last_ = {};
  PrintNote("a new conversation");
}

void ChatConsole::ShowStats() const {
  const Sequence& sequence = session().sequence();
  PrintNote(fmt::format(
      "messages  {}\ntokens    {}\nstate     {}\nbranch    {} of {}",
      session().messages().size(), sequence.ids.size(),
      BytesString(sequence.state.bytes()), branch_ + 1, branches_.size()));
  if (last_.new_tokens > 0) {
    PrintNote("last      " + DescribeResult(last_));
  }
}

void ChatConsole::ShowHelp() const {
  for (const Command& command : Commands()) {
    PrintNote(fmt::format("{:<12} {}",
                          fmt::format("{} {}", command.name, command.argument),
                          command.meaning));
  }
  PrintNote(
      "A line that ends in a backslash goes on in the next. Ctrl-C ends "
      "a reply.");
}

}  // namespace llamba
