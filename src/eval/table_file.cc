#include "eval/table_file.h"

#include "base/error.h"
#include "base/file.h"

namespace llamba {
namespace {

struct Row {
  size_t line;  // the number of its first
  std::vector<std::string> fields;
};

// One character at a time: a quoted field may hold line ends.
class Splitter {
 public:
  Splitter(std::string path, std::string text)
      : path_(std::move(path)),
        text_(std::move(text)),
        comma_(path_.ends_with(".csv")) {}

  std::vector<Row> Split() {
    std::vector<Row> rows;
    while (at_ < text_.size()) {
      Row row{line_, {}};
      do row.fields.push_back(NextField());
      while (Take(comma_ ? ',' : '\t'));
      TakeLineEnd();
      const bool empty = row.fields.size() == 1 && row.fields[0].empty();
      if (!empty) rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void TakeLineEnd() {
    Take('\r');
    if (Take('\n')) ++line_;
  }
  bool AtFieldEnd() const {
    if (at_ >= text_.size()) return true;
    const char c = text_[at_];
    if (c == '\n' || c == (comma_ ? ',' : '\t')) return true;
    return c == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
  }
  std::string NextField() {
    if (comma_ && Take('"')) return QuotedField();
    const size_t begin = at_;
    while (!AtFieldEnd()) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  // Behind the opening quote.
  std::string QuotedField() {
    const size_t line = line_;
    std::string field;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        if (at_ >= text_.size() || text_[at_] != '"') {
          while (!AtFieldEnd()) field += text_[at_++];
          return field;
        }
      }
      if (text_[at_] == '\n') ++line_;
      field += text_[at_];
    }
    Fail("{}: line {}: a quoted field without an end", path_, line);
  }

  std::string path_, text_;
  bool comma_;
  size_t at_ = 0;
  size_t line_ = 1;
};

// Published tables of one task come with and without a line of names.
bool NamesColumns(const Row& row, const std::vector<std::string>& columns) {
  for (size_t i = 0; i < columns.size() && i < row.fields.size(); ++i) {
    if ((columns[i] == "answer" || columns[i] == "label") &&
        row.fields[i] == columns[i]) {
      return true;
    }
  }
  return row.fields == columns;
}

}  // namespace

std::string ReadDataFile(const std::string& path) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  std::string text = ReadFile(path);
  if (text.starts_with(kMark)) text.erase(0, kMark.size());
  return text;
}

std::vector<Record> ReadTable(const std::string& path,
                              const std::vector<std::string>& columns) {
  const std::vector<Row> rows = Splitter(path, ReadDataFile(path)).Split();
  if (rows.empty()) return {};
  const bool named = columns.empty() || NamesColumns(rows[0], columns);
  const std::vector<std::string>& names =
      columns.empty() ? rows[0].fields : columns;
  std::vector<Record> records;
  for (size_t i = named ? 1 : 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    if (row.fields.size() != names.size()) {
      Fail("{}: line {}: expected {} fields, found {}", path, row.line,
           names.size(), row.fields.size());
    }
    nlohmann::json fields = nlohmann::json::object();
    for (size_t j = 0; j < names.size(); ++j) fields[names[j]] = row.fields[j];
    records.emplace_back(std::move(fields),
                         fmt::format("{}: line {}", path, row.line));
  }
  return records;
}

}  // namespace llamba
