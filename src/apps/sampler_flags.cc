#include <charconv>
#include <cmath>
#include <random>
#include <type_traits>

#include "apps/flags.h"
#include "apps/number_checks.h"
#include "base/error.h"

namespace llamba {
namespace {

constexpr char kGroup[] = "Sampling";

template <typename T>
CLI::Option* AddNumber(CLI::App& command, const std::string& names, T& value,
                       const std::string& meaning,
                       const std::string& type = "X") {
  CLI::Option* option = command.add_option(names, value, meaning)
                            ->type_name(type)
                            ->capture_default_str()
                            ->group(kGroup);
  if (std::is_integral_v<T>) option->check(WholeNumber(0));
  return option;
}

// "15043+2.5", "15043-inf".
std::pair<int32_t, float> ParseBias(const std::string& text) {
  const size_t sign = text.find_first_of("+-", 1);
  int32_t id = 0;
  float bias = 0;
  bool good = sign != std::string::npos;
  if (good) {
    const char* end = text.data() + text.size();
    const char* middle = text.data() + sign;
    const auto left = std::from_chars(text.data(), middle, id);
    const auto right =
        std::from_chars(*middle == '+' ? middle + 1 : middle, end, bias);
    good = left.ec == std::errc() && left.ptr == middle &&
           right.ec == std::errc() && right.ptr == end && !std::isnan(bias);
  }
  if (!good) {
    Fail(
        "--logit-bias: expected a token id and a signed number such as "
        "15043+2.5 or 15043-inf, found '{}'",
        text);
  }
  return {id, bias};
}

void AddPenaltyFlags(CLI::App& command, SamplerFlags& flags) {
  SamplerOptions& o = flags.options;
  AddNumber(command, "--repeat-penalty", o.repetition_penalty,
            "Divide the logits of recent tokens; 1: off");
  AddNumber(command, "--presence-penalty", o.presence_penalty,
            "Take this from the logits of recent tokens");
  AddNumber(command, "--frequency-penalty", o.frequency_penalty,
            "Take this for each time that a token was seen");
  AddNumber(command, "--penalty-window", o.penalty_window,
            "How many tokens count as recent", "N");
  AddNumber(command, "--dry-multiplier", o.dry_multiplier,
            "DRY: weight of the penalty on long repetitions; 0: off");
  AddNumber(command, "--dry-base", o.dry_base,
            "DRY: growth of the penalty a token");
  AddNumber(command, "--dry-allowed-length", o.dry_allowed_length,
            "DRY: length from which repetitions are penalised", "N");
  AddNumber(command, "--dry-window", o.dry_window,
            "DRY: how many tokens are looked back", "N");
  flags.dry_breakers = {"\n", ":", "\"", "*"};
  command
      .add_option("--dry-breaker", flags.dry_breakers,
                  "DRY: text that no repetition runs across; may be given "
                  "several times (default: line break, colon, quote, star)")
      ->type_name("TEXT")
      ->group(kGroup);
}

}  // namespace

void AddSamplerFlags(CLI::App& command, SamplerFlags& flags) {
  SamplerOptions& o = flags.options;
  AddNumber(command, "--temperature,--temp", o.temperature,
            "Randomness; 0: always the most probable token");
  command.add_flag("--greedy", flags.greedy, "The same as --temperature 0")
      ->group(kGroup);
  AddNumber(command, "--top-k", o.top_k, "Keep the k most probable; 0: off",
            "K");
  AddNumber(command, "--top-p", o.top_p,
            "Keep the fewest whose probability is p; 1: off", "P");
  AddNumber(command, "--min-p", o.min_p,
            "Keep those with p times the largest probability; 0: off", "P");
  AddNumber(command, "--typical", o.typical_p,
            "Locally typical sampling; 1: off", "P");
  AddPenaltyFlags(command, flags);
  command
      .add_option("--logit-bias", flags.logit_bias,
                  "Add to a token's logit: ID+2.5, or ID-inf to forbid it; "
                  "may be given several times")
      ->type_name("BIAS")
      ->group(kGroup);
  command
      .add_option("--seed", flags.seed,
                  "Seed of the generator (default: another one each time)")
      ->type_name("N")
      ->check(SeedNumber())
      ->group(kGroup);
}

SamplerOptions ToSamplerOptions(const SamplerFlags& flags,
                                const Tokenizer& tokenizer) {
  SamplerOptions options = flags.options;
  if (flags.greedy) options.temperature = 0;
  for (const std::string& bias : flags.logit_bias) {
    options.logit_bias.push_back(ParseBias(bias));
  }
  if (options.dry_multiplier > 0) {
    options.dry_breakers = TokensHolding(tokenizer, flags.dry_breakers);
  }
  options.seed = flags.seed.has_value() ? *flags.seed : std::random_device()();
  return options;
}

}  // namespace llamba
