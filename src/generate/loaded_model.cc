#include "generate/loaded_model.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/gguf.h"
#include "tokenizer/utf8.h"

namespace llamba {
namespace {

constexpr char kTokenizerKey[] = "tokenizer.ggml.model";

[[noreturn]] void FailNoTokenizer(const std::string& model_path,
                                  const std::string& looked_for) {
  Fail(
      "{}: no tokenizer ({}); say where it is with --tokenizer DIR, for "
      "instance the directory of the teacher that the model was made from",
      model_path, looked_for);
}

Tokenizer TokenizerOfDirectory(const std::string& path) {
  const std::filesystem::path folder = path;
  for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
    if (FileExists((folder / name).string())) return LoadTokenizer(path);
  }
  FailNoTokenizer(path, "neither tokenizer.json nor tokenizer.model beside it");
}

Tokenizer TokenizerOfGguf(const std::string& path,
                          const GgufMetadata& metadata) {
  if (metadata.Has(kTokenizerKey)) return LoadTokenizerFromGguf(metadata);
  FailNoTokenizer(path, std::string("the file has no ") + kTokenizerKey);
}

// Padding stands at the end: rows of the embedding without a token, and the
// unused tokens that a GGUF file pads its list with.
int64_t CountValidTokens(const Tokenizer& tokenizer) {
  int32_t n = tokenizer.vocab_size();
  while (n > 1 && tokenizer.type(n - 1) == TokenType::kUnused) --n;
  return n;
}

std::vector<std::string> SpecialNames(const Tokenizer& tokenizer) {
  std::vector<std::string> names;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (!tokenizer.IsSpecial(id) || tokenizer.TokenBytes(id).empty()) continue;
    names.emplace_back(tokenizer.TokenBytes(id));
  }
  std::sort(names.begin(), names.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return names;
}

}  // namespace

Tokenizer FindTokenizer(const Checkpoint& checkpoint,
                        const std::string& tokenizer_path) {
  if (!tokenizer_path.empty()) return LoadTokenizer(tokenizer_path);
  if (checkpoint.gguf.has_value()) {
    return TokenizerOfGguf(checkpoint.path, *checkpoint.gguf);
  }
  return TokenizerOfDirectory(checkpoint.path);
}

Tokenizer FindTokenizer(const std::string& model_path,
                        const std::string& tokenizer_path) {
  if (!tokenizer_path.empty()) return LoadTokenizer(tokenizer_path);
  if (IsDirectory(model_path)) return TokenizerOfDirectory(model_path);
  if (!FileExists(model_path))
    Fail("{}: no such file or directory", model_path);
  if (IsGguf(model_path)) {
    return TokenizerOfGguf(model_path, ReadGguf(model_path).metadata);
  }
  return LoadTokenizer(model_path);
}

std::shared_ptr<const LoadedModel> LoadedModel::Open(
    const std::string& path, const LoadedModelOptions& options) {
  return std::shared_ptr<const LoadedModel>(
      new LoadedModel(path, OpenCheckpoint(path), options));
}

LoadedModel::LoadedModel(std::string path, const Checkpoint& checkpoint,
                         const LoadedModelOptions& options)
    : path_(std::move(path)),
      tokenizer_(FindTokenizer(checkpoint, options.tokenizer)),
      n_valid_(CountValidTokens(tokenizer_)) {
  CheckTokenizerFits(n_valid_, checkpoint.config.vocab_size, path_);
  if (!options.chat_template.empty()) {
    chat_template_ = ReadFile(options.chat_template);
    chat_template_source_ = options.chat_template;
    if (chat_template_.empty()) {
      Fail("{}: expected a Jinja template, found an empty file",
           chat_template_source_);
    }
  } else if (const std::string* own = tokenizer_.chat_template()) {
    chat_template_ = *own;
    chat_template_source_ = path_ + ": chat template";
  }
  special_names_ = SpecialNames(tokenizer_);
  model_ = Model::Load(checkpoint, options.load);
}

int64_t LoadedModel::max_tokens() const {
  const ModelConfig& config = model_->config();
  return config.HasMixer(MixerKind::kAttention)
             ? config.context_length
             : std::numeric_limits<int64_t>::max();
}

const std::string& LoadedModel::chat_template() const {
  if (chat_template_.empty()) {
    Fail(
        "{}: no chat template, so this is no model to chat with; `llamba run` "
        "continues a text, or name a Jinja file with --chat-template FILE",
        path_);
  }
  return chat_template_;
}

std::vector<int32_t> LoadedModel::EncodePrompt(std::string_view text) const {
  CheckUtf8(text, "the prompt");
  const bool bos =
      tokenizer_.adds_bos() || (text.empty() && tokenizer_.bos_id());
  std::vector<int32_t> ids = tokenizer_.Encode(text, {.add_bos = bos});
  if (ids.empty()) {
    Fail(
        "the prompt is empty, and {} has no token that begins a text: give "
        "some text with -p or -f",
        path_);
  }
  return ids;
}

std::vector<int32_t> LoadedModel::EncodeMore(std::string_view text,
                                             bool parse_special) const {
  CheckUtf8(text, "the prompt");
  const EncodeOptions options{.parse_special = parse_special};
  if (text.empty()) return {};
  if (tokenizer_.spec().family != TokenizerFamily::kSentencePiece) {
    return tokenizer_.Encode(text, options);
  }
  // A line break takes the space that is put in front of a text, and no merge
  // crosses it; its own tokens are dropped again.
  const std::string anchor = "\n";
  const auto skipped = tokenizer_.Encode(anchor, options);
  auto ids = tokenizer_.Encode(anchor + std::string(text), options);
  if (ids.size() < skipped.size() ||
      !std::equal(skipped.begin(), skipped.end(), ids.begin())) {
    return tokenizer_.Encode(text, options);
  }
  ids.erase(ids.begin(),
            ids.begin() + static_cast<std::ptrdiff_t>(skipped.size()));
  return ids;
}

std::vector<int32_t> LoadedModel::EncodeRendered(std::string_view text) const {
  const bool has_bos = !tokenizer_.bos_token().empty() &&
                       text.starts_with(tokenizer_.bos_token());
  const size_t end = std::min(text.find(kMark), text.size());
  auto ids = tokenizer_.Encode(
      text.substr(0, end),
      {.add_bos = tokenizer_.adds_bos() && !has_bos, .parse_special = true});
  const auto more = EncodeMoreRendered(text.substr(end));
  ids.insert(ids.end(), more.begin(), more.end());
  return ids;
}

std::vector<int32_t> LoadedModel::EncodeMoreRendered(
    std::string_view text) const {
  std::vector<int32_t> ids;
  // Between a first mark and a second stands text of a user's.
  for (bool literal = false;; literal = !literal) {
    const size_t end = text.find(kMark);
    const auto piece = EncodeMore(text.substr(0, end), !literal);
    ids.insert(ids.end(), piece.begin(), piece.end());
    if (end == std::string_view::npos) return ids;
    text.remove_prefix(end + kMark.size());
  }
}

std::string LoadedModel::MarkSpecial(std::string_view text) const {
  std::string marked;
  while (!text.empty()) {
    size_t length = 1;
    if (text.starts_with(kMark)) {
      marked += "\uFFFD";
      length = kMark.size();
    } else if (const auto name = std::find_if(
                   special_names_.begin(), special_names_.end(),
                   [&](const std::string& n) { return text.starts_with(n); });
               name != special_names_.end()) {
      marked.append(kMark).append(*name).append(kMark);
      length = name->size();
    } else {
      marked += text.front();
    }
    text.remove_prefix(length);
  }
  return marked;
}

std::vector<int32_t> TokensHolding(const Tokenizer& tokenizer,
                                   const std::vector<std::string>& strings) {
  std::vector<int32_t> found;
  for (const std::string& text : strings) {
    if (text.empty()) Fail("DRY breaker: expected text, found an empty one");
    const size_t before = found.size();
    for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
      if (tokenizer.TokenBytes(id).find(text) != std::string_view::npos) {
        found.push_back(id);
      }
    }
    if (found.size() > before) continue;
    const auto ids = tokenizer.Encode(text, {});
    if (!ids.empty()) found.push_back(ids.back());
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace llamba
