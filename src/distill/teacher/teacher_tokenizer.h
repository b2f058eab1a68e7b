#ifndef LLAMBA_DISTILL_TEACHER_TEACHER_TOKENIZER_H_
#define LLAMBA_DISTILL_TEACHER_TEACHER_TOKENIZER_H_

#include <string>

#include "model/config.h"
#include "tokenizer/tokenizer.h"

namespace llamba::distill {

// The tokenizer in or beside the teacher at `path`, whose config is `teacher`.
// Throws Error where it has more tokens than the teacher has embeddings.
Tokenizer LoadTeacherTokenizer(const std::string& path,
                               const ModelConfig& teacher);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TEACHER_TEACHER_TOKENIZER_H_
