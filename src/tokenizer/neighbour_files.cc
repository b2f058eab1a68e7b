#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "tokenizer/tokenizer_readers.h"

namespace llamba {
namespace {

using simdjson::dom::element;

std::string Join(const std::string& dir, const std::string& name) {
  return (std::filesystem::path(dir) / name).string();
}

std::optional<std::string> ReadIfThere(const std::string& path) {
  if (!FileExists(path)) return std::nullopt;
  return ReadFile(path);
}

// A special token: its text, or an object with "content".
std::optional<int32_t> TokenNamed(const JsonDocument& json,
                                  std::string_view key,
                                  const TokenizerSpec& spec) {
  const auto value = json.Find(json.root(), key);
  if (!value) return std::nullopt;
  const auto content = json.Find(*value, "content");
  const std::string_view name = json.String(content ? *content : *value, key);
  const auto id = FindByName(spec.vocabulary, name);
  if (!id) {
    Fail("{}: {}: expected a token of {}, found \"{}\"", json.source(), key,
         spec.source, name);
  }
  return id;
}

// A string, or a list of {"name", "template"}.
void ReadTemplates(const JsonDocument& json, TokenizerSpec* spec) {
  const auto value = json.Find(json.root(), "chat_template");
  if (!value) return;
  if (value->is_string()) {
    spec->chat_templates["default"] = json.String(*value, "chat_template");
    return;
  }
  for (const element entry : json.Array(*value, "chat_template")) {
    const std::string name(json.StringOr(entry, "name", "default"));
    spec->chat_templates[name] = json.StringOr(entry, "template", "");
  }
}

void ApplyTokenizerConfig(const JsonDocument& json, TokenizerSpec* spec) {
  const auto bos = TokenNamed(json, "bos_token", *spec);
  if (bos) spec->bos = bos;
  const auto eos = TokenNamed(json, "eos_token", *spec);
  if (eos) spec->eos = eos;
  spec->add_bos = json.BoolOr(json.root(), "add_bos_token", spec->add_bos);
  if (json.BoolOr(json.root(), "add_eos_token", false)) {
    Fail("{}: add_eos_token: true is not known here", json.source());
  }
  if (spec->add_bos && !spec->bos) {
    Fail("{}: add_bos_token: expected a bos_token, found none", json.source());
  }
  ReadTemplates(json, spec);
}

void ApplySpecialTokensMap(const JsonDocument& json, TokenizerSpec* spec) {
  if (!spec->bos) spec->bos = TokenNamed(json, "bos_token", *spec);
  if (!spec->eos) spec->eos = TokenNamed(json, "eos_token", *spec);
}

int32_t CheckedId(const JsonDocument& json, element value, std::string_view key,
                  const TokenizerSpec& spec) {
  const int64_t id = json.Int(value, key);
  if (!spec.vocabulary.Contains(id)) {
    Fail("{}: {}: expected an id below {} (the tokens of {}), found {}",
         json.source(), key, spec.vocabulary.size(), spec.source, id);
  }
  return static_cast<int32_t>(id);
}

// One id or a list; false where the file says nothing about them.
bool ApplyEndTokens(const JsonDocument& json, TokenizerSpec* spec) {
  constexpr std::string_view kKey = "eos_token_id";
  const auto value = json.Find(json.root(), kKey);
  if (!value) return false;
  std::vector<int32_t> ids;
  if (value->is_array()) {
    for (const element id : json.Array(*value, kKey)) {
      ids.push_back(CheckedId(json, id, kKey, *spec));
    }
  } else {
    ids.push_back(CheckedId(json, *value, kKey, *spec));
  }
  if (ids.empty()) return false;
  if (!spec->eos) spec->eos = ids.front();
  spec->end_tokens = ids;
  return true;
}

void ApplyModelConfigs(const std::string& dir, TokenizerSpec* spec) {
  bool ends_known = false;
  for (const char* name : {"generation_config.json", "config.json"}) {
    const std::string path = Join(dir, name);
    const auto text = ReadIfThere(path);
    if (!text) continue;
    const JsonDocument json(*text, path);
    if (!ends_known) ends_known = ApplyEndTokens(json, spec);
    const auto bos = json.Find(json.root(), "bos_token_id");
    if (!spec->bos && bos) {
      spec->bos = CheckedId(json, *bos, "bos_token_id", *spec);
    }
  }
}

void ApplyTemplateFiles(const std::string& dir, TokenizerSpec* spec) {
  const auto main = ReadIfThere(Join(dir, "chat_template.jinja"));
  if (main) spec->chat_templates["default"] = *main;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(
           Join(dir, "additional_chat_templates"), ignored)) {
    if (entry.path().extension() != ".jinja") continue;
    spec->chat_templates[entry.path().stem().string()] =
        ReadFile(entry.path().string());
  }
}

}  // namespace

void ApplyNeighbourFiles(const std::string& dir, TokenizerSpec* spec) {
  const auto apply = [&](const char* name, auto&& function) {
    const std::string path = Join(dir, name);
    const auto text = ReadIfThere(path);
    if (text) function(JsonDocument(*text, path), spec);
  };
  apply("tokenizer_config.json", ApplyTokenizerConfig);
  apply("special_tokens_map.json", ApplySpecialTokensMap);
  ApplyModelConfigs(dir, spec);
  ApplyTemplateFiles(dir, spec);
}

}  // namespace llamba
