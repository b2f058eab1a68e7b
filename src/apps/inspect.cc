#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/inspect_report.h"
#include "apps/inspect_state.h"
#include "base/counted.h"
#include "base/error.h"
#include "base/progress.h"
#include "generate/loaded_model.h"
#include "runtime/state_file.h"
#include "tokenizer/json_writer.h"

namespace llamba {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kStateKvBytes = 4;  // our attention cache is float32

struct InspectFlags {
  std::string path, tokenizer;
  bool json = false, tensors = false;
};

// The tokenizer, or why there is none: a model without one can be looked at.
struct TokenizerFound {
  std::optional<Tokenizer> tokenizer;
  std::string problem;
};

TokenizerFound LookForTokenizer(const Checkpoint& checkpoint,
                                const std::string& path) {
  try {
    return {FindTokenizer(checkpoint, path), ""};
  } catch (const Error& error) {
    return {std::nullopt, error.what()};
  }
}

template <typename... Args>
void Line(const char* label, fmt::format_string<Args...> format,
          Args&&... args) {
  fmt::print("  {:<14}{}\n", label,
             fmt::format(format, std::forward<Args>(args)...));
}

// What a GGUF file says of itself.
void PrintOrigin(const Checkpoint& checkpoint) {
  if (!checkpoint.gguf) return;
  for (const char* key : {"name", "author", "license"}) {
    const GgufValue* value =
        checkpoint.gguf->Find("general." + std::string(key));
    const auto* text = value ? std::get_if<std::string>(value) : nullptr;
    if (text == nullptr) continue;
    // Quoted: a terminal must not obey it.
    Line(key, "{}", JsonQuoted(*text));
  }
}

void PrintConfig(const Checkpoint& checkpoint, const InspectReport& report) {
  const ModelConfig& c = checkpoint.config;
  Line("layout", "{}", checkpoint.layout);
  Line("architecture", "{}, {}", report.architecture,
       Counted(c.n_layer, "layer"));
  Line("width", "{}, MLP {}{}", c.d_model, c.mlp.intermediate_size,
       c.mlp.bias ? " with biases" : "");
  Line("vocabulary", "{}, {} head", c.vocab_size,
       c.tie_embeddings ? "tied" : "separate");
  if (c.HasMixer(MixerKind::kMamba2)) {
    Line("Mamba-2", "{} of {}, {} of state {}, convolution {}",
         Counted(c.ssm.n_v_heads, "head"), c.ssm.head_dim(),
         Counted(c.ssm.n_qk_heads, "group"), c.ssm.d_state, c.ssm.d_conv);
  }
  if (c.HasMixer(MixerKind::kAttention)) {
    const AttentionConfig& a = c.attention;
    Line("attention", "{} of {}, {}, theta {}{}", Counted(a.n_heads, "head"),
         a.head_dim, Counted(a.n_kv_heads, "key/value head"), a.rope_theta,
         a.RopeDivisors().empty() ? "" : ", scaled frequencies");
  }
  if (c.context_length > 0) {
    Line("context", "{}{}", c.context_length,
         c.HasMixer(MixerKind::kAttention) ? "" : " (the teacher's; no bound)");
  }
}

void PrintTokenizer(const TokenizerFound& found) {
  if (!found.tokenizer) {
    Line("tokenizer", "none: {}", found.problem);
    return;
  }
  Line("tokenizer", "{} tokens, {}", found.tokenizer->vocab_size(),
       found.tokenizer->chat_template() != nullptr ? "with a chat template"
                                                   : "no chat template");
}

void PrintSizes(const Checkpoint& checkpoint, const InspectReport& report) {
  fmt::print("\nSize\n");
  Line("parameters", "{}", checkpoint.config.NumParameters());
  Line("bytes", "{} ({})", report.bytes, BytesString(report.bytes));
  for (const auto& [name, use] : report.types) {
    Line(("  " + name).c_str(), "{}, {}, {}", Counted(use.tensors, "tensor"),
         Counted(use.elements, "value"), BytesString(use.bytes));
  }
}

void PrintMemory(const ModelConfig& config, const InspectReport& report) {
  fmt::print("\nMemory of one sequence{:>14}", "");
  for (const auto& [name, tokens] : kContexts) {
    fmt::print("{:>14}", fmt::format("{} tokens", name));
  }
  const auto row = [](const std::string& label, auto bytes_at) {
    fmt::print("\n  {:<34}", label);
    for (const auto& [name, tokens] : kContexts) {
      fmt::print("{:>14}",
                 BytesString(static_cast<uint64_t>(bytes_at(tokens))));
    }
  };
  row("this model's state, float32",
      [&](int64_t tokens) { return config.StateBytes(tokens, kStateKvBytes); });
  row("attention's cache in 16 bits [1]",
      [&](int64_t tokens) { return report.teacher.bytes_per_token * tokens; });
  fmt::print("\n  [1] {}: {} bytes a token\n", report.teacher.label,
             report.teacher.bytes_per_token);
}

void PrintTensor(const StoredTensor& tensor) {
  fmt::print("  {:<52}{:<12}{}\n", tensor.name(), StorageName(tensor),
             ShapeString(tensor.shape()));
}

void PrintTensors(const Checkpoint& checkpoint, const InspectReport& report,
                  bool all) {
  fmt::print("\nTensors\n");
  if (all) {
    for (const TensorSpec& spec : Schema(checkpoint.config)) {
      PrintTensor(checkpoint.Get(spec.id.role, spec.id.layer));
    }
    return;
  }
  for (const InspectReport::Group& group : report.groups) {
    if (!group.layers.empty())
      fmt::print(" {}, named as the first\n", group.layers);
    for (const StoredTensor* tensor : group.tensors) PrintTensor(*tensor);
  }
}

Json TensorToJson(const StoredTensor& tensor) {
  return {{"name", tensor.name()},
          {"type", StorageName(tensor)},
          {"shape", tensor.shape()},
          {"bytes", tensor.bytes()}};
}

Json MemoryToJson(const ModelConfig& config, const InspectReport& report) {
  Json memory = {{"state_bytes", Json::object()},
                 {"attention_cache_bytes", Json::object()},
                 {"attention_bytes_per_token", report.teacher.bytes_per_token},
                 {"attention_model", report.teacher.label}};
  for (const auto& [name, tokens] : kContexts) {
    const std::string key = fmt::format("{}", tokens);
    memory["state_bytes"][key] = config.StateBytes(tokens, kStateKvBytes);
    memory["attention_cache_bytes"][key] =
        report.teacher.bytes_per_token * tokens;
  }
  return memory;
}

Json TokenizerToJson(const TokenizerFound& found) {
  if (!found.tokenizer) return nullptr;
  return {{"tokens", found.tokenizer->vocab_size()},
          {"chat_template", found.tokenizer->chat_template() != nullptr},
          {"end_tokens", found.tokenizer->end_tokens()}};
}

void PrintJson(const Checkpoint& checkpoint, const InspectReport& report,
               const TokenizerFound& tokenizer) {
  Json json = {
      {"path", checkpoint.path},
      {"layout", checkpoint.layout},
      {"architecture", report.architecture},
      {"config", Json::parse(ConfigToJson(checkpoint.config))},
      {"tokenizer", TokenizerToJson(tokenizer)},
      {"parameters", checkpoint.config.NumParameters()},
      {"bytes", report.bytes},
      {"fingerprint", fmt::format("{:016x}", checkpoint.Fingerprint())},
      {"types", Json::object()},
      {"memory", MemoryToJson(checkpoint.config, report)},
      {"tensors", Json::array()}};
  for (const auto& [name, use] : report.types) {
    json["types"][name] = {{"tensors", use.tensors},
                           {"values", use.elements},
                           {"bytes", use.bytes}};
  }
  for (const TensorSpec& spec : Schema(checkpoint.config)) {
    json["tensors"].push_back(
        TensorToJson(checkpoint.Get(spec.id.role, spec.id.layer)));
  }
  fmt::print("{}\n", json.dump(1, ' ', false, Json::error_handler_t::replace));
}

void Inspect(const InspectFlags& flags) {
  if (IsSavedState(flags.path)) {
    PrintSavedState(flags.path, flags.json);
    return;
  }
  const Checkpoint checkpoint = OpenCheckpoint(flags.path);
  const InspectReport report = MakeInspectReport(checkpoint);
  const TokenizerFound tokenizer =
      LookForTokenizer(checkpoint, flags.tokenizer);
  if (flags.json) {
    PrintJson(checkpoint, report, tokenizer);
    return;
  }
  fmt::print("{}\n", checkpoint.path);
  PrintOrigin(checkpoint);
  PrintConfig(checkpoint, report);
  PrintTokenizer(tokenizer);
  PrintSizes(checkpoint, report);
  PrintMemory(checkpoint.config, report);
  PrintTensors(checkpoint, report, flags.tensors);
}

}  // namespace

void AddInspectCommand(CLI::App& program) {
  auto flags = std::make_shared<InspectFlags>();
  CLI::App* inspect = program.add_subcommand(
      "inspect",
      "Show what a model is: sizes, tensors, and what its memory costs\n\n"
      "The state of a pure Llamba has one size, however long the text; beside "
      "it stands what attention would keep for 2k, 8k and 128k tokens. Of a "
      "saved state: which model it is of, and what it holds.");
  inspect
      ->add_option("PATH", flags->path,
                   "The model, a directory or a file; or a saved state")
      ->required()
      ->type_name("MODEL");
  AddTokenizerFlag(*inspect, &flags->tokenizer);
  inspect->add_flag("--tensors", flags->tensors,
                    "List every tensor instead of a layer of each kind");
  inspect->add_flag("--json", flags->json, "Print JSON, every tensor in it");
  inspect->footer(
      "Examples:\n"
      "  llamba inspect model.gguf\n"
      "  llamba inspect Llamba-1B --json\n"
      "  llamba inspect talk.state");
  inspect->callback([flags] { Inspect(*flags); });
}

}  // namespace llamba
