#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "apps/bench_report.h"
#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/id_list.h"
#include "apps/number_checks.h"
#include "apps/output.h"
#include "base/error.h"
#include "base/progress.h"
#include "runtime/bench/measure.h"
#include "runtime/bench/peak.h"
#include "runtime/bench/stream.h"
#include "runtime/state_file.h"

namespace llamba {
namespace {

// Where nothing else is asked for; of these, what the context holds.
constexpr const char* kPrefill = "16,128,512";
constexpr const char* kDepths = "0,1024";

struct BenchFlags {
  ModelFlags model;
  std::optional<std::string> prefill, depths;
  std::string batches = "1,4";
  std::string compare;
  int repeats = 5;
  bool json = false;
};

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

// What to measure.
struct BenchSizes {
  explicit BenchSizes(const BenchFlags& flags)
      : prefill(Sizes(flags.prefill.value_or(kPrefill), "--prefill", 1)),
        depths(Sizes(flags.depths.value_or(kDepths), "--depth", 0)),
        batches(Sizes(flags.batches, "--batch", 1)) {}

  std::vector<int32_t> prefill, depths, batches;
};

// Where attention bounds the context, what was asked for must fit, and of the
// rest what does not is left out.
void Fit(const BenchFlags& flags, const Measure& measure, BenchSizes* sizes) {
  const auto fit = [&](const char* flag, bool is_asked,
                       std::vector<int32_t>& tokens, int64_t most,
                       const char* why) {
    const auto is_more = [most](int32_t n) { return n > most; };
    const auto first = std::find_if(tokens.begin(), tokens.end(), is_more);
    if (is_asked && first != tokens.end()) {
      Fail("{}: {}: expected {} ({}) at most, found {}", flag,
           flags.model.model, most, why, *first);
    }
    std::erase_if(tokens, is_more);
  };
  fit("--depth", flags.depths.has_value(), sizes->depths, measure.most_depth(),
      "its context length, less the steps that are measured");
  fit("--prefill", flags.prefill.has_value(), sizes->prefill,
      measure.most_tokens(), "its context length");
}

void MeasureSpeeds(const BenchFlags& flags, BenchSizes sizes,
                   const std::shared_ptr<const Model>& model,
                   BenchReport* report) {
  Measure measure(model, flags.repeats);
  Fit(flags, measure, &sizes);
  report->step_bytes = measure.step_bytes();
  report->products = measure.products();
  // Decoding first: the model is then what the caches know best.
  for (const int32_t depth : sizes.depths) {
    for (const int32_t batch : sizes.batches) {
      report->decodes.push_back(measure.Decode(depth, batch));
    }
  }
  for (const int32_t tokens : sizes.prefill) {
    report->prefills.push_back(measure.Prefill(tokens));
  }
  report->peak_bytes = PeakBytes();
}

BenchReport RunBench(const BenchFlags& flags) {
  const LoadOptions options = ToLoadOptions(flags.model);
  const BenchSizes sizes(flags);
  const auto start = std::chrono::steady_clock::now();
  const auto model = Model::Load(flags.model.model, options);
  const std::chrono::duration<double> load =
      std::chrono::steady_clock::now() - start;
  const Ops& ops = model->ops();
  BenchReport report;
  report.load_seconds = load.count();
  report.model = flags.model.model;
  report.description = DescribeModel(model->config());
  report.parameters = model->config().NumParameters();
  report.isa = ops.kernels().isa;
  report.threads = ops.pool().n_threads();
  report.dtype = DTypeName(StepType(model->weights()));
  report.repeats = flags.repeats;
  report.state_bytes = static_cast<int64_t>(model->NewState().bytes());
  // Before and after: other work on the machine can hold a moment back.
  const Peaks before = MeasurePeaks(ops.kernels(), ops.pool());
  MeasureSpeeds(flags, sizes, model, &report);
  report.peaks = Best(before, MeasurePeaks(ops.kernels(), ops.pool()));
  return report;
}

void Bench(const BenchFlags& flags) {
  std::optional<nlohmann::ordered_json> before;
  if (!flags.compare.empty()) before = ReadBenchReport(flags.compare);
  const BenchReport report = RunBench(flags);
  PrintText(flags.json ? ToJson(report).dump(1) + "\n"
                       : ToMarkdown(report, before ? &*before : nullptr));
}

}  // namespace

void AddBenchCommand(CLI::App& program) {
  auto flags = std::make_shared<BenchFlags>();
  CLI::App* bench = program.add_subcommand(
      "bench",
      "Measure how fast a model reads and writes on this machine\n\n"
      "Beside every decoding speed stands how fast the same threads just read "
      "the same matrices from memory, and how much of the step moving its "
      "bytes at that rate would take: a step cannot be faster unless caches "
      "hold the model. Beside every prompt stands its share of the operations "
      "that the same threads can do at best. Figures are medians.");
  AddWeightFlags(*bench, flags->model);
  bench->add_option("--prefill", flags->prefill, "Prompts of so many tokens")
      ->type_name("LIST")
      ->default_str(kPrefill);
  bench
      ->add_option("--depth", flags->depths,
                   "Decode after so many tokens have been read")
      ->type_name("LIST")
      ->default_str(kDepths);
  bench
      ->add_option("--batch", flags->batches,
                   "Decode so many sequences together")
      ->type_name("LIST")
      ->capture_default_str();
  bench->add_option("--repeats", flags->repeats, "Samples of each figure")
      ->type_name("N")
      ->check(WholeNumber(1, 1000))
      ->capture_default_str();
  bench
      ->add_option("--compare", flags->compare,
                   "Set the speeds against those of an earlier --json")
      ->type_name("FILE");
  bench->add_flag("--json", flags->json, "Print JSON");
  bench->footer(
      "Examples:\n"
      "  llamba bench model.gguf\n"
      "  llamba bench Llamba-1B --threads 2 --depth 0,8192 --batch 1,32 "
      "--json");
  bench->callback([flags] { Bench(*flags); });
}

}  // namespace llamba
