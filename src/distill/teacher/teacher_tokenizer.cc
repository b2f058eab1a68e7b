#include "distill/teacher/teacher_tokenizer.h"

#include "base/error.h"

namespace llamba::distill {

Tokenizer LoadTeacherTokenizer(const std::string& path,
                               const ModelConfig& teacher) {
  Tokenizer tokenizer = LoadTokenizer(path);
  if (tokenizer.vocab_size() > teacher.vocab_size) {
    Fail(
        "{}: the tokenizer has {} tokens, the model {} rows of embedding: this "
        "is not its tokenizer",
        path, tokenizer.vocab_size(), teacher.vocab_size);
  }
  return tokenizer;
}

}  // namespace llamba::distill
