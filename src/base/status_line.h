#ifndef LLAMBA_BASE_STATUS_LINE_H_
#define LLAMBA_BASE_STATUS_LINE_H_

#include <functional>
#include <string>

namespace llamba {

// The last line of standard error, a terminal, while it is redrawn in place: a
// bar. What is logged meanwhile stands above it. One a process, for any thread.

// Draws `text`, less than a line, in the place of the one before.
void ShowStatus(const std::string& text);
// Takes it away.
void ClearStatus();
// Leaves it as it stands and ends the line.
void KeepStatus();
// The same for a handler of signals, behind which the program ends: calls
// nothing that one may not, and waits for nobody.
void KeepStatusAtSignal();

// Calls `print`, which writes whole lines to standard error and none of the
// functions here, with the status out of its way.
void PrintAboveStatus(const std::function<void()>& print);

}  // namespace llamba

#endif  // LLAMBA_BASE_STATUS_LINE_H_
