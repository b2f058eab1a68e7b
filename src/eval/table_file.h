#ifndef LLAMBA_EVAL_TABLE_FILE_H_
#define LLAMBA_EVAL_TABLE_FILE_H_

#include <string>
#include <vector>

#include "eval/record.h"

namespace llamba {

// A file of data, without the mark of byte order that some begin with (GLUE's
// MRPC).
std::string ReadDataFile(const std::string& path);

// The rows of a table in a file. ".csv": commas, fields may stand in quotes
// with commas, line ends and doubled quotes in them; else tabs, and quotes are
// text (GLUE's files have lone ones). `columns` names the columns; a first row
// that only says so again (a word for a number in the column "answer" or
// "label", or the very names) is no item. Without `columns` the first row names
// them. Throws Error naming file and line for a row of another length.
std::vector<Record> ReadTable(const std::string& path,
                              const std::vector<std::string>& columns);

}  // namespace llamba

#endif  // LLAMBA_EVAL_TABLE_FILE_H_
