#ifndef LLAMBA_APPS_FLAGS_H_
#define LLAMBA_APPS_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "generate/loaded_model.h"
#include "runtime/model.h"
#include "sampling/options.h"
#include "tokenizer/tokenizer.h"

namespace llamba {

// Flags that several commands share. The structs must outlive the parsing:
// commands keep them in a shared_ptr that their callback holds.

// Restricts an option to some words, of small letters; it takes capitals for
// them, and a wrong word names the nearest.
void Choose(CLI::Option* option, std::vector<std::string> words);

// --dtype; words as ParseDType takes them.
CLI::Option* AddDTypeFlag(CLI::App& command, std::string* dtype,
                          const std::string& meaning);

// Where the text's tokenizer is: --tokenizer DIR.
CLI::Option* AddTokenizerFlag(CLI::App& command, std::string* path);

// How a model is loaded and computed: MODEL, --tokenizer, --dtype,
// --activations, --isa, --threads.
struct ModelFlags {
  std::string model;
  std::string tokenizer;
  std::string chat_template;
  std::string dtype;
  std::optional<int> activation_bits;
  std::string isa;
  int threads = 0;  // 0: one a core
};
// --dtype, --activations, --isa, --threads alone.
void AddComputeFlags(CLI::App& command, ModelFlags& flags);
// Those of commands that read no text: without --tokenizer.
void AddWeightFlags(CLI::App& command, ModelFlags& flags);
void AddModelFlags(CLI::App& command, ModelFlags& flags);
// --chat-template.
CLI::Option* AddTemplateFlag(CLI::App& command, ModelFlags& flags);
// The paths that it reads; empty where a flag was not given.
std::vector<std::string> InputsOf(const ModelFlags& flags);
// Sets the number of threads of the process as well.
LoadOptions ToLoadOptions(const ModelFlags& flags);
std::shared_ptr<const LoadedModel> OpenModel(const ModelFlags& flags);

// How tokens are chosen.
struct SamplerFlags {
  SamplerOptions options;
  std::optional<uint64_t> seed;
  bool greedy = false;
  std::vector<std::string> logit_bias;  // "ID+2.5", "ID-inf"
  std::vector<std::string> dry_breakers;
};
void AddSamplerFlags(CLI::App& command, SamplerFlags& flags);
// Throws Error for a bias that is not of that form. Without --seed, a new seed
// each time.
SamplerOptions ToSamplerOptions(const SamplerFlags& flags,
                                const Tokenizer& tokenizer);

// Where a text comes from: -p, -f or standard input.
struct TextFlags {
  std::optional<std::string> prompt;
  std::string file;
};
void AddTextFlags(CLI::App& command, TextFlags& flags);
// The text. With neither flag, standard input is read to its end; on a
// terminal it says so, unless `optional`: then there is no text.
std::string ReadText(const TextFlags& flags, bool optional);

}  // namespace llamba

#endif  // LLAMBA_APPS_FLAGS_H_
