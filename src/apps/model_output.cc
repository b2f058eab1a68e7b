#include "apps/model_output.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string_view>

#include "apps/output_path.h"
#include "apps/program.h"
#include "base/ascii_case.h"
#include "base/error.h"
#include "base/file.h"
#include "generate/loaded_model.h"
#include "tokenizer/utf8.h"

namespace llamba {
namespace {

namespace fs = std::filesystem;

uint64_t BytesOf(const std::string& out) {
  std::error_code ignored;
  fs::path file = out;
  if (fs::is_directory(file)) file /= "model.safetensors";
  return fs::file_size(file, ignored);
}

bool HasTokenizer(const Checkpoint& checkpoint) {
  if (checkpoint.gguf) return checkpoint.gguf->Has("tokenizer.ggml.model");
  return FileExists(checkpoint.path + "/tokenizer.json") ||
         FileExists(checkpoint.path + "/tokenizer.model");
}

std::optional<Tokenizer> ReadTokenizer(const Checkpoint& checkpoint,
                                       const std::string& dir) {
  if (dir.empty() && !HasTokenizer(checkpoint)) {
    spdlog::warn(
        "{}: no tokenizer in or beside it, so none is written; the result "
        "computes but reads no text: name the tokenizer's directory (often "
        "the teacher's) with --tokenizer DIR",
        checkpoint.path);
    return std::nullopt;
  }
  Tokenizer tokenizer = FindTokenizer(checkpoint, dir);
  CheckTokenizerFits(tokenizer.vocab_size(), checkpoint.config.vocab_size,
                     dir.empty() ? checkpoint.path : dir);
  return tokenizer;
}

// A Llamba's config does not say how long the texts of its teacher were; the
// teacher's, often beside the tokenizer, does.
int64_t TeacherContext(const std::string& dir) {
  const std::string path = dir + "/config.json";
  if (dir.empty() || !FileExists(path)) return 0;
  try {
    return ParseConfigJson(ReadFile(path), path).context_length;
  } catch (const Error& error) {
    spdlog::warn("no context length taken: {}", error.what());
    return 0;
  }
}

constexpr std::string_view kGeneral = "general.";

// general.`key` describes what the file holds: the writer sets it.
bool IsWriters(std::string_view key) {
  constexpr std::string_view kKeys[] = {"architecture", "type", "alignment",
                                        "file_type", "quantization_version"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
}

// What the new file keeps of a GGUF's own keys: name, licence, authors.
GgufMetadata GeneralKeys(const Checkpoint& checkpoint) {
  GgufMetadata kept;
  if (!checkpoint.gguf) return kept;
  for (const auto& [key, value] : checkpoint.gguf->entries()) {
    if (key.starts_with(kGeneral) && !IsWriters(key.substr(kGeneral.size()))) {
      kept.Set(key, value);
    }
  }
  return kept;
}

void SetMeta(const std::string& entry, GgufMetadata* metadata) {
  const size_t equals = entry.find('=');
  const std::string key = entry.substr(0, equals);
  if (equals == std::string::npos || key.empty() ||
      key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") !=
          std::string::npos) {
    Fail("--meta: expected KEY=TEXT, such as license=apache-2.0, found \"{}\"",
         entry);
  }
  if (IsWriters(key)) Fail("--meta: {} follows from what the file holds", key);
  CheckUtf8(std::string_view(entry).substr(equals + 1), "--meta " + key);
  metadata->Set(std::string(kGeneral) + key, entry.substr(equals + 1));
}

// Throws Error for a name that looks like another file (.safetensors, .bin).
bool IsGgufOutput(const std::string& out) {
  const std::string extension = AsciiLower(fs::path(out).extension().string());
  if (extension == ".gguf") return true;
  if (extension == ".safetensors" || extension == ".bin" ||
      extension == ".json") {
    Fail(
        "--out {}: expected FILE.gguf, or a directory for safetensors with "
        "config.json",
        out);
  }
  return false;
}

}  // namespace

ModelToWrite OpenModelToWrite(const std::string& path,
                              const std::string& tokenizer) {
  ModelToWrite model;
  model.checkpoint = OpenCheckpoint(path);
  model.tokenizer = ReadTokenizer(model.checkpoint, tokenizer);
  if (model.checkpoint.config.context_length == 0) {
    model.checkpoint.config.context_length = TeacherContext(tokenizer);
  }
  return model;
}

void AddMetaFlag(CLI::App& command, std::vector<std::string>* meta) {
  command
      .add_option("--meta", *meta,
                  "What FILE.gguf says of itself: name=, author=, license=, "
                  "description=, ... (general.KEY); may be repeated")
      ->type_name("KEY=TEXT");
}

GgufMetadata ExtraMetadata(const ModelToWrite& model,
                           const std::vector<std::string>& meta) {
  GgufMetadata extra = GeneralKeys(model.checkpoint);
  for (const std::string& entry : meta) SetMeta(entry, &extra);
  if (model.tokenizer) {
    WriteTokenizerMetadata(*model.tokenizer, model.checkpoint.config.vocab_size,
                           &extra);
  }
  return extra;
}

bool CheckModelOutput(const std::string& out,
                      const std::vector<std::string>& inputs) {
  const bool gguf = IsGgufOutput(out);
  if (gguf) {
    CheckOutputFile(out, inputs);
  } else {
    RefuseInputs(out, inputs);
  }
  return gguf;
}

void CheckGgufOutput(const std::string& out,
                     const std::vector<std::string>& inputs) {
  if (!IsGgufOutput(out)) Fail("--out {}: expected FILE.gguf", out);
  CheckOutputFile(out, inputs);
}

void WithProgress(const std::string& label,
                  const std::function<void(const WriteProgress&)>& write) {
  constexpr double kMega = 1e6;
  const InterruptGuard guard;
  std::optional<Progress> bar;
  const WriteProgress report = [&](uint64_t done, uint64_t total) {
    if (!bar) bar.emplace(label, "MB", static_cast<double>(total) / kMega);
    bar->Update(static_cast<double>(done) / kMega);
    return !InterruptGuard::Interrupted();
  };
  try {
    write(report);
  } catch (const Error& error) {
    if (!InterruptGuard::Interrupted()) throw;
    bar.reset();
    spdlog::error("{}", error.what());
    throw Exit{kInterrupted};
  }
  if (bar) bar->Finish();
}

void PrintWritten(const std::string& out, const ModelConfig& config,
                  const std::string& types,
                  const std::optional<Tokenizer>& tokenizer) {
  fmt::print(
      "{}: {} parameters, {}, {}, {}\n", out, config.NumParameters(), types,
      BytesString(BytesOf(out)),
      tokenizer ? fmt::format("tokenizer of {} tokens", tokenizer->vocab_size())
                : "no tokenizer");
}

}  // namespace llamba
