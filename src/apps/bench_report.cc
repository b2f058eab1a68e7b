#include "apps/bench_report.h"

#include <fmt/format.h>

#include "base/counted.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"
#include "base/progress.h"

namespace llamba {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kGiga = 1e9;

// The speed of an earlier run's entry whose fields equal those of `entry`;
// empty where there is none.
std::optional<double> SpeedBefore(const Json* before, const char* list,
                                  const Json& size) {
  if (before == nullptr) return std::nullopt;
  for (const Json& entry : before->at(list)) {
    bool same = true;
    for (const auto& [key, value] : size.items()) {
      same = same && entry.contains(key) && entry.at(key) == value;
    }
    if (same) return entry.at("tokens_per_second").get<double>();
  }
  return std::nullopt;
}

// A last column: "1.25 x", or a dash.
std::string Against(const Json* before, std::optional<double> speed,
                    double now) {
  if (before == nullptr) return "";
  return speed && *speed > 0 ? fmt::format(" {:.2f} x |", now / *speed)
                             : " - |";
}

std::string Heading(const BenchReport& report) {
  return fmt::format(
      "{}: {}, {} parameters\n\n"
      "- {}, {}; matrices in {}, {} read a step\n"
      "- loaded in {:.3f} s; state of a sequence {}; peak memory {}\n"
      "- these threads at best: {:.0f} GFLOP/s in float32, {}"
      "{:.0f} G integer operations/s\n\n",
      report.model, report.description, report.parameters, report.isa,
      Counted(report.threads, "thread"), report.dtype,
      BytesString(static_cast<uint64_t>(report.step_bytes)),
      report.load_seconds,
      BytesString(static_cast<uint64_t>(report.state_bytes)),
      BytesString(static_cast<uint64_t>(report.peak_bytes)),
      report.peaks.float32 / kGiga,
      report.peaks.bf16 > 0
          ? fmt::format("{:.0f} in bf16, ", report.peaks.bf16 / kGiga)
          : "",
      report.peaks.integers / kGiga);
}

const char* ProductsName(Products products) {
  switch (products) {
    case Products::kIntegers:
      return "integer";
    case Products::kBf16:
      return "bf16";
    default:
      return "float32";
  }
}

std::string DecodeTable(const BenchReport& report, const Json* before) {
  if (report.decodes.empty()) return "";
  std::string out = fmt::format(
      "| decode, tokens before | sequences | tokens/s | ms a step | memory "
      "read GB/s | bytes a step at that rate | of the {} peak |{}\n"
      "|---:|---:|---:|---:|---:|---:|---:|{}\n",
      ProductsName(report.products),
      before != nullptr ? " against before |" : "",
      before != nullptr ? "---:|" : "");
  for (const DecodeSpeed& speed : report.decodes) {
    const double rate = report.TokensPerSecond(speed);
    const std::optional<double> old = SpeedBefore(
        before, "decode", {{"depth", speed.depth}, {"batch", speed.batch}});
    out += fmt::format(
        "| {} | {} | {:.2f} | {:.2f} | {:.2f} | {:.1f} % | {:.1f} % |{}\n",
        speed.depth, speed.batch, rate, speed.seconds * 1e3,
        report.StreamRate(speed) / kGiga, speed.of_stream * 100,
        report.ShareOfPeak(speed.multiply_adds, speed.seconds) * 100,
        Against(before, old, rate));
  }
  return out;
}

std::string PrefillTable(const BenchReport& report, const Json* before) {
  if (report.prefills.empty()) return "";
  std::string out = fmt::format(
      "\n| prefill, tokens | tokens/s | ms | of the {} peak |{}\n"
      "|---:|---:|---:|---:|{}\n",
      ProductsName(report.products),
      before != nullptr ? " against before |" : "",
      before != nullptr ? "---:|" : "");
  for (const PrefillSpeed& speed : report.prefills) {
    const double rate = report.TokensPerSecond(speed);
    const std::optional<double> old =
        SpeedBefore(before, "prefill", {{"tokens", speed.tokens}});
    out += fmt::format(
        "| {} | {:.1f} | {:.1f} | {:.1f} % |{}\n", speed.tokens, rate,
        speed.seconds * 1e3,
        report.ShareOfPeak(speed.multiply_adds, speed.seconds) * 100,
        Against(before, old, rate));
  }
  return out;
}

}  // namespace

double BenchReport::TokensPerSecond(const DecodeSpeed& speed) const {
  return static_cast<double>(speed.batch) / speed.seconds;
}

double BenchReport::TokensPerSecond(const PrefillSpeed& speed) const {
  return static_cast<double>(speed.tokens) / speed.seconds;
}

double BenchReport::StreamRate(const DecodeSpeed& speed) const {
  return static_cast<double>(step_bytes) / speed.stream_seconds;
}

double BenchReport::ShareOfPeak(double multiply_adds, double seconds) const {
  const double peak = peaks.Of(products);
  return peak > 0 ? 2 * multiply_adds / seconds / peak : 0;
}

Json ToJson(const BenchReport& report) {
  Json json = {{"model", report.model},
               {"description", report.description},
               {"parameters", report.parameters},
               {"isa", report.isa},
               {"threads", report.threads},
               {"dtype", report.dtype},
               {"repeats", report.repeats},
               {"load_seconds", report.load_seconds},
               {"step_bytes", report.step_bytes},
               {"state_bytes", report.state_bytes},
               {"peak_bytes", report.peak_bytes},
               {"products", ProductsName(report.products)},
               {"float_peak", report.peaks.float32},
               {"bf16_peak", report.peaks.bf16},
               {"integer_peak", report.peaks.integers},
               {"decode", Json::array()},
               {"prefill", Json::array()}};
  for (const DecodeSpeed& speed : report.decodes) {
    json["decode"].push_back(
        {{"depth", speed.depth},
         {"batch", speed.batch},
         {"tokens_per_second", report.TokensPerSecond(speed)},
         {"step_seconds", speed.seconds},
         {"bytes", speed.bytes},
         {"stream_gb_per_second", report.StreamRate(speed) / kGiga},
         {"of_stream", speed.of_stream},
         {"multiply_adds", speed.multiply_adds},
         {"of_peak", report.ShareOfPeak(speed.multiply_adds, speed.seconds)}});
  }
  for (const PrefillSpeed& speed : report.prefills) {
    json["prefill"].push_back(
        {{"tokens", speed.tokens},
         {"tokens_per_second", report.TokensPerSecond(speed)},
         {"seconds", speed.seconds},
         {"multiply_adds", speed.multiply_adds},
         {"of_peak", report.ShareOfPeak(speed.multiply_adds, speed.seconds)}});
  }
  return json;
}

std::string ToMarkdown(const BenchReport& report, const Json* before) {
  return Heading(report) + DecodeTable(report, before) +
         PrefillTable(report, before);
}

Json ReadBenchReport(const std::string& path) {
  Json json = Json::parse(ReadFile(path), LimitJsonDepth(path), false);
  if (json.is_discarded()) Fail("{}: expected JSON of llamba bench", path);
  for (const char* list : {"decode", "prefill"}) {
    if (!json.is_object() || !json.contains(list) || !json[list].is_array()) {
      Fail("{}: expected JSON of llamba bench, found no list \"{}\"", path,
           list);
    }
    for (const Json& entry : json[list]) {
      if (!entry.is_object() || !entry.contains("tokens_per_second") ||
          !entry["tokens_per_second"].is_number()) {
        Fail("{}: {}: expected a number tokens_per_second in each entry", path,
             list);
      }
    }
  }
  return json;
}

}  // namespace llamba
