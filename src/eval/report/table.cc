#include "eval/report/table.h"

#include <algorithm>

#include "base/error.h"
#include "eval/text.h"

namespace llamba {
namespace {

size_t Width(const std::string& text) {
  return static_cast<size_t>(CountCharacters(text));
}

std::string Padded(const std::string& text, size_t width, bool left) {
  const std::string blanks(width - std::min(width, Width(text)), ' ');
  return left ? text + blanks : blanks + text;
}

}  // namespace

Table::Table(std::vector<std::string> names, size_t n_left)
    : names_(std::move(names)), n_left_(n_left) {}

void Table::Add(std::vector<std::string> cells) {
  LLAMBA_ASSERT(cells.size() == names_.size());
  rows_.push_back(std::move(cells));
}

std::vector<bool> Table::Used() const {
  std::vector<bool> used(names_.size(), false);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      used[i] = used[i] || !row[i].empty();
    }
  }
  return used;
}

std::string Table::ToText() const {
  const std::vector<bool> used = Used();
  std::vector<size_t> widths;
  for (const std::string& name : names_) widths.push_back(Width(name));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], Width(row[i]));
    }
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (!used[i]) continue;
      if (!text.empty()) text += "  ";
      text += Padded(cells[i], widths[i], i < n_left_);
    }
    out += std::string(StripRight(text)) + "\n";
  };
  line(names_);
  for (const auto& row : rows_) line(row);
  return out;
}

std::string Table::ToMarkdown() const {
  const std::vector<bool> used = Used();
  std::string head = "|", rule = "|", body;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!used[i]) continue;
    head += " " + names_[i] + " |";
    rule += i < n_left_ ? "---|" : "---:|";
  }
  for (const auto& row : rows_) {
    body += "|";
    for (size_t i = 0; i < row.size(); ++i) {
      if (used[i]) body += " " + ReplaceAll(row[i], "|", "\\|") + " |";
    }
    body += "\n";
  }
  return head + "\n" + rule + "\n" + body;
}

}  // namespace llamba
