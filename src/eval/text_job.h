#ifndef LLAMBA_EVAL_TEXT_JOB_H_
#define LLAMBA_EVAL_TEXT_JOB_H_

#include <string>

#include "eval/job.h"

namespace llamba {

// How a long text is cut; every token is scored once in both.
enum class TextWindows {
  // Windows of 1,024 tokens (or of max_length, where that is less) that do not
  // overlap: the prefix token and 1,023 tokens of the text.
  kOwn,
  // lm-evaluation-harness': the prefix token stands before the first alone;
  // later windows of max_length tokens see one token before them, the last is
  // filled up to the left.
  kHarness,
};

// The text of a file; "<|end_of_text|>" between documents is an empty line.
// Throws Error for a file that is absent or empty.
std::string ReadTextFile(const std::string& path);

// The file's name without folders and extension.
std::string TextName(const std::string& path);

std::vector<ScoreRequest> CutText(const std::string& text,
                                  const RequestEncoder& encoder,
                                  TextWindows windows);

// Perplexity by token, word and byte, and bits a byte.
Job MakeTextJob(const std::string& path, TextWindows windows);

}  // namespace llamba

#endif  // LLAMBA_EVAL_TEXT_JOB_H_
