#include <fmt/format.h>

#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/model_output.h"
#include "apps/number_checks.h"
#include "apps/output.h"
#include "apps/program.h"
#include "apps/text_windows.h"
#include "base/counted.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "quantize/imatrix_collector.h"
#include "runtime/executor.h"

namespace llamba {
namespace {

struct ImatrixFlags {
  ModelFlags model;
  TextFlags text;
  std::string out;
  int64_t window = 512, limit = 0;
  bool moments = false;
};

using Windows = std::vector<std::vector<int32_t>>;

void StopIfInterrupted(Progress& bar) {
  if (!InterruptGuard::Interrupted()) return;
  bar.Finish();
  PrintNote("cancelled; nothing was written");
  throw Exit{kInterrupted};
}

// Reads as many windows at once as fill a pass; one that is longer, pass by
// pass. Logits are computed for the head's input and thrown away.
void ReadWindows(const std::shared_ptr<const Model>& model,
                 const Windows& windows) {
  constexpr auto kPass = static_cast<size_t>(Executor::kMaxRows);
  Executor executor(model);
  Progress bar("reading", "tokens", static_cast<double>(TokensIn(windows)));
  const size_t together = std::max<size_t>(1, kPass / windows[0].size());
  int64_t done = 0;
  for (size_t at = 0; at < windows.size(); at += together) {
    const size_t n = std::min(together, windows.size() - at);
    std::vector<State> states(n, model->NewState());
    for (size_t begin = 0; begin < windows[at].size(); begin += kPass) {
      StopIfInterrupted(bar);
      std::vector<SequenceInput> inputs;
      for (size_t i = 0; i < n; ++i) {
        const std::span<const int32_t> ids = windows[at + i];
        const size_t size = std::min(kPass, ids.size() - begin);
        inputs.push_back(
            {&states[i], ids.subspan(begin, size), LogitsFor::kAll});
        done += static_cast<int64_t>(size) - (begin == 0 ? 1 : 0);
      }
      executor.Forward(inputs, [](size_t, int64_t, std::span<const float>) {});
      bar.Update(static_cast<double>(done));
    }
  }
  bar.Finish();
}

void Gather(const ImatrixFlags& flags) {
  LoadedModelOptions options;
  options.tokenizer = flags.model.tokenizer;
  options.load = ToLoadOptions(flags.model);
  ImatrixCollector collector(flags.moments);
  options.load.observer = &collector;
  std::vector<std::string> inputs = InputsOf(flags.model);
  inputs.push_back(flags.text.file);
  CheckGgufOutput(flags.out, inputs);
  const std::string where =
      flags.text.file.empty() ? "the text" : flags.text.file;
  const std::string text = ReadText(flags.text, false);
  const auto loaded = LoadedModel::Open(flags.model.model, options);
  const Windows windows = SpreadWindows(
      TextWindows(loaded->tokenizer(), text, flags.window, 0, where),
      flags.limit);
  CheckWindowsFit(windows, loaded->model()->config(), flags.model.model);
  ForEachMatrix(loaded->model()->weights(),
                [&](TensorId id, const MatrixView& view) {
                  collector.Watch(view, TensorName(Layout::kGgufLlamba, id));
                });
  const InterruptGuard guard;
  ReadWindows(loaded->model(), windows);
  collector.Write(flags.out,
                  {where, static_cast<int64_t>(windows.size()), flags.window});
  PrintText(fmt::format("{}: {} in {} of {}\n", flags.out,
                        Counted(TokensIn(windows), "token"),
                        Counted(windows.size(), "window"), flags.window));
}

}  // namespace

void AddImatrixCommand(CLI::App& program) {
  auto flags = std::make_shared<ImatrixFlags>();
  CLI::App* imatrix = program.add_subcommand(
      "imatrix",
      "Gather from a text what `quantize` should round with care\n\n"
      "Runs the model over the text and sums, for every matrix, the squares of "
      "what each column is multiplied by. The file is llama.cpp's importance "
      "matrix in GGUF. Take a text like those that the model is for, and not "
      "one that it will be measured on.");
  AddModelFlags(*imatrix, flags->model);
  AddTextFlags(*imatrix, flags->text);
  imatrix->add_option("-o,--out", flags->out, "The GGUF file to write")
      ->required()
      ->type_name("FILE");
  imatrix->add_flag("--moments", flags->moments,
                    "Gather the products of each two inputs as well: "
                    "`quantize` then makes up for errors, column by column");
  imatrix->add_option("--window", flags->window, "Tokens read in one go")
      ->type_name("N")
      ->check(WholeNumber(2, int64_t{1} << 24))
      ->capture_default_str();
  imatrix
      ->add_option("--limit", flags->limit,
                   "Read N tokens, in windows spread over the text; 0: all")
      ->type_name("N")
      ->check(WholeNumber(0))
      ->capture_default_str();
  imatrix->footer(
      "Examples:\n"
      "  llamba imatrix model.gguf -f text.txt -o model.imatrix.gguf\n"
      "  llamba imatrix model.gguf -f text.txt -o model.imatrix.gguf --moments "
      "--limit 100000");
  imatrix->callback([flags] { Gather(*flags); });
}

}  // namespace llamba
