#include "generate/generator.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "generate/stop_matcher.h"

namespace llamba {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool IsCancelled(const GenerateOptions& options) {
  return options.cancelled && options.cancelled();
}

}  // namespace

void Sequence::Append(std::span<const int32_t> more) {
  ids.insert(ids.end(), more.begin(), more.end());
  sampler.Observe(more);
}

std::string_view StopReasonName(StopReason reason) {
  switch (reason) {
    case StopReason::kEndToken:
      return "end of text";
    case StopReason::kStopString:
      return "stop string";
    case StopReason::kMaxTokens:
      return "token limit";
    case StopReason::kContextFull:
      return "context full";
    case StopReason::kCancelled:
      return "cancelled";
  }
  return "";
}

double GenerateResult::PrefillRate() const {
  return prefill_seconds > 0
             ? static_cast<double>(prompt_tokens) / prefill_seconds
             : 0;
}

double GenerateResult::DecodeRate() const {
  return new_tokens > 1 && decode_seconds > 0
             ? static_cast<double>(new_tokens - 1) / decode_seconds
             : 0;
}

// Token ids to text that may be shown: characters put together, stop strings
// held back.
class Generator::Output {
 public:
  Output(const Tokenizer& tokenizer, const std::vector<int32_t>& before,
         const GenerateOptions& options,
         FunctionRef<void(int32_t id, const std::string& text)> show)
      : tokenizer_(tokenizer),
        show_special_(options.show_special),
        show_(show),
        matcher_(options.stop) {
    ResumeCharacter(before);
    // SentencePiece's first word carries a space that is not of the text.
    strip_space_ = tokenizer.spec().family == TokenizerFamily::kSentencePiece &&
                   std::all_of(before.begin(), before.end(), [&](int32_t id) {
                     return tokenizer.IsSpecial(id);
                   });
  }

  void Feed(int32_t id) {
    std::string text;
    if (!tokenizer_.IsSpecial(id) || show_special_) {
      std::string_view bytes = tokenizer_.TokenBytes(id);
      if (strip_space_ && bytes.starts_with(' ')) bytes.remove_prefix(1);
      strip_space_ = false;
      text = matcher_.Feed(characters_.Feed(bytes));
    }
    show_(id, text);
  }

  // Shows what was held back.
  void Finish(int32_t last_id, bool hold_incomplete) {
    std::string rest;
    if (!hold_incomplete) rest = matcher_.Feed(characters_.Flush());
    rest += matcher_.Flush();
    if (!rest.empty()) show_(last_id, rest);
  }

  const StopMatcher& matcher() const { return matcher_; }

 private:
  // A text that was cut inside a character goes on inside it.
  void ResumeCharacter(const std::vector<int32_t>& before) {
    constexpr std::ptrdiff_t kLongest = 4;  // bytes of a character
    const auto n = static_cast<std::ptrdiff_t>(before.size());
    for (auto id = before.end() - std::min(n, kLongest); id != before.end();
         ++id) {
      if (tokenizer_.IsSpecial(*id)) {
        characters_ = Utf8Stream();
      } else {
        characters_.Feed(tokenizer_.TokenBytes(*id));
      }
    }
  }

  const Tokenizer& tokenizer_;
  const bool show_special_;
  const FunctionRef<void(int32_t id, const std::string& text)> show_;
  bool strip_space_;
  Utf8Stream characters_;
  StopMatcher matcher_;
};

Generator::Generator(std::shared_ptr<const LoadedModel> model)
    : model_(std::move(model)), executor_(model_->model()) {}

Sequence Generator::NewSequence(const SamplerOptions& options) const {
  return {model_->model()->NewState(), Sampler(options, model_->n_valid()), {}};
}

void Generator::CheckRoom(const Sequence& sequence) const {
  const auto n = static_cast<int64_t>(sequence.ids.size());
  if (n == 0) Fail("there is no text to continue: the prompt is empty");
  LLAMBA_ASSERT(sequence.state.position() < n);
  if (n > model_->max_tokens()) {
    Fail(
        "the text has {} tokens, but the attention of {} reaches over {} at "
        "most: shorten the prompt",
        n, model_->path(), model_->max_tokens());
  }
}

bool Generator::IsFull(const Sequence& sequence) const {
  return static_cast<int64_t>(sequence.ids.size()) > model_->max_tokens();
}

bool Generator::Prefill(Sequence& sequence, const GenerateOptions& options) {
  CheckRoom(sequence);
  const std::span<const int32_t> ids = sequence.ids;
  const int64_t first = sequence.state.position();
  const auto end = static_cast<int64_t>(ids.size()) - 1;
  const bool prompt = end - first >= kPromptTokens;
  while (sequence.state.position() < end) {
    const int64_t at = sequence.state.position();
    const int64_t n = std::min(end - at, Executor::kMaxRows);
    const SequenceInput input{
        &sequence.state,
        ids.subspan(static_cast<size_t>(at), static_cast<size_t>(n)),
        LogitsFor::kNone, prompt};
    executor_.Forward({&input, 1},
                      [](size_t, int64_t, std::span<const float>) {});
    if (options.prefill_progress) {
      options.prefill_progress(at + n - first, end - first);
    }
    if (IsCancelled(options)) return false;
  }
  return true;
}

std::optional<StopReason> Generator::Step(Sequence& sequence,
                                          const GenerateOptions& options,
                                          Output& output,
                                          GenerateResult& result) {
  if (result.new_tokens == options.max_tokens) return StopReason::kMaxTokens;
  if (IsFull(sequence)) return StopReason::kContextFull;
  const int32_t last = sequence.ids.back();
  const int32_t id =
      sequence.sampler.Sample(executor_.Forward(sequence.state, {&last, 1}));
  sequence.sampler.Accept(id);
  sequence.ids.push_back(id);
  ++result.new_tokens;
  if (model_->tokenizer().IsEnd(id) && !options.ignore_end) {
    return StopReason::kEndToken;
  }
  output.Feed(id);
  if (output.matcher().stopped()) return StopReason::kStopString;
  if (IsCancelled(options)) return StopReason::kCancelled;
  return std::nullopt;
}

GenerateResult Generator::Run(Sequence& sequence,
                              const GenerateOptions& options,
                              FunctionRef<void(const GeneratedToken&)> sink) {
  GenerateResult result;
  const auto show = [&](int32_t id, const std::string& text) {
    result.text += text;
    sink({id, text});
  };
  Output output(model_->tokenizer(), sequence.ids, options, show);
  const int64_t before = sequence.state.position();
  const Clock::time_point start = Clock::now();
  std::optional<StopReason> reason;
  if (!Prefill(sequence, options)) reason = StopReason::kCancelled;
  Clock::time_point decode_start = Clock::now();
  while (!reason.has_value()) {
    reason = Step(sequence, options, output, result);
    // Reading the prompt's last token gave the first new one.
    if (result.new_tokens == 1) decode_start = Clock::now();
  }
  output.Finish(sequence.ids.back(), options.hold_incomplete);
  result.reason = *reason;
  result.stop_string = output.matcher().match();
  result.prefill_seconds =
      std::chrono::duration<double>(decode_start - start).count();
  result.decode_seconds = SecondsSince(decode_start);
  result.prompt_tokens = sequence.state.position() - before -
                         std::max<int64_t>(0, result.new_tokens - 1);
  return result;
}

}  // namespace llamba
