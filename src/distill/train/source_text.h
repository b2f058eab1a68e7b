#ifndef LLAMBA_DISTILL_TRAIN_SOURCE_TEXT_H_
#define LLAMBA_DISTILL_TRAIN_SOURCE_TEXT_H_

#include <string>

#include "distill/train/recipe.h"

namespace llamba::distill {

// "TOKENS" or "TOKENSxCOPIES" as `source`'s document_tokens and copies. Throws
// Error, which begins with `where` and `form`, that of the whole text.
void ParseCut(const std::string& text, const std::string& where,
              const std::string& form, SourceRecipe* source);

// A held-out set: "PATH", "PATH:TOKENS" or "PATH:TOKENSxCOPIES". Behind a colon
// that belongs to the path stands more than digits and x. Throws Error, which
// begins with `where`.
SourceRecipe ParseHeldOut(const std::string& text, const std::string& where);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_SOURCE_TEXT_H_
