#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/model_output.h"
#include "apps/number_checks.h"
#include "base/error.h"
#include "base/file.h"
#include "model/synthetic.h"

namespace llamba {
namespace {

struct SynthFlags {
  std::string shape, config, out, tokenizer, dtype = "bf16";
  uint64_t seed = 0;
};

ModelConfig ReadShape(const SynthFlags& flags) {
  if (flags.shape.empty() == flags.config.empty()) {
    Fail("expected one of --shape and --config, found {}",
         flags.shape.empty() ? "neither" : "both");
  }
  if (!flags.shape.empty()) return SyntheticShape(flags.shape);
  return ParseConfigJson(ReadFile(flags.config), flags.config);
}

void WriteOneFile(const ModelConfig& config, const SyntheticSource& source,
                  const std::optional<Tokenizer>& tokenizer,
                  const SynthFlags& flags) {
  GgufMetadata extra;
  extra.Set("general.name",
            fmt::format("synthetic {}, seed {}",
                        flags.shape.empty() ? flags.config : flags.shape,
                        flags.seed));
  if (tokenizer) WriteTokenizerMetadata(*tokenizer, config.vocab_size, &extra);
  WithProgress("writing", [&](const WriteProgress& progress) {
    WriteGguf(config, source, flags.out, ParseDType(flags.dtype), extra,
              progress);
  });
}

void Synth(const SynthFlags& flags) {
  const bool gguf =
      CheckModelOutput(flags.out, {flags.config, flags.tokenizer});
  const ModelConfig config = ReadShape(flags);
  std::optional<Tokenizer> tokenizer;
  if (!flags.tokenizer.empty()) {
    tokenizer = LoadTokenizer(flags.tokenizer);
    CheckTokenizerFits(tokenizer->vocab_size(), config.vocab_size,
                       flags.tokenizer);
  }
  const SyntheticSource source(config, flags.seed);
  if (gguf) {
    WriteOneFile(config, source, tokenizer, flags);
  } else {
    if (tokenizer) RefuseOtherTokenizerFiles(*tokenizer, flags.out);
    WithProgress("writing", [&](const WriteProgress& progress) {
      WriteSafetensors(config, source, flags.out,
                       ParseDType(flags.dtype).value(), progress);
    });
    if (tokenizer) WriteTokenizerFiles(*tokenizer, flags.out);
  }
  PrintWritten(flags.out, config, flags.dtype, tokenizer);
}

}  // namespace

void AddSynthCommand(CLI::App& program) {
  auto flags = std::make_shared<SynthFlags>();
  CLI::App* synth = program.add_subcommand(
      "synth",
      "Make a model of random weights, to measure and to test\n\n"
      "The same shape and seed give the same values on every machine. Logits "
      "stay finite, and every part of the model takes part; the text is "
      "nonsense.");
  Choose(synth->add_option("--shape", flags->shape, "A shape that has a name"),
         SyntheticShapes());
  synth
      ->add_option("--config", flags->config,
                   "The shape of this config.json instead")
      ->type_name("FILE");
  synth->add_option("--seed", flags->seed, "Seed of the random values")
      ->type_name("N")
      ->check(SeedNumber())
      ->capture_default_str();
  synth
      ->add_option("-o,--out", flags->out,
                   "FILE.gguf, or a directory for safetensors")
      ->required()
      ->type_name("FILE");
  AddTokenizerFlag(*synth, &flags->tokenizer);
  AddDTypeFlag(*synth, &flags->dtype, "Type of the matrices")
      ->capture_default_str();
  synth->footer(
      "Examples:\n"
      "  llamba synth --shape llamba-1b -o llamba-1b-random\n"
      "  llamba synth --shape tiny -o tiny.gguf --seed 7 --dtype f32");
  synth->callback([flags] { Synth(*flags); });
}

}  // namespace llamba
