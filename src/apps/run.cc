#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/generate_flags.h"
#include "apps/output.h"
#include "apps/output_path.h"
#include "apps/program.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "generate/chat_session.h"
#include "generate/session_file.h"

namespace llamba {
namespace {

struct RunFlags {
  ModelFlags model;
  SamplerFlags sampler;
  GenerateFlags generate;
  TextFlags text;
  bool chat = false, echo = false, json = false, quiet = false;
  std::string system;
  std::string save_state, load_state;
};

// A text to continue, from where it was saved or from its start.
SavedSession StartText(const RunFlags& flags, const Generator& generator,
                       const SamplerOptions& sampler, const std::string& text) {
  const LoadedModel& model = generator.model();
  if (flags.load_state.empty()) {
    SavedSession session{generator.NewSequence(sampler), std::nullopt, ""};
    session.sequence.Append(model.EncodePrompt(text));
    return session;
  }
  SavedSession session = LoadSession(flags.load_state, model, sampler);
  // Of a conversation, nothing may have been said yet.
  const bool begins = session.sequence.ids.empty();
  session.sequence.Append(begins ? model.EncodePrompt(text)
                                 : model.EncodeMore(text, false));
  // With the text goes its form as a conversation.
  session.messages.reset();
  session.rendered.clear();
  return session;
}

GenerateResult ContinueText(const RunFlags& flags, Generator& generator,
                            const SamplerOptions& sampler,
                            const std::string& text,
                            const GenerateOptions& options,
                            FunctionRef<void(const GeneratedToken&)> sink) {
  SavedSession session = StartText(flags, generator, sampler, text);
  GenerateResult result = generator.Run(session.sequence, options, sink);
  if (!flags.save_state.empty()) {
    SaveSession(flags.save_state, session, generator.model());
  }
  return result;
}

GenerateResult Answer(const RunFlags& flags,
                      std::shared_ptr<const LoadedModel> model,
                      Generator& generator, const SamplerOptions& sampler,
                      const std::string& text, const GenerateOptions& options,
                      FunctionRef<void(const GeneratedToken&)> sink) {
  if (text.empty()) {
    Fail("the message is empty: give one with -p or -f");
  }
  ChatSession chat(std::move(model), sampler, flags.system);
  if (!flags.load_state.empty()) chat.Load(flags.load_state);
  GenerateResult result = chat.Send(generator, text, options, sink);
  if (!flags.save_state.empty()) chat.Save(flags.save_state);
  return result;
}

std::string ResultJson(const GenerateResult& result,
                       const SamplerOptions& sampler) {
  nlohmann::ordered_json json;
  json["text"] = result.text;
  json["stop_reason"] = StopReasonName(result.reason);
  if (!result.stop_string.empty()) json["stop_string"] = result.stop_string;
  json["prompt_tokens"] = result.prompt_tokens;
  json["new_tokens"] = result.new_tokens;
  json["prompt_tokens_per_second"] = result.PrefillRate();
  json["new_tokens_per_second"] = result.DecodeRate();
  json["seed"] = sampler.seed;
  return json.dump(2) + "\n";
}

void Run(const RunFlags& flags) {
  // --load-state is none of them: a state may be gone on with in its place.
  std::vector<std::string> inputs = InputsOf(flags.model);
  inputs.push_back(flags.text.file);
  CheckOutputFile(flags.save_state, inputs);
  const bool resumes = !flags.load_state.empty() && !flags.chat;
  const std::string text = ReadText(flags.text, resumes);
  const auto model = OpenModel(flags.model);
  const SamplerOptions sampler =
      ToSamplerOptions(flags.sampler, model->tokenizer());
  GenerateOptions options = ToGenerateOptions(flags.generate);
  options.hold_incomplete = !flags.save_state.empty();
  Generator generator(model);

  const InterruptGuard guard;
  if (flags.echo && !flags.json) PrintText(text);
  bool open_line = false;
  const auto sink = [&](const GeneratedToken& token) {
    if (flags.json || token.text.empty()) return;
    PrintText(token.text);
    open_line = !token.text.ends_with('\n');
  };
  GenerateResult result;
  try {
    result = flags.chat
                 ? Answer(flags, model, generator, sampler, text, options, sink)
                 : ContinueText(flags, generator, sampler, text, options, sink);
  } catch (const Error&) {
    if (open_line) EndLineForNotes();
    throw;
  }
  // A text that is to go on later must not gain a line break here.
  if (flags.json) PrintText(ResultJson(result, sampler));
  if (!flags.json && flags.save_state.empty()) PrintText("\n");
  if (!flags.save_state.empty() && !flags.quiet && open_line) EndLineForNotes();
  if (!flags.quiet) {
    PrintNote(fmt::format("{}; seed {}", DescribeResult(result), sampler.seed));
  }
  if (result.reason == StopReason::kCancelled) throw Exit{kInterrupted};
}

}  // namespace

void AddRunCommand(CLI::App& program) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* run = program.add_subcommand(
      "run",
      "Continue a text, or answer a message with --chat\n\n"
      "The text comes from -p, from a file or from standard input. What the "
      "model writes appears on standard output as it comes; all else goes to "
      "standard error. Ctrl-C ends it.");
  AddModelFlags(*run, flags->model);
  AddTextFlags(*run, flags->text);
  AddGenerateFlags(*run, flags->generate, 256);
  CLI::Option* chat = run->add_flag(
      "--chat", flags->chat,
      "The text is a message: put the model's chat template round it");
  CLI::Option* system =
      run->add_option("--system", flags->system,
                      "System message, with --chat; a loaded state has its own")
          ->type_name("TEXT")
          ->needs(chat);
  AddTemplateFlag(*run, flags->model)->needs(chat);
  CLI::Option* echo = run->add_flag("--echo", flags->echo,
                                    "Print the text that is continued too");
  run->add_flag("--json", flags->json, "Print one JSON object at the end")
      ->excludes(echo);
  run->add_flag("-q,--quiet", flags->quiet, "No figures on standard error");
  run->add_option("--save-state", flags->save_state,
                  "Save where the text stands, to go on from there later")
      ->type_name("FILE");
  run->add_option("--load-state", flags->load_state,
                  "Go on from a saved state; the text, if any, comes behind it")
      ->type_name("FILE")
      ->excludes(system);
  AddSamplerFlags(*run, flags->sampler);
  run->footer(
      "Examples:\n"
      "  llamba run model.gguf -p \"Once upon a time\" -n 100\n"
      "  llamba run model.gguf --chat -p \"Why is the sky blue?\"\n"
      "  llamba run model.gguf --greedy < text.txt\n"
      "  llamba run model.gguf -f book.txt --save-state book.state -n 0\n"
      "  llamba run model.gguf --load-state book.state -p \" Then\"");
  run->callback([flags] { Run(*flags); });
}

}  // namespace llamba
