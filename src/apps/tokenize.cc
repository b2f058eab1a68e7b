#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/flags.h"
#include "apps/id_list.h"
#include "apps/output.h"
#include "base/error.h"

namespace llamba {
namespace {

struct TokenizeFlags {
  std::string path;
  std::string tokenizer;
  TextFlags text;
  bool special = false, no_bos = false;
  bool ids = false, json = false, decode = false;
};

std::vector<int32_t> ReadIds(const std::string& text,
                             const Tokenizer& tokenizer) {
  const std::vector<int32_t> ids = ParseIdList(text, "--decode");
  for (int32_t id : ids) {
    if (id >= tokenizer.vocab_size()) {
      Fail("--decode: expected token ids from 0 to {}, found {}",
           tokenizer.vocab_size() - 1, id);
    }
  }
  return ids;
}

// Pieces that are no UTF-8 by themselves appear with U+FFFD.
std::string ToJson(const Tokenizer& tokenizer,
                   const std::vector<int32_t>& ids) {
  nlohmann::ordered_json json;
  json["ids"] = ids;
  json["pieces"] = nlohmann::json::array();
  for (int32_t id : ids) {
    json["pieces"].push_back(std::string(tokenizer.TokenBytes(id)));
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

void Tokenize(const TokenizeFlags& flags) {
  const Tokenizer tokenizer = FindTokenizer(flags.path, flags.tokenizer);
  const std::string text = ReadText(flags.text, false);
  if (flags.decode) {
    const auto ids = ReadIds(text, tokenizer);
    // Bytes as they are: what was encoded comes back.
    PrintText(tokenizer.Decode(ids, !flags.special));
    return;
  }
  const auto ids =
      tokenizer.Encode(text, {.add_bos = tokenizer.adds_bos() && !flags.no_bos,
                              .parse_special = flags.special});
  if (flags.json) {
    PrintText(ToJson(tokenizer, ids));
  } else if (flags.ids) {
    PrintText(fmt::format("{}\n", fmt::join(ids, " ")));
  } else {
    PrintText(FormatTokens(tokenizer, ids));
  }
}

}  // namespace

void AddTokenizeCommand(CLI::App& program) {
  auto flags = std::make_shared<TokenizeFlags>();
  CLI::App* tokenize = program.add_subcommand(
      "tokenize", "Show a text's tokens, or the text of tokens");
  tokenize
      ->add_option("PATH", flags->path,
                   "A model, or the directory or file of a tokenizer")
      ->required()
      ->type_name("PATH");
  AddTokenizerFlag(*tokenize, &flags->tokenizer);
  AddTextFlags(*tokenize, flags->text);
  tokenize->add_flag("--special", flags->special,
                     "Names of special tokens in the text are those tokens "
                     "(with --decode: show them)");
  CLI::Option* no_bos =
      tokenize->add_flag("--no-bos", flags->no_bos,
                         "No begin token, even where the model wants one");
  CLI::Option* ids =
      tokenize->add_flag("--ids", flags->ids, "Only ids, on one line");
  CLI::Option* json =
      tokenize->add_flag("--json", flags->json, "Ids and pieces as JSON")
          ->excludes(ids);
  tokenize
      ->add_flag("--decode", flags->decode,
                 "The text is token ids: print what they stand for")
      ->excludes(no_bos, ids, json);
  tokenize->footer(
      "Examples:\n"
      "  llamba tokenize model.gguf -p \"Hello world\"\n"
      "  llamba tokenize model.gguf -f text.txt --ids\n"
      "  llamba tokenize model.gguf --decode -p \"9906 1917\"");
  tokenize->callback([flags] { Tokenize(*flags); });
}

}  // namespace llamba
