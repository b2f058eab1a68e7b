#include "apps/inspect_state.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "base/file.h"
#include "base/progress.h"
#include "runtime/state_file.h"
#include "tokenizer/json_writer.h"

namespace llamba {
namespace {

void PrintInfo(const std::string& path, const SavedStateInfo& info) {
  const auto line = [](const char* label, const std::string& text) {
    fmt::print("  {:<14}{}\n", label, text);
  };
  const bool conversation = info.sections.count("messages") != 0;
  fmt::print("{}\n", path);
  line("layout", fmt::format("saved state, version {}", info.version));
  // Quoted: a terminal must not obey it.
  line("model", JsonQuoted(info.model));
  line("fingerprint", fmt::format("{:016x}", info.fingerprint));
  const auto ids = info.sections.find("ids");
  if (ids != info.sections.end()) {
    line("holds",
         fmt::format("a {} of {}", conversation ? "conversation" : "text",
                     Counted(ids->second / sizeof(int32_t), "token")));
  }
  fmt::print("\nSections\n");
  for (const auto& [name, bytes] : info.sections) {
    fmt::print("  {:<14}{}\n", JsonQuoted(name), BytesString(bytes));
  }
}

}  // namespace

void PrintSavedState(const std::string& path, bool json) {
  const std::string bytes = ReadFile(path);
  const SavedStateInfo info =
      InspectSavedState(std::as_bytes(std::span(bytes)), path);
  if (!json) {
    PrintInfo(path, info);
    return;
  }
  using Json = nlohmann::ordered_json;
  const Json out = {{"path", path},
                    {"layout", "saved state"},
                    {"version", info.version},
                    {"model", info.model},
                    {"fingerprint", fmt::format("{:016x}", info.fingerprint)},
                    {"sections", info.sections}};
  fmt::print("{}\n", out.dump(1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace llamba
