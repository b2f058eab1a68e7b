#include <spdlog/spdlog.h>

#include <filesystem>

#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/model_output.h"
#include "base/error.h"
#include "base/file.h"
#include "generate/loaded_model.h"
#include "model/checkpoint.h"

namespace llamba {
namespace {

namespace fs = std::filesystem;

struct ConvertFlags {
  std::string path, out, tokenizer, dtype;
};

bool SameFile(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::equivalent(a, b, ignored);
}

void RefuseOwnInput(const ConvertFlags& flags) {
  const fs::path input = flags.path;
  const bool loose = input.extension() == ".safetensors";
  const fs::path parent = input.has_parent_path() ? input.parent_path() : ".";
  if (SameFile(input, flags.out) || (loose && SameFile(parent, flags.out))) {
    Fail("--out {}: expected another place than the model that is read",
         flags.out);
  }
}

bool HasTokenizer(const Checkpoint& checkpoint) {
  if (checkpoint.gguf) return checkpoint.gguf->Has("tokenizer.ggml.model");
  return FileExists(checkpoint.path + "/tokenizer.json") ||
         FileExists(checkpoint.path + "/tokenizer.model");
}

std::optional<Tokenizer> ReadTokenizer(const Checkpoint& checkpoint,
                                       const ConvertFlags& flags) {
  if (flags.tokenizer.empty() && !HasTokenizer(checkpoint)) {
    spdlog::warn(
        "{}: no tokenizer in or beside it, so none is written; the result "
        "computes but reads no text: name the tokenizer's directory (often "
        "the teacher's) with --tokenizer DIR",
        checkpoint.path);
    return std::nullopt;
  }
  Tokenizer tokenizer = FindTokenizer(checkpoint, flags.tokenizer);
  CheckTokenizerFits(
      tokenizer, checkpoint.config,
      flags.tokenizer.empty() ? checkpoint.path : flags.tokenizer);
  return tokenizer;
}

// A Llamba's config does not say how long the texts of its teacher were; the
// teacher's, often beside the tokenizer, does.
int64_t TeacherContext(const std::string& dir) {
  const std::string path = dir + "/config.json";
  if (dir.empty() || !FileExists(path)) return 0;
  try {
    return ParseConfigJson(ReadFile(path), path).context_length;
  } catch (const Error& error) {
    spdlog::warn("no context length taken: {}", error.what());
    return 0;
  }
}

// What the new file keeps of a GGUF's own keys: name, licence, authors.
GgufMetadata GeneralKeys(const Checkpoint& checkpoint) {
  GgufMetadata kept;
  if (!checkpoint.gguf) return kept;
  for (const auto& [key, value] : checkpoint.gguf->entries()) {
    if (key.starts_with("general.") && key != "general.quantization_version") {
      kept.Set(key, value);
    }
  }
  return kept;
}

void WriteOneFile(const Checkpoint& checkpoint,
                  const std::optional<Tokenizer>& tokenizer,
                  const ConvertFlags& flags) {
  GgufMetadata extra = GeneralKeys(checkpoint);
  if (tokenizer) {
    WriteTokenizerMetadata(*tokenizer, checkpoint.config.vocab_size, &extra);
  }
  const std::optional<DType> dtype =
      flags.dtype.empty() ? std::nullopt : ParseDType(flags.dtype);
  WithProgress("writing", [&](const WriteProgress& progress) {
    WriteGgufModel(checkpoint, flags.out, dtype, extra, progress);
  });
}

void WriteDirectory(const Checkpoint& checkpoint,
                    const std::optional<Tokenizer>& tokenizer,
                    const ConvertFlags& flags) {
  const DType dtype = ParseDType(flags.dtype).value_or(DType::kF32);
  WithProgress("writing", [&](const WriteProgress& progress) {
    WriteSafetensorsModel(checkpoint, flags.out, dtype, progress);
  });
  if (tokenizer) WriteTokenizerFiles(*tokenizer, flags.out);
}

void Convert(const ConvertFlags& flags) {
  const bool gguf = IsGgufOutput(flags.out);
  Checkpoint checkpoint = OpenCheckpoint(flags.path);
  RefuseOwnInput(flags);
  const std::optional<Tokenizer> tokenizer = ReadTokenizer(checkpoint, flags);
  if (checkpoint.config.context_length == 0) {
    checkpoint.config.context_length = TeacherContext(flags.tokenizer);
  }
  if (gguf) {
    WriteOneFile(checkpoint, tokenizer, flags);
  } else {
    WriteDirectory(checkpoint, tokenizer, flags);
  }
  const std::string types = !flags.dtype.empty() ? flags.dtype
                            : gguf               ? "types as read"
                                                 : "f32";
  PrintWritten(flags.out, checkpoint.config, types, tokenizer);
}

}  // namespace

void AddConvertCommand(CLI::App& program) {
  auto flags = std::make_shared<ConvertFlags>();
  CLI::App* convert = program.add_subcommand(
      "convert",
      "Turn a model into one GGUF file, or into safetensors\n\n"
      "Reads directories as published (Llamba, Llama, MLX) and GGUF files. "
      "FILE.gguf gets the tokenizer and the chat template inside; a directory "
      "gets config.json, model.safetensors and the tokenizer's files.");
  convert->add_option("PATH", flags->path, "The model: a directory or a file")
      ->required()
      ->type_name("MODEL");
  convert
      ->add_option("-o,--out", flags->out,
                   "FILE.gguf, or a directory for safetensors")
      ->required()
      ->type_name("FILE");
  AddTokenizerFlag(*convert, &flags->tokenizer);
  AddDTypeFlag(*convert, &flags->dtype,
               "Type of the matrices (default: as stored in FILE.gguf, f32 in "
               "a directory)");
  convert->footer(
      "Examples:\n"
      "  llamba convert Llamba-1B -o llamba-1b.gguf --tokenizer "
      "Llama-3.2-1B-Instruct --dtype bf16\n"
      "  llamba convert llamba-1b.gguf -o Llamba-1B --dtype bf16");
  convert->callback([flags] { Convert(*flags); });
}

}  // namespace llamba
