#include <spdlog/spdlog.h>

#include <memory>

#include "apps/distill/commands.h"
#include "apps/distill/device_flags.h"
#include "apps/distill/folder_name.h"
#include "apps/distill/interruptible.h"
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
  CLI::Option* conversations =
      command->add_flag("--conversations", flags->options.conversations,
                        "Questions and answers by its chat template, instead "
                        "of free text");
  CLI::Option* prompt = command
                            ->add_option("--prompt", flags->options.prompt,
                                         "What each free text begins with")
                            ->type_name("TEXT")
                            ->excludes(conversations);
  CLI::Option* openings =
      command
          ->add_option("--openings", flags->options.openings,
                       "Token shards: each text goes on from a piece of these; "
                       "may be repeated")
          ->type_name("DIR")
          ->excludes(conversations)
          ->excludes(prompt);
  command
      ->add_option("--opening-tokens", flags->options.opening_tokens,
                   "Length of these pieces")
      ->type_name("N")
      ->capture_default_str()
      ->needs(openings)
      ->check(WholeNumber(1, 1 << 20));
  command
      ->add_option("--rows", flags->options.sampling.rows, "Texts side by side")
      ->type_name("N")
      ->capture_default_str()
      ->check(WholeNumber(1, 1 << 20));
  command
      ->add_option("--length", flags->options.sampling.length, "Tokens a row")
      ->type_name("N")
      ->capture_default_str()
      ->check(WholeNumber(2));
  command
      ->add_option("--temperature", flags->options.sampling.temperature,
                   "Of its choices")
      ->type_name("T")
      ->capture_default_str()
      ->check(AboveZero());
  command->add_option("--seed", flags->options.sampling.seed, "Of its choices")
      ->type_name("N")
      ->capture_default_str()
      ->check(SeedNumber());
  AddDeviceFlags(*command, flags->device);
  command->footer(
      "Examples:\n"
      "  llamba-distill sample --teacher DIR --tokens 20000000 -o sampled\n"
      "  llamba-distill sample --teacher DIR --conversations --temperature 0.8 "
      "-o chats\n"
      "  llamba-distill sample --teacher DIR --prompt Question: -o questions");
  command->callback([flags] { RunSample(*flags); });
}

}  // namespace llamba::distill
