#ifndef LLAMBA_APPS_LINE_READER_H_
#define LLAMBA_APPS_LINE_READER_H_

#include <memory>
#include <string>

namespace llamba {

// Lines from a person: on a terminal with editing, paths behind a /command that
// Tab completes and a history file, plain from a pipe. One a process.
class LineReader {
 public:
  enum class Status {
    kLine,
    kInterrupted,  // Ctrl-C: the line is given up
    kEnd,          // Ctrl-D, or the end of the pipe
  };

  // `prompt` appears on a terminal only.
  explicit LineReader(const std::string& prompt);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  bool interactive() const { return editor_ != nullptr; }

  // Without the line break (\n or \r\n). A line that ends in a backslash goes
  // on in the next.
  Status Read(std::string* line);

 private:
  struct Editor;
  Status ReadPart(bool continued, std::string* part);

  std::unique_ptr<Editor> editor_;
};

// $XDG_STATE_HOME/llamba/history, else ~/.local/state/llamba/history; empty
// where neither variable says where.
std::string HistoryPath();

}  // namespace llamba

#endif  // LLAMBA_APPS_LINE_READER_H_
