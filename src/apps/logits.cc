#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/id_list.h"
#include "apps/number_checks.h"
#include "apps/output.h"
#include "base/error.h"
#include "base/file.h"
#include "runtime/executor.h"

namespace llamba {
namespace {

struct LogitsFlags {
  ModelFlags model;
  std::string ids, ids_file, split;
  int64_t top = 20;
  bool json = false;
};

// One position's logits, as golden.json describes them.
struct Summary {
  int64_t position;
  int32_t id;  // the token read there
  double sum;
  double norm;
  std::vector<int32_t> top;  // best first; equal ones by id
};

Summary Summarize(std::span<const float> logits, int64_t top) {
  Summary summary{};
  double squares = 0;
  for (float v : logits) {
    summary.sum += v;
    squares += static_cast<double>(v) * v;
  }
  summary.norm = std::sqrt(squares);
  summary.top.resize(logits.size());
  std::iota(summary.top.begin(), summary.top.end(), 0);
  const auto keep = std::min<size_t>(logits.size(), static_cast<size_t>(top));
  // NaN sorts last: comparing with it would be no order.
  const auto key = [&](int32_t id) {
    const float v = logits[static_cast<size_t>(id)];
    return std::isnan(v) ? -HUGE_VALF : v;
  };
  std::partial_sort(summary.top.begin(),
                    summary.top.begin() + static_cast<ptrdiff_t>(keep),
                    summary.top.end(), [&](int32_t a, int32_t b) {
                      return key(a) != key(b) ? key(a) > key(b) : a < b;
                    });
  summary.top.resize(keep);
  return summary;
}

// JSON has no infinity and no NaN.
template <typename T>
std::string Number(T value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "null";
}

std::string ToJson(const Summary& summary, std::span<const float> logits,
                   bool all) {
  std::string out = fmt::format("{{\"position\": {}, ", summary.position);
  out += all ? "\"logits\": [" : "\"top\": [";
  const size_t n = all ? logits.size() : summary.top.size();
  for (size_t i = 0; i < n; ++i) {
    if (i > 0) out += ", ";
    if (all) {
      out += Number(logits[i]);
    } else {
      const int32_t id = summary.top[i];
      out +=
          fmt::format("[{}, {}]", id, Number(logits[static_cast<size_t>(id)]));
    }
  }
  return out + fmt::format("], \"sum\": {}, \"norm\": {}}}",
                           Number(summary.sum), Number(summary.norm));
}

std::string ToText(const Summary& summary, std::span<const float> logits,
                   bool all) {
  constexpr size_t kPerLine = 5;
  std::string out =
      fmt::format("position {}, token {}: sum {:.6g}, norm {:.6g}",
                  summary.position, summary.id, summary.sum, summary.norm);
  const size_t n = all ? logits.size() : summary.top.size();
  for (size_t i = 0; i < n; ++i) {
    if (i % kPerLine == 0) out += "\n ";
    const int32_t id = all ? static_cast<int32_t>(i) : summary.top[i];
    out += fmt::format("{:>8} {:>8.5f}", id, logits[static_cast<size_t>(id)]);
  }
  return out + "\n";
}

std::vector<int32_t> ReadIds(const LogitsFlags& flags) {
  if (flags.ids.empty() == flags.ids_file.empty()) {
    Fail("expected one of --ids and --ids-file, found {}",
         flags.ids.empty() ? "neither" : "both");
  }
  const std::string where = flags.ids.empty() ? flags.ids_file : "--ids";
  const std::vector<int32_t> ids = ParseIdList(
      flags.ids.empty() ? ReadFile(flags.ids_file) : flags.ids, where);
  if (ids.empty()) Fail("{}: expected at least one id, found none", where);
  return ids;
}

// Where pieces end: the cuts, then the end of the ids.
std::vector<size_t> PieceEnds(const std::string& split, size_t n_ids) {
  std::vector<size_t> ends;
  for (int32_t cut : ParseIdList(split, "--split")) {
    const size_t after = ends.empty() ? 0 : ends.back();
    if (static_cast<size_t>(cut) <= after ||
        static_cast<size_t>(cut) >= n_ids) {
      Fail(
          "--split: expected rising places between 0 and {} (the number of "
          "ids), found {}",
          n_ids, cut);
    }
    ends.push_back(static_cast<size_t>(cut));
  }
  ends.push_back(n_ids);
  return ends;
}

class Printer {
 public:
  explicit Printer(const LogitsFlags& flags) : flags_(flags) {
    if (flags_.json) PrintText("{\"positions\": [");
  }
  void Position(int64_t position, int32_t id, std::span<const float> logits) {
    const bool all = flags_.top == 0;
    Summary summary = Summarize(logits, flags_.top);
    summary.position = position;
    summary.id = id;
    if (!flags_.json) {
      PrintText(ToText(summary, logits, all));
      return;
    }
    PrintText((position == 0 ? "\n" : ",\n") + ToJson(summary, logits, all));
  }
  void End() const {
    if (flags_.json) PrintText("\n]}\n");
  }

 private:
  const LogitsFlags& flags_;
};

void Logits(const LogitsFlags& flags) {
  const std::vector<int32_t> ids = ReadIds(flags);
  const std::vector<size_t> ends = PieceEnds(flags.split, ids.size());
  const auto model = Model::Load(flags.model.model, ToLoadOptions(flags.model));
  const int64_t vocab = model->config().vocab_size;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= vocab) {
      Fail("{}: id {} of the list: expected 0 to {}, found {}",
           flags.model.model, i, vocab - 1, ids[i]);
    }
  }
  State state = model->NewState();
  state.CheckContext(static_cast<int64_t>(ids.size()));
  Executor executor(model);
  Printer printer(flags);
  size_t begin = 0;
  for (const size_t end : ends) {
    const SequenceInput input = {
        &state, std::span(ids).subspan(begin, end - begin), LogitsFor::kAll};
    executor.Forward({&input, 1}, [&](size_t, int64_t index,
                                      std::span<const float> logits) {
      const auto position = static_cast<int64_t>(begin) + index;
      printer.Position(position, ids[static_cast<size_t>(position)], logits);
    });
    begin = end;
  }
  printer.End();
}

}  // namespace

void AddLogitsCommand(CLI::App& program) {
  auto flags = std::make_shared<LogitsFlags>();
  CLI::App* logits = program.add_subcommand(
      "logits",
      "Print what a model computes for token ids, to compare engines\n\n"
      "For every position: the largest logits, their sum and their norm. Rows "
      "of a padded vocabulary are shown as they are.");
  AddWeightFlags(*logits, flags->model);
  logits->add_option("--ids", flags->ids, "The token ids: 1,2,3")
      ->type_name("IDS");
  logits
      ->add_option("--ids-file", flags->ids_file,
                   "Read the ids from a file, parted by commas or spaces")
      ->type_name("FILE");
  logits
      ->add_option("--top", flags->top,
                   "How many of the largest logits to print; 0: all, by id")
      ->type_name("K")
      ->check(WholeNumber(0))
      ->capture_default_str();
  logits
      ->add_option("--split", flags->split,
                   "Feed the ids in pieces that end before these places: 4,9")
      ->type_name("PLACES");
  logits->add_flag("--json", flags->json, "Print JSON");
  logits->footer(
      "Examples:\n"
      "  llamba logits model.gguf --ids 1,403,407\n"
      "  llamba logits Llamba-1B --ids-file ids.txt --top 0 --json");
  logits->callback([flags] { Logits(*flags); });
}

}  // namespace llamba
