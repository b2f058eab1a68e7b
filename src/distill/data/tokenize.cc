#include "distill/data/tokenize.h"

#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/counted.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "distill/data/document_reader.h"
#include "distill/data/token_shard.h"
#include "template/chat_template.h"
#include "tokenizer/utf8.h"

namespace llamba::distill {
namespace {

namespace fs = std::filesystem;

// Documents tokenised between two looks at the clock: enough for every thread.
constexpr size_t kBatchBytes = size_t{8} << 20;

// A document to ids, with the ends that the teacher saw in training.
class DocumentEncoder {
 public:
  explicit DocumentEncoder(const Tokenizer& tokenizer)
      : tokenizer_(tokenizer), end_(DocumentEndToken(tokenizer)) {
    if (const std::string* text = tokenizer.chat_template()) {
      template_ = Template::Parse(*text, "chat template");
    }
  }

  // Throws Error naming the document.
  std::vector<int32_t> Encode(const Document& document) const {
    if (document.messages_json.empty()) return Text(document);
    try {
      return Conversation(document);
    } catch (const Error& e) {
      Fail("{}: {}", document.where, e.what());
    }
  }

 private:
  std::vector<int32_t> Text(const Document& document) const {
    CheckUtf8(document.text, document.where);
    std::vector<int32_t> ids =
        tokenizer_.Encode(document.text, {.add_bos = tokenizer_.adds_bos()});
    ids.push_back(end_);
    return ids;
  }

  std::vector<int32_t> Conversation(const Document& document) const {
    if (!template_) Fail("messages need a chat template, the teacher has none");
    ChatInput input;
    input.messages = nlohmann::ordered_json::parse(document.messages_json);
    input.add_generation_prompt = false;
    input.bos_token = tokenizer_.bos_token();
    input.eos_token = tokenizer_.eos_token();
    std::vector<int32_t> ids = tokenizer_.Encode(RenderChat(*template_, input),
                                                 {.parse_special = true});
    if (ids.empty()) Fail("messages: the chat template makes no text of them");
    if (ids.back() != end_) ids.push_back(end_);
    return ids;
  }

  const Tokenizer& tokenizer_;
  int32_t end_;
  std::optional<Template> template_;
};

// As far as sizes are known: not those of pipes.
int64_t TotalBytes(const std::vector<std::string>& inputs) {
  int64_t total = 0;
  std::error_code ignored;
  for (const std::string& path : inputs) {
    if (path == "-") continue;
    if (!fs::exists(path, ignored)) Fail("{}: no such file", path);
    if (IsDirectory(path)) Fail("{}: expected a file, found a directory", path);
    if (FileExists(path)) total += static_cast<int64_t>(fs::file_size(path));
  }
  return total;
}

void RefuseShards(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() != ".tokens") continue;
    Fail(
        "{}: is there already, and a folder of shards is read whole: remove "
        "its shards, or give another folder",
        entry.path().string());
  }
}

// The shards of an output folder, one after the other, and what went into them.
class ShardFolder {
 public:
  ShardFolder(const Tokenizer& tokenizer, const TokenizeOptions& options)
      : options_(options),
        writer_(tokenizer.vocab_size(), VocabularyHash(tokenizer)) {}

  void Add(const std::vector<std::vector<int32_t>>& documents) {
    // Long before all the work is done, but not for inputs that give none.
    if (result_.n_documents == 0) CheckShardWritable(NextPath());
    for (const auto& document : documents) {
      writer_.Add(document);
      result_.n_tokens += static_cast<int64_t>(document.size());
      if (writer_.n_tokens() >= options_.shard_tokens) Flush();
    }
    result_.n_documents += static_cast<int64_t>(documents.size());
  }

  void StopWhereInterrupted() const {
    if (!InterruptGuard::Interrupted()) return;
    Fail("tokenize: interrupted after writing {} to {}",
         Counted(result_.n_shards, "shard"), options_.output);
  }

  // Writes what is left. Bytes are the reader's to count.
  TokenizeResult Finish() {
    Flush();
    return result_;
  }

 private:
  std::string NextPath() const {
    return fmt::format("{}/{:05}.tokens", options_.output, result_.n_shards);
  }

  void Flush() {
    if (writer_.n_documents() == 0) return;
    writer_.Flush(NextPath());
    ++result_.n_shards;
  }

  const TokenizeOptions& options_;
  TokenShardWriter writer_;
  TokenizeResult result_;
};

// Documents of about kBatchBytes; fewer at the end of the file.
std::vector<Document> ReadBatch(DocumentReader& reader) {
  std::vector<Document> documents;
  for (size_t bytes = 0; bytes < kBatchBytes;) {
    std::optional<Document> document = reader.Next();
    if (!document) break;
    bytes += document->text.size() + document->messages_json.size();
    documents.push_back(std::move(*document));
  }
  return documents;
}

}  // namespace

uint64_t VocabularyHash(const Tokenizer& tokenizer) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](std::string_view bytes) {
    for (const unsigned char byte : bytes) {
      hash = (hash ^ byte) * 0x100000001b3;
    }
    hash = (hash ^ 0xff) * 0x100000001b3;
  };
  add(std::to_string(tokenizer.vocab_size()));
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    add(tokenizer.TokenBytes(id));
  }
  return hash;
}

int32_t DocumentEndToken(const Tokenizer& tokenizer) {
  // End of text where the vocabulary names one; its chat's end token otherwise.
  for (const char* name : {"<|end_of_text|>", "<|endoftext|>"}) {
    const auto id = tokenizer.FindToken(name);
    if (id && tokenizer.IsSpecial(*id)) return *id;
  }
  if (const auto id = tokenizer.eos_id()) return *id;
  Fail("tokenizer: it has no token that ends a document");
}

TokenizeResult TokenizeFiles(const Tokenizer& tokenizer,
                             const TokenizeOptions& options, ThreadPool& pool) {
  RefuseShards(options.output);
  const DocumentEncoder encoder(tokenizer);
  ShardFolder shards(tokenizer, options);
  Progress progress("tokenize", "MB",
                    static_cast<double>(TotalBytes(options.inputs)) / 1e6);
  int64_t n_bytes = 0;
  for (const std::string& path : options.inputs) {
    DocumentReader reader(path, options.separator);
    for (;;) {
      const std::vector<Document> documents = ReadBatch(reader);
      shards.StopWhereInterrupted();  // a signal ends std::cin
      if (documents.empty()) break;
      std::vector<std::vector<int32_t>> ids(documents.size());
      pool.Run(static_cast<int64_t>(documents.size()),
               [&](int64_t i) { ids[i] = encoder.Encode(documents[i]); });
      shards.Add(ids);
      shards.StopWhereInterrupted();
      progress.Update(static_cast<double>(n_bytes + reader.bytes_read()) / 1e6);
    }
    n_bytes += reader.bytes_read();
  }
  TokenizeResult result = shards.Finish();
  if (result.n_documents == 0) {
    Fail("{}: expected text, found none", fmt::join(options.inputs, ", "));
  }
  result.n_bytes = n_bytes;
  progress.Update(static_cast<double>(n_bytes) / 1e6);
  progress.Finish();
  return result;
}

}  // namespace llamba::distill
