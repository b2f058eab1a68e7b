#include "distill/teacher/teacher_tokenizer.h"

namespace llamba::distill {

Tokenizer LoadTeacherTokenizer(const std::string& path,
                               const ModelConfig& teacher) {
  Tokenizer tokenizer = LoadTokenizer(path);
  CheckTokenizerFits(tokenizer.vocab_size(), teacher.vocab_size, path);
  return tokenizer;
}

}  // namespace llamba::distill
