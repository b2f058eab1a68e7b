#ifndef LLAMBA_GENERATE_LOADED_MODEL_H_
#define LLAMBA_GENERATE_LOADED_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint.h"
#include "runtime/model.h"
#include "tokenizer/tokenizer.h"

namespace llamba {

// The tokenizer that belongs to a model at `model_path` (inside the GGUF file,
// or beside the weights), or the one at `tokenizer_path` where that is not
// empty. Throws Error that says where it was looked for and what to do.
Tokenizer FindTokenizer(const std::string& model_path,
                        const std::string& tokenizer_path);
Tokenizer FindTokenizer(const Checkpoint& checkpoint,
                        const std::string& tokenizer_path);

struct LoadedModelOptions {
  std::string tokenizer;      // path; empty: the model's own
  std::string chat_template;  // path of a Jinja file; empty: the tokenizer's
  LoadOptions load;
};

// A model with its tokenizer and chat template: all that turns text into text.
// Immutable; shared by any number of threads.
class LoadedModel {
 public:
  // Throws Error naming what is missing, or what does not fit together.
  static std::shared_ptr<const LoadedModel> Open(
      const std::string& path, const LoadedModelOptions& options = {});

  const std::string& path() const { return path_; }
  const std::shared_ptr<const Model>& model() const { return model_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  // Tokens that may be sampled: [0, n_valid); padding is not among them.
  int64_t n_valid() const { return n_valid_; }
  // Where attention bounds the context: its tokens; else the largest number.
  int64_t max_tokens() const;

  // Jinja; throws Error that says what to do where the model has none.
  const std::string& chat_template() const;
  // Where it stands, for errors in it: a file, or "MODEL: chat template".
  const std::string& chat_template_source() const {
    return chat_template_source_;
  }
  bool has_chat_template() const { return !chat_template_.empty(); }

  // The ids of a text that starts here: the begin token first, where the model
  // wants it, or has one and the text is empty. Throws Error for an empty text
  // without one, and for invalid UTF-8.
  std::vector<int32_t> EncodePrompt(std::string_view text) const;
  // The ids of a text that goes on after others: no begin token, and no space
  // of SentencePiece's in front. `parse_special`: names of special tokens
  // count.
  std::vector<int32_t> EncodeMore(std::string_view text,
                                  bool parse_special) const;
  // The ids of a rendered chat (see message.h) from its start, or of more of
  // it: special tokens count, but in what users wrote. No begin token is put
  // before it where the template wrote one.
  std::vector<int32_t> EncodeRendered(std::string_view text) const;
  std::vector<int32_t> EncodeMoreRendered(std::string_view text) const;

  // A user's text for a template: around every special token's name in it
  // stands kMark, so that it stays text.
  std::string MarkSpecial(std::string_view text) const;
  // U+FDD0, which is no character.
  static constexpr std::string_view kMark = "\xEF\xB7\x90";

 private:
  LoadedModel(std::string path, const Checkpoint& checkpoint,
              const LoadedModelOptions& options);

  std::string path_;
  std::shared_ptr<const Model> model_;
  Tokenizer tokenizer_;
  std::string chat_template_, chat_template_source_;
  int64_t n_valid_;
  std::vector<std::string> special_names_;  // longest first
};

// The ids of the tokens whose text holds one of the strings (DRY's breakers); a
// string that no single token holds gives the last token of its encoding.
std::vector<int32_t> TokensHolding(const Tokenizer& tokenizer,
                                   const std::vector<std::string>& strings);

}  // namespace llamba

#endif  // LLAMBA_GENERATE_LOADED_MODEL_H_
