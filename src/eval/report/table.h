#ifndef LLAMBA_EVAL_REPORT_TABLE_H_
#define LLAMBA_EVAL_REPORT_TABLE_H_

#include <string>
#include <vector>

namespace llamba {

// Rows of cells under names of columns.
class Table {
 public:
  // Columns are aligned to the right, but the first `n_left`.
  Table(std::vector<std::string> names, size_t n_left);

  // As many cells as columns.
  void Add(std::vector<std::string> cells);
  // Without the columns that are empty in every row.
  std::string ToText() const;
  std::string ToMarkdown() const;

 private:
  std::vector<bool> Used() const;

  std::vector<std::string> names_;
  size_t n_left_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace llamba

#endif  // LLAMBA_EVAL_REPORT_TABLE_H_
