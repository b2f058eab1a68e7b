#ifndef LLAMBA_TEMPLATE_NESTING_H_
#define LLAMBA_TEMPLATE_NESTING_H_

#include "template/parser.h"

namespace llamba::jinja {

// Counts one level of the parser's recursion for as long as it lives.
class Parser::Nesting {
 public:
  explicit Nesting(Parser* parser) : parser_(parser) {
    constexpr int kMaxNesting = 200;
    if (++parser_->nesting_ > kMaxNesting) {
      --parser_->nesting_;
      parser_->FailHere(fmt::format(
          "constructs are nested deeper than the limit of {} levels",
          kMaxNesting));
    }
  }
  ~Nesting() { --parser_->nesting_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  Parser* parser_;
};

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_NESTING_H_
