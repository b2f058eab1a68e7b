#ifndef LLAMBA_BASE_LOG_H_
#define LLAMBA_BASE_LOG_H_

#include <spdlog/spdlog.h>

namespace llamba {

// Sends spdlog's default logger to standard error ("warning: ..."), in colour
// only on a terminal and without NO_COLOR, above a status line
// (status_line.h). Programs call it once, first thing;
// libraries just use spdlog::info, ::warn, ::debug.
void InitLogging(spdlog::level::level_enum level);

// True where `fd` is a terminal and NO_COLOR is unset or empty.
bool UseColor(int fd);

}  // namespace llamba

#endif  // LLAMBA_BASE_LOG_H_
