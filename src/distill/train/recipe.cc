#include "distill/train/recipe.h"

#include <fmt/ranges.h>

#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"
#include "checkpoint/json_error.h"
#include "distill/train/source_text.h"

namespace llamba::distill {

using Json = nlohmann::json;

// Names of fields as files spell them; found by the JSON library.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StudentOptions, d_state, n_qk_heads, d_conv,
                                   keep_attention, start_from_attention, memory,
                                   seed)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AdamWOptions, beta1, beta2, eps,
                                   weight_decay, clip_norm)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageRecipe, tokens, lr, final_lr, warmup,
                                   decay, batch, micro_batch)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Stage3Recipe, tokens, lr, final_lr, warmup,
                                   decay, batch, micro_batch, temperature,
                                   hidden_weight, mixer_weight, recall_weight)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SourceRecipe, paths, weight, document_tokens,
                                   copies)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SampleRecipe, tokens, held_out_tokens,
                                   weight, temperature, conversations, rows,
                                   length)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Recipe, teacher, student, data, sample,
                                   held_out, sequence_length, seed, precision,
                                   recompute, logits_rows, optimizer, stage1,
                                   stage2, stage3, checkpoint_steps,
                                   evaluate_steps, evaluate_sequences)

namespace {

std::vector<std::string> Keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

// `value` as the type that `like`, its default, has. 3e8 is an integer too.
Json Typed(const Json& value, const Json& like, const std::string& where,
           const std::string& name) {
  const auto fail = [&](const char* expected) {
    Fail("{}: {}: expected {}, found {}", where, name, expected, value.dump());
  };
  if (like.is_number_unsigned()) {  // a seed
    if (!value.is_number_unsigned()) {
      fail("a whole number from 0 to 18446744073709551615");
    }
    return value;
  }
  if (like.is_number_integer()) {
    if (value.is_number_integer()) return value.get<int64_t>();
    const double number = value.is_number() ? value.get<double>() : NAN;
    if (!(std::abs(number) < 0x1p53 && number == std::floor(number))) {
      fail("an integer");
    }
    return static_cast<int64_t>(number);
  }
  if (like.is_number()) {
    if (!value.is_number()) fail("a number");
    return value.get<double>();  // 3 may be set to 1.5 by who comes after
  }
  if (like.type() != value.type()) fail(like.type_name());
  return value;
}

// Puts `from` over `into`, which holds every key that may occur.
void Merge(Json& into, const Json& from, const std::string& where,
           const std::string& prefix) {
  if (!from.is_object()) {
    Fail("{}: {}: expected an object, found {}", where,
         prefix.empty() ? "recipe" : prefix, from.type_name());
  }
  for (const auto& [key, value] : from.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (!into.contains(key)) {
      Fail("{}: unknown key \"{}\"; here these exist: {}", where, name,
           fmt::join(Keys(into), ", "));
    }
    if (into[key].is_object()) {
      Merge(into[key], value, where, name);
    } else {
      into[key] = Typed(value, into[key], where, name);
    }
  }
}

// "stage2.lr=1e-3" -> {"stage2": {"lr": 0.001}}.
Json ParseOverride(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    Fail("--set {}: expected KEY=VALUE, such as stage2.lr=1e-3", text);
  }
  Json value =
      Json::parse(text.substr(equals + 1), LimitJsonDepth("--set"), false);
  if (value.is_discarded()) value = text.substr(equals + 1);
  std::string key = text.substr(0, equals);
  for (;;) {
    const size_t dot = key.rfind('.');
    Json outer = Json::object();
    outer[dot == std::string::npos ? key : key.substr(dot + 1)] = value;
    value = std::move(outer);
    if (dot == std::string::npos) return value;
    key.resize(dot);
  }
}

// Whoever set `key`, for messages: a file or an override.
using Origin = std::function<std::string(const std::string& key)>;

// The last override of `key`, or of what it lies in; otherwise the file.
std::string OriginOf(const std::string& key, const std::string& file,
                     const std::vector<std::string>& overrides) {
  for (auto it = overrides.rbegin(); it != overrides.rend(); ++it) {
    const std::string set = it->substr(0, it->find('='));
    if (key == set || key.starts_with(set + ".")) return "--set " + *it;
  }
  return file;
}

void Check(bool ok, const Origin& origin, const std::string& key,
           const std::string& expected, double found) {
  if (ok) return;
  Fail("{}: {}: expected {}, found {}", origin(key), key, expected, found);
}

void ValidateStage(const StageRecipe& stage, const Origin& origin,
                   const std::string& name) {
  const auto check = [&](bool ok, const char* key, const std::string& expected,
                         double found) {
    Check(ok, origin, name + "." + key, expected, found);
  };
  check(stage.tokens >= 0, "tokens", "0 or more",
        static_cast<double>(stage.tokens));
  check(stage.lr > 0, "lr", "more than 0", stage.lr);
  check(stage.final_lr >= 0, "final_lr", "0 or more", stage.final_lr);
  check(stage.warmup >= 0 && stage.warmup <= 1, "warmup", "0 to 1",
        stage.warmup);
  check(stage.decay >= 0 && stage.decay + stage.warmup <= 1, "decay",
        "0 to 1 - warmup", stage.decay);
  check(stage.batch > 0 && stage.batch <= StageRecipe::kMostBatch, "batch",
        fmt::format("1 to {}", StageRecipe::kMostBatch),
        static_cast<double>(stage.batch));
  check(stage.micro_batch > 0, "micro_batch", "1 or more",
        static_cast<double>(stage.micro_batch));
}

void ValidateOptimizer(const AdamWOptions& options, const Origin& origin) {
  const auto check = [&](bool ok, const std::string& key, const char* expected,
                         double found) {
    Check(ok, origin, "optimizer." + key, expected, found);
  };
  check(options.beta1 >= 0 && options.beta1 < 1, "beta1", "0 to below 1",
        options.beta1);
  check(options.beta2 >= 0 && options.beta2 < 1, "beta2", "0 to below 1",
        options.beta2);
  check(options.eps > 0, "eps", "more than 0", options.eps);
  check(options.weight_decay >= 0, "weight_decay", "0 or more",
        options.weight_decay);
  check(options.clip_norm >= 0, "clip_norm", "0 or more", options.clip_norm);
}

void ValidateSample(const SampleRecipe& sample, const Origin& origin) {
  const auto check = [&](bool ok, const std::string& key, const char* expected,
                         double found) {
    Check(ok, origin, "sample." + key, expected, found);
  };
  check(sample.tokens >= 0, "tokens", "0 or more",
        static_cast<double>(sample.tokens));
  check(sample.held_out_tokens >= 0, "held_out_tokens", "0 or more",
        static_cast<double>(sample.held_out_tokens));
  check(sample.weight > 0, "weight", "more than 0", sample.weight);
  check(sample.temperature > 0, "temperature", "more than 0",
        sample.temperature);
  check(sample.rows > 0, "rows", "1 or more", static_cast<double>(sample.rows));
  check(sample.length > 1, "length", "2 or more",
        static_cast<double>(sample.length));
}

void Validate(const Recipe& recipe, const Origin& origin) {
  Check(recipe.sequence_length > 0, origin, "sequence_length", "1 or more",
        static_cast<double>(recipe.sequence_length));
  Check(recipe.student.memory == 0 || recipe.student.memory >= 2, origin,
        "student.memory", "0, or 2 or more", recipe.student.memory);
  Check(recipe.logits_rows > 0, origin, "logits_rows", "1 or more",
        static_cast<double>(recipe.logits_rows));
  if (recipe.precision != "auto" && recipe.precision != "bf16" &&
      recipe.precision != "f32") {
    Fail("{}: precision: expected auto, bf16 or f32, found \"{}\"",
         origin("precision"), recipe.precision);
  }
  Check(recipe.checkpoint_steps > 0, origin, "checkpoint_steps", "1 or more",
        static_cast<double>(recipe.checkpoint_steps));
  Check(recipe.evaluate_steps > 0, origin, "evaluate_steps", "1 or more",
        static_cast<double>(recipe.evaluate_steps));
  Check(recipe.evaluate_sequences > 0, origin, "evaluate_sequences",
        "1 or more", static_cast<double>(recipe.evaluate_sequences));
  for (const SourceRecipe& source : recipe.data) {
    if (source.paths.empty()) {
      Fail("{}: data.paths: expected shards", origin("data.paths"));
    }
    Check(source.weight > 0, origin, "data.weight", "more than 0",
          source.weight);
    Check(source.document_tokens >= 0, origin, "data.document_tokens",
          "0 or more", static_cast<double>(source.document_tokens));
    Check(source.copies >= 1 && source.copies <= SourceRecipe::kMostCopies,
          origin, "data.copies",
          fmt::format("1 to {}", SourceRecipe::kMostCopies),
          static_cast<double>(source.copies));
  }
  for (const std::string& text : recipe.held_out) {
    ParseHeldOut(text, origin("held_out") + ": held_out: " + text);
  }
  ValidateOptimizer(recipe.optimizer, origin);
  ValidateSample(recipe.sample, origin);
  ValidateStage(recipe.stage1, origin, "stage1");
  ValidateStage(recipe.stage2, origin, "stage2");
  ValidateStage(recipe.stage3, origin, "stage3");
  Check(recipe.stage3.temperature > 0, origin, "stage3.temperature",
        "more than 0", recipe.stage3.temperature);
  Check(recipe.stage3.hidden_weight >= 0, origin, "stage3.hidden_weight",
        "0 or more", recipe.stage3.hidden_weight);
  Check(recipe.stage3.mixer_weight >= 0, origin, "stage3.mixer_weight",
        "0 or more", recipe.stage3.mixer_weight);
  Check(recipe.stage3.recall_weight >= 0, origin, "stage3.recall_weight",
        "0 or more", recipe.stage3.recall_weight);
}

Recipe Defaults() {
  Recipe recipe;
  recipe.stage1 = {.tokens = 300'000'000, .lr = 1e-4, .batch = 64};
  recipe.stage2 = {.tokens = 2'700'000'000, .lr = 1e-4, .batch = 128};
  recipe.stage3 = {{.tokens = 5'000'000'000, .lr = 1e-5, .batch = 128}};
  return recipe;
}

// A layer's number; the JSON library would round it and cut it to size.
Json TypedLayer(const Json& value, const std::string& where) {
  const std::string name = "student.keep_attention";
  Json layer = Typed(value, 0, where, name);
  if (layer < 0 || layer > std::numeric_limits<int>::max()) {
    Fail("{}: {}: expected layers from 0 on, found {}", where, name,
         value.dump());
  }
  return layer;
}

// Puts `from` over `json` and reads the whole, so that what has a wrong type is
// put down to where it comes from.
Recipe Apply(Json& json, const Json& from, const std::string& where) {
  Merge(json, from, where, "");
  for (Json& source : json["data"]) {
    Json whole = SourceRecipe{};
    Merge(whole, source, where, "data");
    source = std::move(whole);
  }
  for (Json& layer : json["student"]["keep_attention"]) {
    layer = TypedLayer(layer, where);
  }
  try {
    return json.get<Recipe>();
  } catch (const nlohmann::json::exception& e) {
    Fail("{}: a value has the wrong type: {}", where, JsonReason(e));
  }
}

// Earlier versions stored what is stage 3's alone for the others as well, which
// never read it.
void DropUnused(Json& recipe, bool at_defaults_only) {
  for (const char* stage : {"stage1", "stage2"}) {
    const auto settings = recipe.find(stage);
    if (settings == recipe.end() || !settings->is_object()) continue;
    const Json unused{{"temperature", 1}, {"hidden_weight", 0}};
    for (const auto& [key, by_default] : unused.items()) {
      const auto it = settings->find(key);
      if (it == settings->end()) continue;
      if (!at_defaults_only || *it == by_default) settings->erase(it);
    }
  }
}

// Adds "stage2.lr 0.001 -> 0.002" for what differs below `name`.
void AddDifferences(const Json& before, const Json& after,
                    const std::string& name,
                    std::vector<std::string>* differences) {
  for (const auto& [key, value] : before.items()) {
    const std::string inner = name.empty() ? key : name + "." + key;
    if (value.is_object()) {
      AddDifferences(value, after[key], inner, differences);
    } else if (value != after[key]) {
      differences->push_back(
          fmt::format("{} {} -> {}", inner, value.dump(), after[key].dump()));
    }
  }
}

// JSON with comments.
Json ParseRecipe(const std::string& text, const std::string& where) {
  try {
    return Json::parse(text, LimitJsonDepth(where), true, true);
  } catch (const Json::exception& error) {
    FailNoJson(where, text, error);
  }
}

}  // namespace

Recipe LoadRecipe(const std::string& path,
                  const std::vector<std::string>& overrides) {
  Recipe recipe = Defaults();
  Json json = recipe;
  if (!path.empty()) {
    Json file = ParseRecipe(ReadFile(path), path);
    DropUnused(file, true);
    recipe = Apply(json, file, path);
  }
  for (const std::string& text : overrides) {
    recipe = Apply(json, ParseOverride(text), "--set " + text);
  }
  Validate(recipe, [&](const std::string& key) {
    return OriginOf(key, path.empty() ? "recipe" : path, overrides);
  });
  return recipe;
}

std::string RecipeToJson(const Recipe& recipe) { return Json(recipe).dump(2); }

Recipe RecipeFromJson(const std::string& text, const std::string& where) {
  Json json = Defaults();
  Json stored = ParseRecipe(text, where);
  DropUnused(stored, false);
  const Recipe recipe = Apply(json, stored, where);
  Validate(recipe, [&](const std::string&) { return where; });
  return recipe;
}

std::vector<std::string> RecipeDifferences(const Recipe& before,
                                           const Recipe& after) {
  std::vector<std::string> differences;
  AddDifferences(before, after, "", &differences);
  return differences;
}

}  // namespace llamba::distill
