#include "distill/data/document_reader.h"

#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"

namespace llamba::distill {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Line breaks around a separator belong to the file, not to the documents.
std::string TrimLineBreaks(std::string_view text) {
  const size_t begin = text.find_first_not_of("\r\n");
  if (begin == std::string_view::npos) return "";
  const size_t end = text.find_last_not_of("\r\n");
  return std::string(text.substr(begin, end - begin + 1));
}

void CheckMessages(const nlohmann::json& messages, const std::string& where) {
  if (!messages.is_array()) {
    Fail("{}: messages: expected an array, found {}", where,
         messages.type_name());
  }
  if (messages.empty()) {
    Fail("{}: messages: expected a message or more, found none", where);
  }
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
    Document document;
    document.where = fmt::format("{}: line {}", path_, line_);
    const auto json =
        nlohmann::json::parse(line, LimitJsonDepth(document.where), false);
    if (!json.is_object()) Fail("{}: expected a JSON object", document.where);
    if (const auto it = json.find("messages"); it != json.end()) {
      CheckMessages(*it, document.where);
      document.messages_json = it->dump();
      return document;
    }
    const auto it = json.find("text");
    if (it == json.end() || !it->is_string()) {
      Fail("{}: expected a string field \"text\" or an array \"messages\"",
           document.where);
    }
    document.text = it->get<std::string>();
    if (!document.text.empty()) return document;
  }
  return std::nullopt;
}

std::optional<Document> DocumentReader::NextPart() {
  size_t searched = begin_;
  for (;;) {
    const size_t at = buffer_.find(separator_, searched);
    const bool at_end = at == std::string::npos && !*in_;
    if (at == std::string::npos && !at_end) {
      // A separator may straddle two reads.
      const size_t unread = buffer_.size() - begin_;
      ReadMore();
      searched =
          unread < separator_.size() ? 0 : unread - separator_.size() + 1;
      continue;
    }
    if (at_end && begin_ == buffer_.size()) return std::nullopt;
    const size_t end = at_end ? buffer_.size() : at;
    const auto part = std::string_view(buffer_).substr(begin_, end - begin_);
    begin_ = searched = at_end ? end : at + separator_.size();
    if (IsBlank(part)) continue;
    return Document{TrimLineBreaks(part), "",
                    fmt::format("{}: document {}", path_, ++n_parts_)};
  }
}

// Behind what is unread, which then begins the buffer.
void DocumentReader::ReadMore() {
  buffer_.erase(0, std::exchange(begin_, 0));
  const size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  in_->read(buffer_.data() + before, kReadBytes);
  const auto got = static_cast<size_t>(in_->gcount());
  buffer_.resize(before + got);
  bytes_read_ += static_cast<int64_t>(got);
}

}  // namespace llamba::distill
