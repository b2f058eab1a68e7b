#include <spdlog/spdlog.h>

#include <iostream>
#include <limits>
#include <memory>

#include "apps/distill/commands.h"
#include "apps/distill/device_flags.h"
#include "apps/distill/folder_name.h"
#include "apps/distill/interruptible.h"
#include "apps/distill/sleeping_threads.h"
#include "apps/distill/weighted_path.h"
#include "apps/number_checks.h"
#include "apps/output_path.h"
#include "apps/program.h"
#include "base/error.h"
#include "base/parse_number.h"
#include "base/progress.h"
#include "distill/train/run.h"
#include "distill/train/source_text.h"

namespace llamba::distill {
namespace {

// The code of a run that stopped before its end with a checkpoint to go on
// from.
constexpr int kUnfinished = 3;

struct TrainFlags {
  std::string recipe, teacher;
  std::vector<std::string> data, held_out, set;
  std::vector<int> keep_attention;
  bool print_recipe = false;
  RunOptions options;
  DeviceFlags device;
};

// "shards", "shards=0.3", "shards=0.3:128" or "shards=0.3:128x2".
SourceRecipe ParseSource(const std::string& text) {
  const size_t equals = text.rfind('=');
  const size_t colon =
      equals == std::string::npos ? equals : text.find(':', equals);
  const WeightedPath path =
      ParseWeightedPath(text.substr(0, colon), "--data " + text);
  SourceRecipe source{{path.path}, path.weight};
  if (colon == std::string::npos) return source;
  ParseCut(text.substr(colon + 1), "--data " + text,
           "PATH=WEIGHT:TOKENSxCOPIES", &source);
  return source;
}

// "teacher=4000000"; "teacher" is as much as the stages read.
int64_t SampledTokens(const std::string& text, const Recipe& recipe) {
  if (text == "teacher") {
    return recipe.stage1.tokens + recipe.stage2.tokens + recipe.stage3.tokens;
  }
  const std::string number = text.substr(text.find('=') + 1);
  const auto tokens = ParseNumber<int64_t>(number);
  if (!tokens || *tokens <= 0) {
    Fail("--data {}: expected teacher=TOKENS, found \"{}\"", text, number);
  }
  return *tokens;
}

Recipe MakeRecipe(const TrainFlags& flags) {
  // Data that are given here take the place of the recipe's, and so of what the
  // teacher would write; --set, which comes later, may still ask for that.
  std::vector<std::string> overrides;
  if (!flags.data.empty()) overrides.emplace_back("sample.tokens=0");
  if (!flags.held_out.empty()) {
    overrides.emplace_back("sample.held_out_tokens=0");
  }
  overrides.insert(overrides.end(), flags.set.begin(), flags.set.end());
  Recipe recipe = LoadRecipe(flags.recipe, overrides);
  if (!flags.keep_attention.empty()) {
    recipe.student.keep_attention = flags.keep_attention;
  }
  if (!flags.teacher.empty()) recipe.teacher = flags.teacher;
  if (!flags.data.empty()) {
    recipe.data.clear();
    for (const std::string& text : flags.data) {
      if (text == "teacher" || text.starts_with("teacher=")) {
        recipe.sample.tokens = SampledTokens(text, recipe);
      } else {
        recipe.data.push_back(ParseSource(text));
      }
    }
  }
  if (!flags.held_out.empty()) recipe.held_out = flags.held_out;
  for (const std::string& text : flags.held_out) {
    ParseHeldOut(text, "--held-out " + text);
  }
  return recipe;
}

// Nothing that the run reads may lie where it writes.
void CheckOutput(const TrainFlags& flags, const Recipe& recipe) {
  RefuseInputs(flags.options.output, {recipe.teacher, flags.options.init});
  if (recipe.sample.tokens == 0 && recipe.sample.held_out_tokens == 0) return;
  std::vector<std::string> shards;
  for (const std::string& text : recipe.held_out) {
    shards.push_back(ParseHeldOut(text, "held_out").paths[0]);
  }
  for (const SourceRecipe& source : recipe.data) {
    shards.insert(shards.end(), source.paths.begin(), source.paths.end());
  }
  RefuseInputs(flags.options.output + "/data", shards);
}

// False where it was stopped before its end.
bool Distil(const TrainFlags& flags, const Recipe& recipe) {
  const WorkerEnvironment env = ReadWorkerEnvironment();
  RunOptions options = flags.options;
  options.device = OpenDevice(flags.device, env.local_rank);
  const auto communicator = MakeCommunicator(env, options.device);
  if (env.rank == 0) spdlog::info("recipe: {}", RecipeToJson(recipe));
  const bool finished = Interruptible(
      [&] { return Run(recipe, options, *communicator).Train(); });
  if (env.rank == 0) {
    if (finished) {
      spdlog::info("the student is in {}", options.output);
    } else {
      spdlog::info("stopped; --resume goes on from {}/checkpoints",
                   options.output);
    }
  }
  return finished;
}

void RunTrain(const TrainFlags& flags) {
  if (!flags.print_recipe) RestartWithSleepingThreads();
  const Recipe recipe = MakeRecipe(flags);
  if (flags.print_recipe) {
    std::cout << RecipeToJson(recipe) << "\n";
    return;
  }
  // Not needed by --print-recipe, so not a required option.
  if (flags.options.output.empty()) throw CLI::RequiredError("--output");
  CheckOutput(flags, recipe);
  // Thrown when the workers have parted, which an exception would cut short.
  if (!Distil(flags, recipe)) throw Exit{kUnfinished};
}

void AddRecipeFlags(CLI::App& command, TrainFlags& flags) {
  command
      .add_option("--recipe", flags.recipe,
                  "JSON file of settings (default: Llamba-1B's)")
      ->type_name("FILE");
  command
      .add_option("--teacher", flags.teacher,
                  "A Llama: Hugging Face folder or GGUF file")
      ->type_name("MODEL");
  command
      .add_option("--data", flags.data,
                  "Shards, or a folder of them, and their weight: "
                  "PATH[=WEIGHT[:TOKENS[xCOPIES]]], longer documents cut into "
                  "documents of TOKENS, each so many times in a row; may be "
                  "repeated. teacher[=TOKENS] lets the teacher write it first. "
                  "In place of all that the recipe has")
      ->type_name("SOURCE");
  command
      .add_option("--held-out", flags.held_out,
                  "Shards that are only evaluated on, in place of the "
                  "recipe's: PATH[:TOKENS[xCOPIES]], cut as those of --data; "
                  "may be repeated, each a set with figures of its own")
      ->type_name("PATH");
  command
      .add_option("--set", flags.set,
                  "Change a setting: KEY=VALUE, such as stage2.lr=1e-3; "
                  "may be repeated")
      ->type_name("KEY=VALUE");
  command
      .add_option("--keep-attention", flags.keep_attention,
                  "Layers that keep the teacher's attention (a hybrid), "
                  "such as 3,7")
      ->type_name("LAYERS")
      ->delimiter(',')
      ->check(WholeNumber(0, std::numeric_limits<int>::max()));
  command.add_flag("--print-recipe", flags.print_recipe,
                   "Print the settings and stop");
}

void AddRunFlags(CLI::App& command, TrainFlags& flags) {
  command
      .add_option("-o,--output", flags.options.output,
                  "Folder for the student, checkpoints and metrics")
      ->type_name("DIR")
      ->check(FolderName());
  command
      .add_option("--init", flags.options.init,
                  "A student to start from, weights alone; layers that "
                  "keep attention here and not there take the teacher's, "
                  "a smaller d_state the larger parts of its state, "
                  "a larger one new parts beside it")
      ->type_name("STUDENT");
  command.add_flag("--resume", flags.options.resume,
                   "Go on from the newest checkpoint in the output folder");
  command
      .add_option("--minutes", flags.options.minutes,
                  "Stop with a checkpoint after this long; the exit code is "
                  "then 3")
      ->type_name("N")
      ->check(AboveZero());
}

}  // namespace

void AddTrainCommand(CLI::App& program) {
  const auto flags = std::make_shared<TrainFlags>();
  CLI::App* command =
      program.add_subcommand("train", "Distil: the three stages of MOHAWK");
  AddRecipeFlags(*command, *flags);
  AddRunFlags(*command, *flags);
  AddDeviceFlags(*command, flags->device);
  command->footer(
      "Examples:\n"
      "  llamba-distill train --teacher DIR --data shards -o student\n"
      "  llamba-distill train --recipe recipes/stories260k.json -o student "
      "--set stage3.lr=5e-4\n"
      "  torchrun --nproc-per-node 2 --no-python llamba-distill train ...");
  command->callback([flags] { RunTrain(*flags); });
}

}  // namespace llamba::distill
