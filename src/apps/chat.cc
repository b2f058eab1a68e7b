#include <fmt/format.h>
#include <unistd.h>

#include "apps/chat_console.h"
#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/generate_flags.h"
#include "apps/line_reader.h"

namespace llamba {
namespace {

struct ChatFlags {
  ModelFlags model;
  SamplerFlags sampler;
  GenerateFlags generate;
  std::string system;
  std::string load_state;
};

void Chat(const ChatFlags& flags) {
  const auto model = OpenModel(flags.model);
  const SamplerOptions sampler =
      ToSamplerOptions(flags.sampler, model->tokenizer());
  ChatConsole console(model, ChatSession(model, sampler, flags.system),
                      ToGenerateOptions(flags.generate), InputsOf(flags.model));
  if (!flags.load_state.empty()) console.Load(flags.load_state);
  LineReader reader("> ");
  if (reader.interactive()) console.Greet();
  std::string line;
  while (true) {
    const LineReader::Status status = reader.Read(&line);
    if (status == LineReader::Status::kInterrupted) continue;
    if (status == LineReader::Status::kEnd) return;
    if (!console.Handle(line)) return;
  }
}

}  // namespace

void AddChatCommand(CLI::App& program) {
  auto flags = std::make_shared<ChatFlags>();
  CLI::App* chat = program.add_subcommand(
      "chat",
      "Talk with a model, turn by turn\n\n"
      "Type a message and Enter; a line that ends in a backslash goes on in "
      "the next. Ctrl-C ends a reply, Ctrl-D the chat. /help lists the "
      "commands: saving, loading, forking and undoing. What was typed stays in "
      "llamba/history below $XDG_STATE_HOME (default: ~/.local/state).");
  AddModelFlags(*chat, flags->model);
  CLI::Option* system =
      chat->add_option("--system", flags->system,
                       "System message; a loaded conversation has its own")
          ->type_name("TEXT");
  AddGenerateFlags(*chat, flags->generate, 1024);
  AddTemplateFlag(*chat, flags->model);
  chat->add_option("--load-state", flags->load_state,
                   "Go on with a conversation that /save wrote")
      ->type_name("FILE")
      ->excludes(system);
  AddSamplerFlags(*chat, flags->sampler);
  chat->footer(
      "Examples:\n"
      "  llamba chat model.gguf\n"
      "  llamba chat model.gguf --system \"Answer in one sentence.\"\n"
      "  printf 'Hello\\n/stats\\n' | llamba chat model.gguf");
  chat->callback([flags] { Chat(*flags); });
}

}  // namespace llamba
