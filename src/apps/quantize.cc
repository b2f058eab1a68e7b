#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/model_output.h"
#include "apps/number_checks.h"
#include "apps/output.h"
#include "base/error.h"
#include "formats/formats.h"
#include "quantize/quantizer.h"

namespace llamba {
namespace {

using Json = nlohmann::ordered_json;

struct QuantizeFlags {
  std::string path, out, tokenizer, imatrix;
  std::string type = "q4_k", embedding, head;
  std::vector<std::string> meta;
  int threads = 0;
  bool json = false;
};

TypePlan ToPlan(const QuantizeFlags& flags) {
  TypePlan plan;
  plan.type = ParseDType(flags.type).value();
  if (!flags.embedding.empty()) plan.embedding = ParseDType(flags.embedding);
  if (!flags.head.empty()) plan.head = ParseDType(flags.head);
  return plan;
}

std::string Remark(const TensorReport& tensor) {
  if (tensor.copied) return "as stored";
  if (!tensor.asked) return "";
  return fmt::format("rows of {}, not of {}s: no {}", tensor.shape.back(),
                     GetBlockSize(*tensor.asked).elements,
                     DTypeName(*tensor.asked));
}

std::string ToText(const QuantizeReport& report) {
  std::string out = fmt::format("{:<28} {:<14} {:<7} {:>10} {:>10}\n", "tensor",
                                "shape", "type", "bytes", "error, %");
  for (const TensorReport& tensor : report.tensors) {
    const bool exact = tensor.relative_error == 0;
    out += fmt::format(
        "{:<28} {:<14} {:<7} {:>10} {:>10}  {}", tensor.name,
        ShapeString(tensor.shape), DTypeName(tensor.type), tensor.bytes,
        exact ? "0" : fmt::format("{:.3f}", 100 * tensor.relative_error),
        Remark(tensor));
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  out += fmt::format("{} parameters, {} ({:.3f} bits a weight)\n",
                     report.parameters, BytesString(report.bytes),
                     report.BitsPerWeight());
  return out;
}

Json ToJson(const QuantizeReport& report) {
  Json json = {{"parameters", report.parameters},
               {"bytes", report.bytes},
               {"bits_per_weight", report.BitsPerWeight()},
               {"tensors", Json::array()}};
  for (const TensorReport& tensor : report.tensors) {
    Json entry = {{"name", tensor.name},
                  {"shape", tensor.shape},
                  {"type", DTypeName(tensor.type)},
                  {"bytes", tensor.bytes},
                  {"relative_error", tensor.relative_error},
                  {"copied", tensor.copied}};
    if (tensor.asked) entry["asked"] = DTypeName(*tensor.asked);
    json["tensors"].push_back(std::move(entry));
  }
  return json;
}

void Quantize(const QuantizeFlags& flags) {
  CheckGgufOutput(flags.out, {flags.path, flags.tokenizer, flags.imatrix});
  if (flags.threads > 0) ThreadPool::SetDefaultThreads(flags.threads);
  std::optional<Imatrix> imatrix;
  if (!flags.imatrix.empty()) imatrix = Imatrix::Open(flags.imatrix);
  const ModelToWrite model = OpenModelToWrite(flags.path, flags.tokenizer);
  Quantizer quantizer(model.checkpoint.config, ToPlan(flags),
                      imatrix ? &*imatrix : nullptr);
  const GgufMetadata extra = ExtraMetadata(model, flags.meta);
  WithProgress("quantising", [&](const WriteProgress& progress) {
    WriteGgufModel(model.checkpoint, flags.out, quantizer, extra, progress);
  });
  const QuantizeReport report = quantizer.Finish();
  PrintText(flags.json ? ToJson(report).dump(1) + "\n" : ToText(report));
}

// A matrix may also stay a float.
std::vector<std::string> MatrixTypeNames() {
  std::vector<std::string> names = QuantizedTypeNames();
  names.insert(names.end(), {"f16", "bf16", "f32"});
  return names;
}

void AddTypeFlags(CLI::App& command, QuantizeFlags& flags) {
  Choose(command.add_option("--type", flags.type, "Type of the matrices")
             ->capture_default_str(),
         QuantizedTypeNames());
  Choose(command.add_option("--embedding", flags.embedding,
                            "Type of the embedding (default: as --type)"),
         MatrixTypeNames());
  Choose(command.add_option("--head", flags.head,
                            "Type of the head (default: as --type; a tied head "
                            "is the embedding)"),
         MatrixTypeNames());
}

}  // namespace

void AddQuantizeCommand(CLI::App& program) {
  auto flags = std::make_shared<QuantizeFlags>();
  CLI::App* quantize = program.add_subcommand(
      "quantize",
      "Round a model's matrices to 4, 5 or 8 bits\n\n"
      "Reads what convert reads and writes one GGUF file in standard block "
      "types; norms, convolutions and biases stay float32. Where a row is no "
      "multiple of a type's block, the next type of 32 values at or under the "
      "asked bits is taken, else F16. The report gives bytes and, as the "
      "error, the norm of the difference in percent of the norm.");
  quantize->add_option("PATH", flags->path, "The model: a directory or a file")
      ->required()
      ->type_name("MODEL");
  quantize->add_option("-o,--out", flags->out, "The GGUF file to write")
      ->required()
      ->type_name("FILE");
  AddTypeFlags(*quantize, *flags);
  quantize
      ->add_option("--imatrix", flags->imatrix,
                   "Weigh errors by this file of `llamba imatrix`")
      ->type_name("FILE");
  AddTokenizerFlag(*quantize, &flags->tokenizer);
  AddMetaFlag(*quantize, &flags->meta);
  quantize->add_option("--threads", flags->threads, "Threads (default: cores)")
      ->type_name("N")
      ->check(WholeNumber(1, 1024));
  quantize->add_flag("--json", flags->json, "Print the report as JSON");
  quantize->footer(
      "Examples:\n"
      "  llamba quantize Llamba-1B -o llamba-1b.q4_k.gguf --tokenizer "
      "Llama-3.2-1B-Instruct\n"
      "  llamba quantize model.gguf -o model.iq4_nl.gguf --type iq4_nl "
      "--imatrix model.imatrix.gguf");
  quantize->callback([flags] { Quantize(*flags); });
}

}  // namespace llamba
