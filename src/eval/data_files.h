#ifndef LLAMBA_EVAL_DATA_FILES_H_
#define LLAMBA_EVAL_DATA_FILES_H_

#include <string>
#include <vector>

#include "eval/record.h"
#include "eval/task.h"

namespace llamba {

// The files that a path with at most one '*' in its last part stands for,
// sorted; empty for none.
std::vector<std::string> MatchFiles(const std::string& pattern);

// The rows of one file: .jsonl (an object a line), else a table (see
// table_file.h). Throws Error naming file and line, and for a file without any.
std::vector<Record> ReadRecords(const std::string& path,
                                const std::vector<std::string>& columns);

// The items of a task in a directory. Throws Error naming the files that were
// looked for where none is there, and for one without rows.
std::vector<Record> ReadItems(const Task& task, const std::string& directory);

// The examples for few-shot prompts; empty where there is no file of them.
std::vector<Record> ReadExamples(const Task& task,
                                 const std::string& directory);

}  // namespace llamba

#endif  // LLAMBA_EVAL_DATA_FILES_H_
