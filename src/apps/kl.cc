#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/number_checks.h"
#include "apps/output.h"
#include "apps/program.h"
#include "apps/text_windows.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "eval/divergence.h"
#include "runtime/executor.h"

namespace llamba {
namespace {

using Json = nlohmann::ordered_json;

// Bound of the logits that are held, of each model.
constexpr int64_t kLogitsBytes = 64 << 20;

struct KlFlags {
  ModelFlags model;  // A
  std::string other;
  TextFlags text;
  int64_t window = 1024, limit = 0, copies = 1;
  bool as_prompt = false, json = false;
};

// One of the two models, with the logits of the piece of text under way.
class Side {
 public:
  // prompt: see SequenceInput.
  Side(const std::string& path, const LoadOptions& options, bool prompt)
      : prompt_(prompt),
        model_(Model::Load(path, options)),
        executor_(model_),
        state_(model_->NewState()) {}

  const ModelConfig& config() const { return model_->config(); }
  int64_t vocab() const { return model_->config().vocab_size; }
  void Restart() { state_ = model_->NewState(); }
  void Read(std::span<const int32_t> ids, LogitsFor logits) {
    const auto vocab_size = static_cast<size_t>(vocab());
    logits_.resize(ids.size() * vocab_size);
    const SequenceInput input = {&state_, ids, logits, prompt_};
    executor_.Forward(
        {&input, 1}, [&](size_t, int64_t index, std::span<const float> row) {
          std::copy(row.begin(), row.end(),
                    logits_.begin() + static_cast<ptrdiff_t>(index) *
                                          static_cast<ptrdiff_t>(vocab_size));
        });
  }
  std::span<const float> Row(int64_t i) const {
    const auto n = static_cast<size_t>(vocab());
    return {logits_.data() + static_cast<size_t>(i) * n, n};
  }

 private:
  bool prompt_;
  std::shared_ptr<const Model> model_;
  Executor executor_;
  State state_;
  std::vector<float> logits_;
};

// The tokenizer of either model: they must agree anyway.
Tokenizer TokenizerOfEither(const KlFlags& flags) {
  try {
    return FindTokenizer(flags.model.model, flags.model.tokenizer);
  } catch (const Error&) {
    if (!flags.model.tokenizer.empty()) throw;
    try {
      return FindTokenizer(flags.other, "");
    } catch (const Error&) {
    }
    throw;
  }
}

// Windows of at most flags.window tokens: a prefix and so many copies of a
// piece of the text.
std::vector<std::vector<int32_t>> Windows(const KlFlags& flags,
                                          const Tokenizer& tokenizer,
                                          const std::string& text) {
  const int64_t piece = (flags.window - 1) / flags.copies;
  if (piece < 1) {
    Fail(
        "--copies: expected {} (the window without its prefix) at most, found "
        "{}",
        flags.window - 1, flags.copies);
  }
  auto windows =
      TextWindows(tokenizer, text, 1 + piece, flags.limit,
                  flags.text.file.empty() ? "the text" : flags.text.file);
  for (std::vector<int32_t>& window : windows) {
    const std::vector<int32_t> once(window.begin() + 1, window.end());
    for (int64_t i = 1; i < flags.copies; ++i) {
      window.insert(window.end(), once.begin(), once.end());
    }
  }
  return windows;
}

// What counts are the tokens of the window from `first` on (the prefix is 0).
// `read` is told how many tokens were read, piece by piece. False where it was
// interrupted.
bool CompareWindow(std::span<const int32_t> window, int64_t first, Side& a,
                   Side& b, Divergence* divergence,
                   FunctionRef<void(int64_t)> read) {
  a.Restart();
  b.Restart();
  const auto inputs = static_cast<int64_t>(window.size()) - 1;
  const int64_t piece =
      std::clamp<int64_t>(kLogitsBytes / (a.vocab() * int64_t{sizeof(float)}),
                          1, Executor::kMaxRows);
  std::vector<TokenComparison> tokens;
  for (int64_t begin = 0; begin < inputs; begin += piece) {
    if (InterruptGuard::Interrupted()) return false;
    const int64_t n = std::min(piece, inputs - begin);
    const auto ids =
        window.subspan(static_cast<size_t>(begin), static_cast<size_t>(n));
    const int64_t skip = std::clamp<int64_t>(first - 1 - begin, 0, n);
    const LogitsFor logits = skip < n ? LogitsFor::kAll : LogitsFor::kNone;
    a.Read(ids, logits);
    b.Read(ids, logits);
    tokens.resize(static_cast<size_t>(n - skip));
    ThreadPool::Default().ParallelFor(
        n - skip, 1, [&](int64_t from, int64_t to) {
          for (int64_t i = from; i < to; ++i) {
            const int64_t at = skip + i;
            const int32_t next = window[static_cast<size_t>(begin + at + 1)];
            tokens[static_cast<size_t>(i)] =
                CompareLogits(a.Row(at), b.Row(at), next);
          }
        });
    for (const TokenComparison& token : tokens) divergence->Add(token);
    read(n);
  }
  return true;
}

std::string ToText(const KlFlags& flags, const DivergenceSummary& s) {
  return fmt::format(
      "A {}\nB {}\n"
      "tokens            {}\n"
      "perplexity of A   {:.4f}\n"
      "perplexity of B   {:.4f}\n"
      "mean KL(A || B)   {:.6f} nats\n"
      "99 % of tokens    {:.6f} or less\n"
      "same top token    {:.3f} %\n",
      flags.model.model, flags.other, s.tokens, s.ppl_a, s.ppl_b, s.mean_kl,
      s.p99_kl, 100 * s.top1_agreement);
}

Json ToJson(const KlFlags& flags, const DivergenceSummary& s) {
  return {{"a", flags.model.model}, {"b", flags.other},
          {"tokens", s.tokens},     {"window", flags.window},
          {"copies", flags.copies}, {"ppl_a", s.ppl_a},
          {"ppl_b", s.ppl_b},       {"mean_kl", s.mean_kl},
          {"p99_kl", s.p99_kl},     {"top1_agreement", s.top1_agreement}};
}

void Kl(const KlFlags& flags) {
  const LoadOptions options = ToLoadOptions(flags.model);
  const std::string text = ReadText(flags.text, false);
  const Tokenizer tokenizer = TokenizerOfEither(flags);
  const auto windows = Windows(flags, tokenizer, text);
  Side a(flags.model.model, options, false);
  Side b(flags.other, options, flags.as_prompt);
  if (a.vocab() != b.vocab() || tokenizer.vocab_size() > a.vocab()) {
    Fail(
        "{} and {}: expected one vocabulary, found {} and {} rows of logits "
        "and a tokenizer of {} tokens",
        flags.model.model, flags.other, a.vocab(), b.vocab(),
        tokenizer.vocab_size());
  }
  CheckWindowsFit(windows, a.config(), flags.model.model);
  CheckWindowsFit(windows, b.config(), flags.other);
  const InterruptGuard guard;
  const int64_t all = TokensIn(windows);
  Progress bar("comparing", "tokens", static_cast<double>(all));
  int64_t done = 0;
  const auto read = [&](int64_t n) {
    done += n;
    bar.Update(static_cast<double>(done));
  };
  Divergence divergence;
  for (const std::vector<int32_t>& window : windows) {
    const auto tokens = static_cast<int64_t>(window.size()) - 1;
    if (!CompareWindow(window, 1 + tokens - tokens / flags.copies, a, b,
                       &divergence, read)) {
      bar.Finish();
      PrintNote(fmt::format("cancelled after {} of {} tokens", done, all));
      throw Exit{kInterrupted};
    }
  }
  bar.Finish();
  const DivergenceSummary summary = divergence.Summary();
  PrintText(flags.json ? ToJson(flags, summary).dump(1) + "\n"
                       : ToText(flags, summary));
}

}  // namespace

void AddKlCommand(CLI::App& program) {
  auto flags = std::make_shared<KlFlags>();
  CLI::App* kl = program.add_subcommand(
      "kl",
      "Compare what two models of one vocabulary say of a text\n\n"
      "Perplexities, the mean of KL(A || B) over the tokens in nats, the value "
      "that 99 % of the tokens do not exceed, and how often the likeliest "
      "token is the same. A is the original, B the rounded or distilled one.");
  kl->add_option("A", flags->model.model, "The model to compare with")
      ->required()
      ->type_name("MODEL");
  kl->add_option("B", flags->other, "The other one")
      ->required()
      ->type_name("MODEL");
  AddTextFlags(*kl, flags->text);
  kl->add_option("--window", flags->window,
                 "Tokens read from an empty state: a prefix token and N - 1 of "
                 "the text, which are scored")
      ->type_name("N")
      ->check(WholeNumber(2, int64_t{1} << 24))
      ->capture_default_str();
  kl->add_option("--copies", flags->copies,
                 "How well B recalls: a window holds a piece of the text so "
                 "many times in a row, of which the last is scored")
      ->type_name("N")
      ->check(WholeNumber(1, 1000))
      ->capture_default_str();
  kl->add_option("--limit", flags->limit, "Stop after N tokens; 0: never")
      ->type_name("N")
      ->check(WholeNumber(0))
      ->capture_default_str();
  kl->add_flag("--as-prompt", flags->as_prompt,
               "Read the text as `llamba run` reads a prompt: with AMX B's "
               "quantised products are less exact then");
  AddComputeFlags(*kl, flags->model);
  AddTokenizerFlag(*kl, &flags->model.tokenizer)->group("Model");
  kl->add_flag("--json", flags->json, "Print JSON");
  kl->footer(
      "Examples:\n"
      "  llamba kl model.gguf model.q4_k.gguf -f text.txt\n"
      "  llamba kl llama.gguf llamba.gguf -f text.txt --limit 20000 --json\n"
      "  llamba kl llama.gguf llamba.gguf -f text.txt --copies 2");
  kl->callback([flags] { Kl(*flags); });
}

}  // namespace llamba
