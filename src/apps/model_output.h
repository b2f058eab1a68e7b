#ifndef LLAMBA_APPS_MODEL_OUTPUT_H_
#define LLAMBA_APPS_MODEL_OUTPUT_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/interrupt.h"
#include "base/progress.h"
#include "model/checkpoint.h"
#include "tokenizer/tokenizer.h"

namespace llamba {

// What commands that write a model share.

// A model that is read to be written anew, and its tokenizer, where there is
// one in or beside it or at --tokenizer (a warning where not).
struct ModelToWrite {
  Checkpoint checkpoint;
  std::optional<Tokenizer> tokenizer;
};
// Throws Error for a tokenizer of another model.
ModelToWrite OpenModelToWrite(const std::string& path,
                              const std::string& tokenizer);
// --meta KEY=TEXT, which may be repeated.
void AddMetaFlag(CLI::App& command, std::vector<std::string>* meta);
// The tokenizer's keys, what the new file keeps of the old one's own, and what
// `meta` says of it as general.KEY. Throws Error for what is no KEY=TEXT, and
// for a key that the file's content decides.
GgufMetadata ExtraMetadata(const ModelToWrite& model,
                           const std::vector<std::string>& meta);

// Before the work. True for FILE.gguf; else `out` is a directory. Throws Error
// for a name that looks like another file (.safetensors, .bin), and as
// output_path.h says.
bool CheckModelOutput(const std::string& out,
                      const std::vector<std::string>& inputs);
// The same of a command that writes a GGUF file only.
void CheckGgufOutput(const std::string& out,
                     const std::vector<std::string>& inputs);

// Calls `write` with a progress report that draws a bar and stops at Ctrl-C;
// then, as nothing is left behind, the program ends with code 130.
void WithProgress(const std::string& label,
                  const std::function<void(const WriteProgress&)>& write);

// One line about what was written: path, bytes, type.
void PrintWritten(const std::string& out, const ModelConfig& config,
                  const std::string& types,
                  const std::optional<Tokenizer>& tokenizer);

}  // namespace llamba

#endif  // LLAMBA_APPS_MODEL_OUTPUT_H_
