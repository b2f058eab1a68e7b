#include "eval/data_files.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"
#include "eval/table_file.h"
#include "eval/text.h"

namespace llamba {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Without the line ends, "\r\n" included; an end after the last line makes no
// further one.
std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    size_t length = end - at;
    if (length > 0 && text[end - 1] == '\r') --length;
    lines.push_back(text.substr(at, length));
    at = end + 1;
  }
  return lines;
}

std::vector<Record> ReadJsonLines(const std::string& path) {
  std::vector<Record> records;
  size_t number = 0;
  for (const std::string& line : Lines(ReadDataFile(path))) {
    ++number;
    if (Strip(line).empty()) continue;
    const std::string where = fmt::format("{}: line {}", path, number);
    Json fields = Json::parse(line, LimitJsonDepth(where), false);
    if (fields.is_discarded()) Fail("{}: expected a JSON object", where);
    records.emplace_back(std::move(fields), where);
  }
  return records;
}

void AddLabels(const std::string& path, std::vector<Record>* records) {
  const std::vector<std::string> labels = Lines(ReadFile(path));
  if (labels.size() != records->size()) {
    Fail("{}: expected {} labels, one an item, found {}", path, records->size(),
         labels.size());
  }
  for (size_t i = 0; i < labels.size(); ++i) {
    (*records)[i].Set("label", labels[i]);
  }
}

// What the '*' of the pattern stands for in the path.
std::string StarOf(const std::string& pattern, const std::string& path) {
  const size_t star = pattern.find('*');
  if (star == std::string::npos) return "";
  return path.substr(star, path.size() + 1 - pattern.size());
}

std::vector<Record> ReadPattern(const std::string& pattern, const Task& task) {
  std::vector<Record> records;
  for (const std::string& path : MatchFiles(pattern)) {
    for (Record& record : ReadRecords(path, task.columns)) {
      const std::string star = StarOf(pattern, path);
      if (!star.empty()) record.Set("file", star);
      records.push_back(std::move(record));
    }
  }
  return records;
}

}  // namespace

std::vector<std::string> MatchFiles(const std::string& pattern) {
  const size_t star = pattern.find('*');
  if (star == std::string::npos) {
    return FileExists(pattern) ? std::vector<std::string>{pattern}
                               : std::vector<std::string>{};
  }
  const std::string head = pattern.substr(0, star);
  const std::string tail = pattern.substr(star + 1);
  std::vector<std::string> paths;
  std::error_code ignored;
  for (const auto& entry :
       fs::directory_iterator(fs::path(pattern).parent_path(), ignored)) {
    const std::string path = entry.path().string();
    if (path.size() > head.size() + tail.size() && path.starts_with(head) &&
        path.ends_with(tail)) {
      paths.push_back(path);
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<Record> ReadRecords(const std::string& path,
                                const std::vector<std::string>& columns) {
  std::vector<Record> records =
      path.ends_with(".jsonl") ? ReadJsonLines(path) : ReadTable(path, columns);
  if (records.empty()) Fail("{}: expected items, found none", path);
  return records;
}

std::vector<Record> ReadItems(const Task& task, const std::string& directory) {
  const fs::path root = directory;
  if (!IsDirectory(directory)) Fail("{}: no such directory", directory);
  for (size_t i = 0; i < task.files.size(); ++i) {
    std::vector<Record> records =
        ReadPattern((root / task.files[i]).string(), task);
    if (records.empty()) continue;
    if (i < task.label_files.size() && !records.front().Has("label")) {
      AddLabels((root / task.label_files[i]).string(), &records);
    }
    return records;
  }
  Fail("task {}: no data in {}: expected one of {}", task.name, directory,
       fmt::join(task.files, ", "));
}

std::vector<Record> ReadExamples(const Task& task,
                                 const std::string& directory) {
  for (const std::string& file : task.example_files) {
    std::vector<Record> records =
        ReadPattern((fs::path(directory) / file).string(), task);
    if (!records.empty()) return records;
  }
  return {};
}

}  // namespace llamba
