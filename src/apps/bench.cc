#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/id_list.h"
#include "apps/output.h"
#include "base/error.h"
#include "base/progress.h"
#include "runtime/bench/measure.h"
#include "runtime/state_file.h"

namespace llamba {
namespace {

using Json = nlohmann::ordered_json;

struct BenchFlags {
  ModelFlags model;
  std::string prefill = "16,128,512", depths = "0,1024", batches = "1,4";
  int repeats = 5;
  bool json = false;
};

struct BenchResult {
  double load_seconds = 0;
  std::vector<PrefillSpeed> prefills;
  std::vector<DecodeSpeed> decodes;
  int64_t step_bytes = 0;
  int64_t state_bytes = 0;  // before the first token
  int64_t peak_bytes = 0;
};

constexpr double kGiga = 1e9;

// The largest resident set of this process, mapped files included.
int64_t PeakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

std::vector<int32_t> Sizes(const std::string& text, const std::string& flag,
                           int32_t least) {
  const std::vector<int32_t> sizes = ParseIdList(text, flag);
  for (const int32_t size : sizes) {
    if (size < least)
      Fail("{}: expected {} or more, found {}", flag, least, size);
  }
  return sizes;
}

BenchResult RunBench(const BenchFlags& flags,
                     const std::shared_ptr<const Model>& model) {
  BenchResult result;
  Measure measure(model, flags.repeats);
  result.step_bytes = measure.step_bytes();
  result.state_bytes = static_cast<int64_t>(model->NewState().bytes());
  // Decoding first: the model is then what the caches know best.
  for (const int32_t depth : Sizes(flags.depths, "--depth", 0)) {
    for (const int32_t batch : Sizes(flags.batches, "--batch", 1)) {
      result.decodes.push_back(measure.Decode(depth, batch));
    }
  }
  for (const int32_t tokens : Sizes(flags.prefill, "--prefill", 1)) {
    result.prefills.push_back(measure.Prefill(tokens));
  }
  result.peak_bytes = PeakBytes();
  return result;
}

double TokensPerSecond(const DecodeSpeed& speed) {
  return static_cast<double>(speed.batch) / speed.seconds;
}
double TokensPerSecond(const PrefillSpeed& speed) {
  return static_cast<double>(speed.tokens) / speed.seconds;
}
double StreamRate(const BenchResult& result, const DecodeSpeed& speed) {
  return static_cast<double>(result.step_bytes) / speed.stream_seconds / kGiga;
}

std::string ToMarkdown(const Model& model, const BenchFlags& flags,
                       const BenchResult& result) {
  std::string out = fmt::format(
      "{}: {}, {} parameters\n\n"
      "- {}, {} threads; matrices in {}, {} read a step\n"
      "- loaded in {:.3f} s; state of a sequence {}; peak memory {}\n\n",
      flags.model.model, DescribeModel(model.config()),
      model.config().NumParameters(), model.ops().kernels().isa,
      model.ops().pool().n_threads(),
      DTypeName(model.weights().head.view.dtype),
      BytesString(static_cast<uint64_t>(result.step_bytes)),
      result.load_seconds,
      BytesString(static_cast<uint64_t>(result.state_bytes)),
      BytesString(static_cast<uint64_t>(result.peak_bytes)));
  if (!result.decodes.empty()) {
    out +=
        "| decode, tokens before | sequences | tokens/s | ms a step | memory "
        "read GB/s | step at that rate |\n"
        "|---:|---:|---:|---:|---:|---:|\n";
  }
  for (const DecodeSpeed& speed : result.decodes) {
    out += fmt::format("| {} | {} | {:.2f} | {:.2f} | {:.2f} | {:.1f} % |\n",
                       speed.depth, speed.batch, TokensPerSecond(speed),
                       speed.seconds * 1e3, StreamRate(result, speed),
                       speed.of_stream * 100);
  }
  if (!result.prefills.empty()) {
    out += "\n| prefill, tokens | tokens/s | ms |\n|---:|---:|---:|\n";
  }
  for (const PrefillSpeed& speed : result.prefills) {
    out += fmt::format("| {} | {:.1f} | {:.1f} |\n", speed.tokens,
                       TokensPerSecond(speed), speed.seconds * 1e3);
  }
  return out;
}

Json ToJson(const Model& model, const BenchFlags& flags,
            const BenchResult& result) {
  Json json = {{"model", flags.model.model},
               {"description", DescribeModel(model.config())},
               {"parameters", model.config().NumParameters()},
               {"isa", model.ops().kernels().isa},
               {"threads", model.ops().pool().n_threads()},
               {"dtype", DTypeName(model.weights().head.view.dtype)},
               {"repeats", flags.repeats},
               {"load_seconds", result.load_seconds},
               {"step_bytes", result.step_bytes},
               {"state_bytes", result.state_bytes},
               {"peak_bytes", result.peak_bytes},
               {"decode", Json::array()},
               {"prefill", Json::array()}};
  for (const DecodeSpeed& speed : result.decodes) {
    json["decode"].push_back(
        {{"depth", speed.depth},
         {"batch", speed.batch},
         {"tokens_per_second", TokensPerSecond(speed)},
         {"step_seconds", speed.seconds},
         {"stream_gb_per_second", StreamRate(result, speed)},
         {"of_stream", speed.of_stream}});
  }
  for (const PrefillSpeed& speed : result.prefills) {
    json["prefill"].push_back({{"tokens", speed.tokens},
                               {"tokens_per_second", TokensPerSecond(speed)},
                               {"seconds", speed.seconds}});
  }
  return json;
}

void Bench(const BenchFlags& flags) {
  const LoadOptions options = ToLoadOptions(flags.model);
  const auto start = std::chrono::steady_clock::now();
  const auto model = Model::Load(flags.model.model, options);
  const std::chrono::duration<double> load =
      std::chrono::steady_clock::now() - start;
  BenchResult result = RunBench(flags, model);
  result.load_seconds = load.count();
  PrintText(flags.json ? ToJson(*model, flags, result).dump(1) + "\n"
                       : ToMarkdown(*model, flags, result));
}

}  // namespace

void AddBenchCommand(CLI::App& program) {
  auto flags = std::make_shared<BenchFlags>();
  CLI::App* bench = program.add_subcommand(
      "bench",
      "Measure how fast a model reads and writes on this machine\n\n"
      "Beside every decoding speed stands how fast the same threads just read "
      "the same matrices from memory: a step cannot be faster than that "
      "unless caches hold the model. Figures are medians.");
  AddWeightFlags(*bench, flags->model);
  bench->add_option("--prefill", flags->prefill, "Prompts of so many tokens")
      ->type_name("LIST")
      ->capture_default_str();
  bench
      ->add_option("--depth", flags->depths,
                   "Decode after so many tokens have been read")
      ->type_name("LIST")
      ->capture_default_str();
  bench
      ->add_option("--batch", flags->batches,
                   "Decode so many sequences together")
      ->type_name("LIST")
      ->capture_default_str();
  bench->add_option("--repeats", flags->repeats, "Samples of each figure")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  bench->add_flag("--json", flags->json, "Print JSON");
  bench->footer(
      "Examples:\n"
      "  llamba bench models/stories260k-llamba.gguf\n"
      "  llamba bench Llamba-1B --threads 2 --depth 0,8192 --batch 1 --json");
  bench->callback([flags] { Bench(*flags); });
}

}  // namespace llamba
