#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/model_output.h"
#include "base/error.h"
#include "model/checkpoint.h"

namespace llamba {
namespace {

struct ConvertFlags {
  std::string path, out, tokenizer, dtype;
  std::vector<std::string> meta;
};

void WriteOneFile(const ModelToWrite& model, const ConvertFlags& flags) {
  const Checkpoint& checkpoint = model.checkpoint;
  const GgufMetadata extra = ExtraMetadata(model, flags.meta);
  const std::optional<DType> dtype =
      flags.dtype.empty() ? std::nullopt : ParseDType(flags.dtype);
  WithProgress("writing", [&](const WriteProgress& progress) {
    WriteGgufModel(checkpoint, flags.out, dtype, extra, progress);
  });
}

void WriteDirectory(const ModelToWrite& model, const ConvertFlags& flags) {
  const DType dtype = ParseDType(flags.dtype).value_or(DType::kF32);
  if (model.tokenizer) RefuseOtherTokenizerFiles(*model.tokenizer, flags.out);
  WithProgress("writing", [&](const WriteProgress& progress) {
    WriteSafetensorsModel(model.checkpoint, flags.out, dtype, progress);
  });
  if (model.tokenizer) WriteTokenizerFiles(*model.tokenizer, flags.out);
}

void Convert(const ConvertFlags& flags) {
  const bool gguf = CheckModelOutput(flags.out, {flags.path, flags.tokenizer});
  const ModelToWrite model = OpenModelToWrite(flags.path, flags.tokenizer);
  if (gguf) {
    WriteOneFile(model, flags);
  } else {
    if (!flags.meta.empty()) Fail("--meta: only FILE.gguf takes it");
    WriteDirectory(model, flags);
  }
  const std::string types = !flags.dtype.empty() ? flags.dtype
                            : gguf               ? "types as read"
                                                 : "f32";
  PrintWritten(flags.out, model.checkpoint.config, types, model.tokenizer);
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
  AddMetaFlag(*convert, &flags->meta);
  convert->footer(
      "Examples:\n"
      "  llamba convert Llamba-1B -o llamba-1b.gguf --tokenizer "
      "Llama-3.2-1B-Instruct --dtype bf16\n"
      "  llamba convert llamba-1b.gguf -o Llamba-1B --dtype bf16");
  convert->callback([flags] { Convert(*flags); });
}

}  // namespace llamba
