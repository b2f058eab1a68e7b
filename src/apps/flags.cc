#include "apps/flags.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "apps/number_checks.h"
#include "apps/suggest.h"
#include "base/ascii_case.h"
#include "base/error.h"
#include "base/file.h"
#include "base/thread_pool.h"

namespace llamba {

void Choose(CLI::Option* option, std::vector<std::string> words) {
  option->type_name(fmt::format("{}", fmt::join(words, "|")));
  // Types of weights are often written Q4_K.
  option->transform([](std::string word) { return AsciiLower(word); });
  option->check([words](const std::string& word) -> std::string {
    if (std::find(words.begin(), words.end(), word) != words.end()) return "";
    return fmt::format("expected {}, found '{}'.{}", fmt::join(words, ", "),
                       word, DidYouMean(word, words));
  });
}

CLI::Option* AddDTypeFlag(CLI::App& command, std::string* dtype,
                          const std::string& meaning) {
  CLI::Option* option = command.add_option("--dtype", *dtype, meaning);
  Choose(option, {"f32", "f16", "bf16"});
  return option;
}

CLI::Option* AddTokenizerFlag(CLI::App& command, std::string* path) {
  return command
      .add_option("--tokenizer", *path,
                  "Directory or file of the tokenizer, where it is not in or "
                  "beside the model")
      ->type_name("DIR");
}

void AddWeightFlags(CLI::App& command, ModelFlags& flags) {
  command
      .add_option("MODEL", flags.model,
                  "A GGUF file, or a directory with config.json and weights")
      ->required()
      ->type_name("MODEL");
  AddComputeFlags(command, flags);
}

void AddComputeFlags(CLI::App& command, ModelFlags& flags) {
  AddDTypeFlag(command, &flags.dtype,
               "Type that matrices are multiplied in (default: as stored)")
      ->group("Model");
  Choose(command
             .add_option("--activations", flags.activation_bits,
                         "Bits of the activations that weights of 4 to 8 bits "
                         "are multiplied by (default: 16 for a Llama, which "
                         "suffers from 8; else 8, the faster). With 8, BF16 "
                         "weights take activations in bf16 where the "
                         "processor multiplies these; with 16 in float32")
             ->group("Model"),
         {"8", "16"});
  command
      .add_option("--isa", flags.isa,
                  "Instruction set to use (default: auto, the best; a wrong "
                  "name lists those that this machine has)")
      ->type_name("ISA")
      ->group("Model");
  command
      .add_option("--threads", flags.threads,
                  "Threads that compute (default: one a core)")
      ->type_name("N")
      ->check(WholeNumber(1, 1024))
      ->group("Model");
}

void AddModelFlags(CLI::App& command, ModelFlags& flags) {
  AddWeightFlags(command, flags);
  AddTokenizerFlag(command, &flags.tokenizer)->group("Model");
}

CLI::Option* AddTemplateFlag(CLI::App& command, ModelFlags& flags) {
  return command
      .add_option("--chat-template", flags.chat_template,
                  "Jinja template to use instead of the model's")
      ->type_name("FILE")
      ->group("Model");
}

std::vector<std::string> InputsOf(const ModelFlags& flags) {
  return {flags.model, flags.tokenizer, flags.chat_template};
}

LoadOptions ToLoadOptions(const ModelFlags& flags) {
  LoadOptions options;
  if (!flags.dtype.empty()) options.dtype = ParseDType(flags.dtype);
  options.activation_bits = flags.activation_bits;
  options.isa = flags.isa;
  if (flags.threads > 0) ThreadPool::SetDefaultThreads(flags.threads);
  return options;
}

std::shared_ptr<const LoadedModel> OpenModel(const ModelFlags& flags) {
  LoadedModelOptions options;
  options.tokenizer = flags.tokenizer;
  options.chat_template = flags.chat_template;
  options.load = ToLoadOptions(flags);
  return LoadedModel::Open(flags.model, options);
}

void AddTextFlags(CLI::App& command, TextFlags& flags) {
  CLI::Option* prompt =
      command.add_option("-p,--prompt", flags.prompt, "The text")
          ->type_name("TEXT");
  command.add_option("-f,--file", flags.file, "Read the text from a file")
      ->type_name("FILE")
      ->excludes(prompt);
}

std::string ReadText(const TextFlags& flags, bool optional) {
  if (flags.prompt.has_value()) return *flags.prompt;
  if (!flags.file.empty() && flags.file != "-") return ReadFile(flags.file);
  if (isatty(STDIN_FILENO) != 0) {
    if (optional && flags.file.empty()) return "";
    fmt::print(stderr, "Type the text; end it with Ctrl-D.\n");
  }
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

}  // namespace llamba
