#include "apps/model_output.h"

#include <spdlog/spdlog.h>

#include <filesystem>

#include "apps/program.h"
#include "base/error.h"

namespace llamba {
namespace {

namespace fs = std::filesystem;

uint64_t BytesOf(const std::string& out) {
  std::error_code ignored;
  fs::path file = out;
  if (fs::is_directory(file)) file /= "model.safetensors";
  return fs::file_size(file, ignored);
}

}  // namespace

bool IsGgufOutput(const std::string& out) {
  const std::string extension = fs::path(out).extension().string();
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
    throw Exit{130};
  }
  if (bar) bar->Finish();
}

void CheckTokenizerFits(const Tokenizer& tokenizer, const ModelConfig& config,
                        const std::string& path) {
  if (tokenizer.vocab_size() <= config.vocab_size) return;
  Fail(
      "{}: the tokenizer has {} tokens, the model {} rows of embedding: this "
      "is not its tokenizer",
      path, tokenizer.vocab_size(), config.vocab_size);
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
