#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/distill/commands.h"
#include "apps/distill/device_flags.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "distill/data/token_shard.h"
#include "distill/data/tokenize.h"
#include "distill/teacher/sampler.h"
#include "template/chat_template.h"
#include "tokenizer/tokenizer.h"

namespace llamba::distill {
namespace {

struct SampleFlags {
  std::string teacher, output;
  int64_t tokens = 1'000'000;
  bool conversations = false;
  SampleOptions options;
  DeviceFlags device;
};

// A conversation up to where the user speaks: the template around a marker, cut
// before it.
std::vector<int32_t> UserPrefix(const Tokenizer& tokenizer) {
  constexpr std::string_view kMarker = "\x01";
  const std::string* text = tokenizer.chat_template();
  if (text == nullptr) Fail("sample: the teacher has no chat template");
  ChatInput input;
  input.messages = nlohmann::ordered_json::array(
      {{{"role", "user"}, {"content", std::string(kMarker)}}});
  input.bos_token = tokenizer.bos_token();
  input.eos_token = tokenizer.eos_token();
  const std::string chat =
      RenderChat(Template::Parse(*text, "chat template"), input);
  const size_t at = chat.find(kMarker);
  if (at == std::string::npos) {
    Fail("sample: the chat template leaves out what the user says");
  }
  return tokenizer.Encode(chat.substr(0, at), {.parse_special = true});
}

void SetEnds(const Tokenizer& tokenizer, bool conversations,
             SampleOptions* options) {
  options->document_end = DocumentEndToken(tokenizer);
  if (!conversations) {
    // A text begins as in training: after the token that begins texts, or the
    // one that ended the text before.
    options->prefix = {tokenizer.adds_bos() && tokenizer.bos_id()
                           ? *tokenizer.bos_id()
                           : options->document_end};
    return;
  }
  options->prefix = UserPrefix(tokenizer);
  for (const char* name : {"<|im_end|>", "<|eot_id|>"}) {
    const auto id = tokenizer.FindToken(name);
    if (id && tokenizer.IsSpecial(*id)) options->turn_end = *id;
  }
}

void RunSample(const SampleFlags& flags) {
  const torch::Device device = OpenDevice(flags.device, 0);
  const Tokenizer tokenizer = LoadTokenizer(flags.teacher);
  const Checkpoint checkpoint = OpenCheckpoint(flags.teacher);
  if (!checkpoint.config.IsLlama()) {
    Fail("{}: expected a Llama (all attention)", flags.teacher);
  }
  const LayerStack teacher(
      checkpoint.config,
      LoadParameters(checkpoint,
                     torch::TensorOptions(device.is_cuda() ? torch::kBFloat16
                                                           : torch::kFloat32)
                         .device(device)));
  SampleOptions options = flags.options;
  SetEnds(tokenizer, flags.conversations, &options);
  options.length = std::min(
      options.length, checkpoint.config.attention.max_position_embeddings);
  TokenShardWriter writer(tokenizer.vocab_size(), VocabularyHash(tokenizer));
  const InterruptGuard guard;
  Progress progress("sample", "tokens", static_cast<double>(flags.tokens));
  SampleDocuments(teacher, options, [&](std::span<const int32_t> document) {
    // The token before a text is the end of the one before it: not its own.
    const bool shared = document[0] == options.document_end;
    writer.Add(document.subspan(shared ? 1 : 0));
    progress.Update(static_cast<double>(writer.n_tokens()));
    return writer.n_tokens() < flags.tokens && !InterruptGuard::Interrupted();
  });
  progress.Finish();
  std::filesystem::create_directories(flags.output);
  const std::string path =
      fmt::format("{}/sampled-{}.tokens", flags.output, flags.options.seed);
  spdlog::info("{} documents, {} tokens in {}", writer.n_documents(),
               writer.n_tokens(), path);
  writer.Flush(path);
}

}  // namespace

void AddSampleCommand(CLI::App& program) {
  const auto flags = std::make_shared<SampleFlags>();
  CLI::App* command = program.add_subcommand(
      "sample", "Let the teacher write text or conversations as shards");
  command->add_option("--teacher", flags->teacher, "A Llama")->required();
  command->add_option("-o,--output", flags->output, "Folder for the shard")
      ->required();
  command->add_option("--tokens", flags->tokens, "How many, about")
      ->capture_default_str();
  command->add_flag("--conversations", flags->conversations,
                    "Questions and answers by its chat template, instead of "
                    "free text");
  command->add_option("--rows", flags->options.rows, "Texts side by side")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--length", flags->options.length, "Tokens a row")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--temperature", flags->options.temperature,
                   "Of its choices")
      ->capture_default_str();
  command->add_option("--seed", flags->options.seed, "Of its choices")
      ->capture_default_str();
  AddDeviceFlags(*command, flags->device);
  command->footer(
      "Examples:\n"
      "  llamba-distill sample --teacher DIR --tokens 20000000 -o sampled\n"
      "  llamba-distill sample --teacher DIR --conversations --temperature 0.8 "
      "-o chats");
  command->callback([flags] { RunSample(*flags); });
}

}  // namespace llamba::distill
