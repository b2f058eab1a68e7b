#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "apps/distill/commands.h"
#include "apps/distill/device_flags.h"
#include "apps/distill/interruptible.h"
#include "apps/distill/sleeping_threads.h"
#include "apps/number_checks.h"
#include "distill/teacher/induction.h"

namespace llamba::distill {
namespace {

struct LayersFlags {
  std::string teacher;
  int count = 3;
  InductionOptions options;
  DeviceFlags device;
};

void RunLayers(const LayersFlags& flags) {
  RestartWithSleepingThreads();
  const torch::Device device = OpenDevice(flags.device, 0);
  const LayerStack teacher = OpenTeacher(
      flags.teacher, torch::TensorOptions(torch::kFloat32).device(device));
  Tensor scores;
  Interruptible([&] { scores = InductionScores(teacher, flags.options); });
  fmt::print("layer  sum of heads  strongest head\n");
  for (int64_t layer = 0; layer < scores.size(0); ++layer) {
    const auto [strongest, head] = scores[layer].max(0);
    fmt::print("{:>5}{:>14.2f}{:>12.2f} ({})\n", layer,
               scores[layer].sum().item<float>(), strongest.item<float>(),
               head.item<int64_t>());
  }
  fmt::print("\n--keep-attention {}\n",
             fmt::join(LayersToKeep(scores, flags.count), ","));
}

}  // namespace

void AddLayersCommand(CLI::App& program) {
  const auto flags = std::make_shared<LayersFlags>();
  CLI::App* command = program.add_subcommand(
      "layers",
      "Measure which layers copy, for a hybrid to keep\n\n"
      "A layer's score is the attention that each token of a random text's "
      "repetition gives to the token after its first occurrence.");
  command->add_option("--teacher", flags->teacher, "A Llama")
      ->required()
      ->type_name("MODEL");
  command->add_option("--count", flags->count, "How many layers to keep")
      ->type_name("N")
      ->capture_default_str()
      ->check(WholeNumber(1, 1 << 20));
  command->add_option("--seed", flags->options.seed, "Of the random text")
      ->type_name("N")
      ->capture_default_str()
      ->check(SeedNumber());
  AddDeviceFlags(*command, flags->device);
  command->footer(
      "Examples:\n"
      "  llamba-distill layers --teacher DIR --count 2");
  command->callback([flags] { RunLayers(*flags); });
}

}  // namespace llamba::distill
