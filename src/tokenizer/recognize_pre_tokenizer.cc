#include <utility>
#include <vector>

#include "base/error.h"
#include "tokenizer/tokenizer_readers.h"

namespace llamba {
namespace {

using simdjson::dom::element;
using Steps = std::vector<std::string>;

// GPT-2's pattern as its own program spells it.
constexpr std::string_view kGpt2OwnPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

std::string SplitStep(std::string_view pattern) {
  return "Split " + std::string(pattern);
}

// What Hugging Face's libraries write for each pre-tokenizer.
const std::vector<std::pair<Steps, PreTokenizer>>& KnownSteps() {
  static const std::vector<std::pair<Steps, PreTokenizer>> known = {
      {{SplitStep(kLlama3Pattern), "ByteLevel"}, PreTokenizer::kLlama3},
      {{"Digits", "ByteLevel with pattern"}, PreTokenizer::kSmolLm},
      {{"ByteLevel with pattern"}, PreTokenizer::kGpt2},
      {{SplitStep(kGpt2Pattern), "ByteLevel"}, PreTokenizer::kGpt2},
      {{SplitStep(kGpt2OwnPattern), "ByteLevel"}, PreTokenizer::kGpt2},
  };
  return known;
}

// One step in one line; anything that is not exactly what a known step needs
// keeps its JSON and so matches nothing.
std::string DescribeStep(const JsonDocument& json, element step) {
  const std::string_view type = json.StringOr(step, "type", "");
  if (type == "ByteLevel" && !json.BoolOr(step, "add_prefix_space", true)) {
    return json.BoolOr(step, "use_regex", true) ? "ByteLevel with pattern"
                                                : "ByteLevel";
  }
  if (type == "Digits" && json.BoolOr(step, "individual_digits", false)) {
    return "Digits";
  }
  const auto pattern = json.Find(step, "pattern");
  if (type == "Split" && pattern && !json.BoolOr(step, "invert", false) &&
      json.StringOr(step, "behavior", "") == "Isolated") {
    const std::string_view regex = json.StringOr(*pattern, "Regex", "");
    if (!regex.empty()) return SplitStep(regex);
  }
  return Excerpt(step);
}

void Flatten(const JsonDocument& json, element step, Steps* steps) {
  const auto inner = json.Find(step, "pretokenizers");
  if (json.StringOr(step, "type", "") != "Sequence" || !inner) {
    steps->push_back(DescribeStep(json, step));
    return;
  }
  for (const element child : json.Array(*inner, "pretokenizers")) {
    Flatten(json, child, steps);
  }
}

}  // namespace

PreTokenizer RecognizePreTokenizer(const JsonDocument& json) {
  const auto root = json.Find(json.root(), "pre_tokenizer");
  if (!root) {
    Fail("{}: expected \"pre_tokenizer\", found none", json.source());
  }
  Steps steps;
  Flatten(json, *root, &steps);
  for (const auto& [known, pre] : KnownSteps()) {
    if (known == steps) return pre;
  }
  Fail("{}: pre_tokenizer {} is not known here; known: {}", json.source(),
       Excerpt(*root), KnownPreTokenizers());
}

}  // namespace llamba
