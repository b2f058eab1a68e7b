#include "apps/line_reader.h"

#include <histedit.h>
#include <langinfo.h>
#include <signal.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string_view>

#include "base/log.h"

namespace llamba {
namespace {

// The state of the prompt, where libedit's callbacks find it.
struct Prompt {
  std::string first, more;
  bool continued = false;
  bool interrupted = false;
};

Prompt* PromptOf(EditLine* editor) {
  void* data = nullptr;
  el_get(editor, EL_CLIENTDATA, &data);
  return static_cast<Prompt*>(data);
}

char* ShowPrompt(EditLine* editor) {
  Prompt* prompt = PromptOf(editor);
  return (prompt->continued ? prompt->more : prompt->first).data();
}

// Ctrl-C is a key here, not a signal: it ends the line, which is then dropped.
unsigned char OnInterrupt(EditLine* editor, int) {
  PromptOf(editor)->interrupted = true;
  return CC_NEWLINE;
}

// libedit's own handler gives the terminal back first (EL_SIGNAL).
unsigned char OnSuspend(EditLine*, int) {
  raise(SIGTSTP);
  return CC_REDISPLAY;
}

// Completes the path behind a command. In a message a Tab is a letter like
// others: who pastes an indented text wants no names of files in it.
unsigned char OnTab(EditLine* editor, int key) {
  const LineInfo* info = el_line(editor);
  const std::string_view before(
      info->buffer, static_cast<size_t>(info->cursor - info->buffer));
  const size_t begin = before.find_first_not_of(' ');
  if (begin == std::string_view::npos || before[begin] != '/') {
    return el_insertstr(editor, "\t") == 0 ? CC_REFRESH : CC_ERROR;
  }
  const bool is_behind = before.find(' ', begin) != std::string_view::npos;
  return is_behind ? _el_fn_complete(editor, key) : CC_ERROR;
}

// libedit reads bytes through the locale; without a UTF-8 one, every letter
// outside ASCII would be lost.
void UseUtf8Locale() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }
}

}  // namespace

struct LineReader::Editor {
  explicit Editor(const std::string& text);
  ~Editor();

  Prompt prompt;
  std::string history_path;
  EditLine* line = nullptr;
  History* history = nullptr;
  HistEvent event = {};
};

LineReader::Editor::Editor(const std::string& text)
    : history_path(HistoryPath()) {
  // The character that libedit takes as the border of an escape sequence.
  constexpr char kEscape = '\1';
  const std::string bold = "\1\x1b[1m\1", plain = "\1\x1b[0m\1";
  const bool color = UseColor(STDOUT_FILENO);
  prompt.first = color ? bold + text + plain : text;
  prompt.more = std::string(text.size(), '.');
  prompt.more.back() = ' ';
  UseUtf8Locale();
  line = el_init("llamba", stdin, stdout, stderr);
  history = history_init();
  ::history(history, &event, H_SETSIZE, 1000);
  ::history(history, &event, H_SETUNIQUE, 1);
  if (!history_path.empty()) {
    ::history(history, &event, H_LOAD, history_path.c_str());
  }
  el_set(line, EL_CLIENTDATA, &prompt);
  el_set(line, EL_PROMPT_ESC, &ShowPrompt, kEscape);
  el_set(line, EL_EDITOR, "emacs");
  el_set(line, EL_HIST, &::history, history);
  el_set(line, EL_SIGNAL, 1);
  // The keys that would be signals reach the functions bound to them.
  el_set(line, EL_SETTY, "-d", "-isig", nullptr);
  el_set(line, EL_ADDFN, "interrupt", "Give up this line", &OnInterrupt);
  el_set(line, EL_BIND, "^C", "interrupt", nullptr);
  el_set(line, EL_ADDFN, "suspend", "Stop the program for now", &OnSuspend);
  el_set(line, EL_BIND, "^Z", "suspend", nullptr);
  el_set(line, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_set(line, EL_ADDFN, "complete", "Complete a path", &OnTab);
  el_set(line, EL_BIND, "^I", "complete", nullptr);
}

LineReader::Editor::~Editor() {
  if (!history_path.empty()) {
    std::error_code error;
    std::filesystem::create_directories(
        std::filesystem::path(history_path).parent_path(), error);
    if (::history(history, &event, H_SAVE, history_path.c_str()) < 0) {
      spdlog::warn("cannot write the history {}", history_path);
    }
  }
  history_end(history);
  el_end(line);
}

LineReader::LineReader(const std::string& prompt) {
  if (isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0) {
    editor_ = std::make_unique<Editor>(prompt);
  }
}

LineReader::~LineReader() = default;

LineReader::Status LineReader::ReadPart(bool continued, std::string* part) {
  if (editor_ == nullptr) {
    if (!std::getline(std::cin, *part)) return Status::kEnd;
    if (part->ends_with('\r')) part->pop_back();  // of a file from elsewhere
    return Status::kLine;
  }
  editor_->prompt.continued = continued;
  editor_->prompt.interrupted = false;
  int count = 0;
  const char* text = el_gets(editor_->line, &count);
  if (editor_->prompt.interrupted) {
    std::cout << std::endl;
    return Status::kInterrupted;
  }
  if (text == nullptr || count <= 0) {
    std::cout << std::endl;
    return Status::kEnd;
  }
  part->assign(text, static_cast<size_t>(count));
  while (part->ends_with('\n') || part->ends_with('\r')) part->pop_back();
  return Status::kLine;
}

LineReader::Status LineReader::Read(std::string* line) {
  line->clear();
  std::string part;
  bool continued = false;
  while (true) {
    const Status status = ReadPart(continued, &part);
    if (status == Status::kInterrupted) return status;
    if (status == Status::kEnd) return continued ? Status::kLine : status;
    *line += part;
    if (!line->ends_with('\\')) break;
    line->back() = '\n';
    continued = true;
  }
  if (editor_ != nullptr && !line->empty()) {
    history(editor_->history, &editor_->event, H_ENTER, line->c_str());
  }
  return Status::kLine;
}

std::string HistoryPath() {
  const char* state = std::getenv("XDG_STATE_HOME");
  std::filesystem::path folder;
  // The specification: a relative path is to be ignored.
  if (state != nullptr && *state == '/') {
    folder = state;
  } else if (const char* home = std::getenv("HOME");
             home != nullptr && *home != '\0') {
    folder = std::filesystem::path(home) / ".local/state";
  } else {
    return "";
  }
  return (folder / "llamba" / "history").string();
}

}  // namespace llamba
