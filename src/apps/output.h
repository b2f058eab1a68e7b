#ifndef LLAMBA_APPS_OUTPUT_H_
#define LLAMBA_APPS_OUTPUT_H_

#include <string>
#include <string_view>

#include "generate/generator.h"

namespace llamba {

// Text to standard output, seen at once.
void PrintText(std::string_view text);

// Ends a line of text that standard output left open, where standard error goes
// to the same place: what is said there then starts a line of its own.
void EndLineForNotes();

// A note for the person, to standard error; dim on a terminal with colours.
void PrintNote(std::string_view text);

// "12 tokens read (350/s), 80 written (120/s); stopped by: end of text".
std::string DescribeResult(const GenerateResult& result);

// Shows on a terminal how much of a long prompt has been read; nothing else
// where standard error is no terminal, or the prompt is short. For
// GenerateOptions::prefill_progress.
void ShowPrefillProgress(int64_t done, int64_t total);

}  // namespace llamba

#endif  // LLAMBA_APPS_OUTPUT_H_
