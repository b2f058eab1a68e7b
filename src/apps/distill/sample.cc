#include <spdlog/spdlog.h>

#include <memory>

#include "apps/distill/commands.h"
#include "apps/distill/device_flags.h"
#include "apps/distill/folder_name.h"
#include "apps/distill/interruptible.h"
#include "apps/distill/sleeping_threads.h"
#include "apps/number_checks.h"
#include "base/counted.h"
#include "base/error.h"
#include "base/file.h"
#include "distill/teacher/sample_shard.h"
#include "distill/teacher/teacher_tokenizer.h"

namespace llamba::distill {
namespace {

struct SampleFlags {
  std::string teacher, output;
  SampleShardOptions options;
  DeviceFlags device;
};

void RunSample(const SampleFlags& flags) {
  RestartWithSleepingThreads();
  const std::string path = fmt::format("{}/sampled-{}.tokens", flags.output,
                                       flags.options.sampling.seed);
  if (FileExists(path)) {
    Fail("{}: is there already; give another --seed or folder", path);
  }
  const torch::Device device = OpenDevice(flags.device, 0);
  const auto type = device.is_cuda() ? torch::kBFloat16 : torch::kFloat32;
  const LayerStack teacher =
      OpenTeacher(flags.teacher, torch::TensorOptions(type).device(device));
  const Tokenizer tokenizer =
      LoadTeacherTokenizer(flags.teacher, teacher.config());
  SampleShardOptions options = flags.options;
  options.keep_partial = true;
  Interruptible([&] {
    const SampleShardResult result =
        SampleShard(teacher, tokenizer, options, path);
    const bool stopped = InterruptGuard::Interrupted();
    spdlog::info("{}{}, {} in {}", stopped ? "stopped: " : "",
                 Counted(result.n_documents, "document"),
                 Counted(result.n_tokens, "token"), path);
    if (stopped) throw Exit{kInterrupted};
  });
}

// What the texts are to be, and what they begin with.
void AddTextFlags(CLI::App& command, SampleShardOptions& options) {
  CLI::Option* conversations =
      command.add_flag("--conversations", options.conversations,
                       "Questions and answers by its chat template, instead of "
                       "free text");
  CLI::Option* prompt = command
                            .add_option("--prompt", options.prompt,
                                        "What each free text begins with")
                            ->type_name("TEXT")
                            ->excludes(conversations);
  CLI::Option* openings =
      command
          .add_option("--openings", options.openings,
                      "Token shards, or folders of them: each text goes on "
                      "from a piece of these; may be repeated")
          ->type_name("PATH")
          ->excludes(conversations)
          ->excludes(prompt);
  command
      .add_option("--opening-tokens", options.opening_tokens,
                  "Length of these pieces, behind the token that begins a text")
      ->type_name("N")
      ->capture_default_str()
      ->needs(openings)
      ->check(WholeNumber(1, 1 << 20));
  command
      .add_option("--ask", options.ask,
                  "With --openings: what a user asks of each piece (Summarize "
                  "the text above.); the teacher answers by its chat template")
      ->type_name("TEXT")
      ->needs(openings);
}

// How they are drawn.
void AddChoiceFlags(CLI::App& command, SampleOptions& options) {
  command.add_option("--rows", options.rows, "Texts side by side")
      ->type_name("N")
      ->capture_default_str()
      ->check(WholeNumber(1, 1 << 20));
  command
      .add_option("--length", options.length,
                  "Tokens a row, at most the teacher's context")
      ->type_name("N")
      ->capture_default_str()
      ->check(WholeNumber(2));
  command.add_option("--temperature", options.temperature, "Of its choices")
      ->type_name("T")
      ->capture_default_str()
      ->check(AboveZero());
  command.add_option("--seed", options.seed, "Of its choices")
      ->type_name("N")
      ->capture_default_str()
      ->check(SeedNumber());
}

}  // namespace

void AddSampleCommand(CLI::App& program) {
  const auto flags = std::make_shared<SampleFlags>();
  CLI::App* command = program.add_subcommand(
      "sample", "Let the teacher write text or conversations as shards");
  command->add_option("--teacher", flags->teacher, "A Llama")
      ->required()
      ->type_name("MODEL");
  command->add_option("-o,--output", flags->output, "Folder for the shard")
      ->required()
      ->type_name("DIR")
      ->check(FolderName());
  command->add_option("--tokens", flags->options.tokens, "How many, about")
      ->type_name("N")
      ->capture_default_str()
      ->check(WholeNumber(1));
  AddTextFlags(*command, flags->options);
  AddChoiceFlags(*command, flags->options.sampling);
  AddDeviceFlags(*command, flags->device);
  command->footer(
      "Examples:\n"
      "  llamba-distill sample --teacher DIR --tokens 20000000 -o sampled\n"
      "  llamba-distill sample --teacher DIR --conversations --temperature 0.8 "
      "-o chats\n"
      "  llamba-distill sample --teacher DIR --prompt Question: -o questions\n"
      "  llamba-distill sample --teacher DIR --openings shards \\\n"
      "    --ask 'Summarize the text above.' -o summaries");
  command->callback([flags] { RunSample(*flags); });
}

}  // namespace llamba::distill
