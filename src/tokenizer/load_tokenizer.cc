#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_readers.h"

namespace llamba {
namespace {

std::string Join(const std::string& dir, const std::string& name) {
  return (std::filesystem::path(dir) / name).string();
}

// tokenizer.model: which of two formats, the content tells.
TokenizerSpec ReadTokenizerModel(const std::string& path) {
  const std::string text = ReadFile(path);
  if (!IsTiktoken(text)) {
    // A SentencePiece model begins with its first piece: field 1, bytes.
    if (!text.starts_with('\x0A')) {
      Fail(
          "{}: expected tokenizer.json, a tokenizer.model of SentencePiece or "
          "tiktoken, or a GGUF file, found {}",
          path, text.empty() ? "an empty file" : "another file");
    }
    return ReadSentencePieceModel(text, path);
  }
  TokenizerSpec spec = ReadTiktokenLlama3(text, path);
  // The file does not name its pre-tokenizer: Llama-3's is told by its size.
  constexpr int32_t kLlama3Size = 128256;
  if (spec.vocabulary.size() != kLlama3Size) {
    Fail(
        "{}: expected the 128000 ranks of Llama-3 (no other tiktoken file's "
        "pre-tokenizer is known here), found {}",
        path, spec.vocabulary.size() - 256);
  }
  return spec;
}

TokenizerSpec ReadJsonFile(const std::string& path) {
  const std::string text = ReadFile(path);
  const JsonDocument json(text, path);
  const std::string original =
      (std::filesystem::path(path).parent_path() / "tokenizer.model").string();
  if (IsConvertedSentencePiece(json) && FileExists(original)) {
    return ReadTokenizerModel(original);
  }
  return ReadTokenizerJson(json);
}

TokenizerSpec ReadSpec(const std::string& path) {
  return path.ends_with(".json") ? ReadJsonFile(path)
                                 : ReadTokenizerModel(path);
}

}  // namespace

Tokenizer LoadTokenizer(const std::string& path) {
  std::string file = path;
  std::string dir = path;
  if (IsDirectory(path)) {
    file = Join(path, "tokenizer.json");
    if (!FileExists(file)) file = Join(path, "tokenizer.model");
    if (!FileExists(file)) {
      Fail("{}: expected tokenizer.json or tokenizer.model, found neither",
           path);
    }
  } else if (!FileExists(path)) {
    Fail("{}: no such file or directory", path);
  } else if (IsGguf(path)) {
    return LoadTokenizerFromGguf(ReadGguf(path).metadata);
  } else {
    dir = std::filesystem::path(path).parent_path().string();
  }
  TokenizerSpec spec = ReadSpec(file);
  ApplyNeighbourFiles(dir, &spec);
  return Tokenizer(std::move(spec));
}

void CheckTokenizerFits(int64_t n_tokens, int64_t n_rows,
                        const std::string& path) {
  if (n_tokens <= n_rows) return;
  Fail(
      "{}: the tokenizer has {} tokens, the model {} rows of embedding: this "
      "is not its tokenizer",
      path, n_tokens, n_rows);
}

}  // namespace llamba
