#include "distill/data/document_reader.h"

#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace llamba::distill {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

bool IsBlank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

// Line breaks around a separator belong to the file, not to the documents.
std::string TrimLineBreaks(const std::string& text) {
  const size_t begin = text.find_first_not_of("\r\n");
  if (begin == std::string::npos) return "";
  const size_t end = text.find_last_not_of("\r\n");
  return text.substr(begin, end - begin + 1);
}

}  // namespace

DocumentReader::DocumentReader(const std::string& path, std::string separator)
    : path_(path),
      separator_(std::move(separator)),
      in_(&file_),
      jsonl_(path.ends_with(".jsonl")) {
  if (separator_.empty()) Fail("{}: the separator is empty", path);
  if (path == "-") {
    in_ = &std::cin;
    return;
  }
  if (IsDirectory(path)) Fail("{}: expected a file, found a directory", path);
  file_.open(path, std::ios::binary);
  if (!file_) Fail("{}: cannot open", path);
}

std::optional<Document> DocumentReader::Next() {
  return jsonl_ ? NextLine() : NextPart();
}

std::optional<Document> DocumentReader::NextLine() {
  std::string line;
  while (std::getline(*in_, line)) {
    ++line_;
    bytes_read_ += static_cast<int64_t>(line.size()) + 1;
    if (IsBlank(line)) continue;
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) {
      Fail("{}: line {}: expected a JSON object", path_, line_);
    }
    Document document;
    if (const auto it = json.find("messages"); it != json.end()) {
      if (!it->is_array()) {
        Fail("{}: line {}: messages: expected an array, found {}", path_, line_,
             it->type_name());
      }
      document.messages_json = it->dump();
      return document;
    }
    const auto it = json.find("text");
    if (it == json.end() || !it->is_string()) {
      Fail(
          "{}: line {}: expected a string field \"text\" or an array "
          "\"messages\"",
          path_, line_);
    }
    document.text = it->get<std::string>();
    if (!document.text.empty()) return document;
  }
  return std::nullopt;
}

std::optional<Document> DocumentReader::NextPart() {
  size_t searched = 0;
  for (;;) {
    const size_t at = buffer_.find(separator_, searched);
    const bool at_end = at == std::string::npos && !*in_;
    if (at != std::string::npos || at_end) {
      if (at_end && buffer_.empty()) return std::nullopt;
      const size_t end = at_end ? buffer_.size() : at;
      Document document{TrimLineBreaks(buffer_.substr(0, end)), ""};
      buffer_.erase(0, at_end ? end : at + separator_.size());
      searched = 0;
      if (!IsBlank(document.text)) return document;
      continue;
    }
    // A separator may straddle two reads.
    searched = buffer_.size() < separator_.size()
                   ? 0
                   : buffer_.size() - separator_.size() + 1;
    const size_t before = buffer_.size();
    buffer_.resize(before + kReadBytes);
    in_->read(buffer_.data() + before, kReadBytes);
    const auto got = static_cast<size_t>(in_->gcount());
    buffer_.resize(before + got);
    bytes_read_ += static_cast<int64_t>(got);
  }
}

}  // namespace llamba::distill
