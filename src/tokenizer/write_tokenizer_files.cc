#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/json_writer.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_readers.h"

namespace llamba {
namespace {

std::string ByteLevelStep(bool use_regex) {
  return fmt::format(R"({{"type": "ByteLevel", "add_prefix_space": false, )"
                     R"("trim_offsets": true, "use_regex": {}}})",
                     use_regex);
}

std::string PreTokenizerJson(PreTokenizer pre) {
  std::string first;
  switch (pre) {
    case PreTokenizer::kGpt2:
      return ByteLevelStep(true);
    case PreTokenizer::kLlama3:
      first = fmt::format(R"({{"type": "Split", "pattern": {{"Regex": {}}}, )"
                          R"("behavior": "Isolated", "invert": false}})",
                          JsonQuoted(kLlama3Pattern));
      break;
    case PreTokenizer::kSmolLm:
      first = R"({"type": "Digits", "individual_digits": true})";
      break;
  }
  return fmt::format(R"({{"type": "Sequence", "pretokenizers": [{}, {}]}})",
                     first, ByteLevelStep(pre == PreTokenizer::kSmolLm));
}

// A template that puts bos in front, as Llama-3's.
std::string PostProcessorJson(const Tokenizer& tokenizer) {
  if (!tokenizer.adds_bos() || !tokenizer.bos_id()) return "null";
  const std::string name = JsonQuoted(tokenizer.bos_token());
  const auto special = [&](int type) {
    return fmt::format(R"({{"SpecialToken": {{"id": {}, "type_id": {}}}}})",
                       name, type);
  };
  const auto sequence = [](std::string_view id, int type) {
    return fmt::format(R"({{"Sequence": {{"id": "{}", "type_id": {}}}}})", id,
                       type);
  };
  return fmt::format(
      R"({{"type": "TemplateProcessing", "single": [{}, {}], )"
      R"("pair": [{}, {}, {}, {}], )"
      R"("special_tokens": {{{}: {{"id": {}, "ids": [{}], "tokens": [{}]}}}}}})",
      special(0), sequence("A", 0), special(0), sequence("A", 0), special(1),
      sequence("B", 1), name, name, *tokenizer.bos_id(), name);
}

bool IsAdded(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUserDefined;
}

std::string AddedTokensJson(const Vocabulary& vocabulary) {
  JsonList list;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    if (!IsAdded(vocabulary.type(id))) continue;
    list.Add(
        fmt::format(R"({{"id": {}, "content": {}, "single_word": false, )"
                    R"("lstrip": false, "rstrip": false, "normalized": false, )"
                    R"("special": {}}})",
                    id, JsonQuoted(vocabulary.bytes(id)),
                    vocabulary.type(id) == TokenType::kControl));
  }
  return list.Array();
}

std::string TokenSpelling(const Vocabulary& vocabulary, int32_t id) {
  const std::string_view bytes = vocabulary.bytes(id);
  if (bytes.empty()) return fmt::format("[PAD{}]", id);
  return vocabulary.type(id) == TokenType::kNormal ? BytesToAlphabet(bytes)
                                                   : std::string(bytes);
}

// All tokens stand here, the added ones too: `tokenizers` keeps the id of one
// that it finds, and counts on from the end for one that it does not.
std::string VocabJson(const Vocabulary& vocabulary) {
  JsonList list;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    list.Add(
        fmt::format("{}: {}", JsonQuoted(TokenSpelling(vocabulary, id)), id));
  }
  return list.Object();
}

std::string MergesJson(const Tokenizer& tokenizer) {
  const Vocabulary& vocabulary = tokenizer.spec().vocabulary;
  JsonList list;
  for (const Merge& merge : tokenizer.merges().Sorted()) {
    list.Add(fmt::format(
        "[{}, {}]", JsonQuoted(BytesToAlphabet(vocabulary.bytes(merge.left))),
        JsonQuoted(BytesToAlphabet(vocabulary.bytes(merge.right)))));
  }
  return list.Array();
}

std::string TokenizerJson(const Tokenizer& tokenizer) {
  const TokenizerSpec& spec = tokenizer.spec();
  const auto& unknown = spec.byte_level.unknown;
  JsonList model;
  model.Add(R"("type": "BPE", "dropout": null)");
  model.Add(fmt::format(
      R"("unk_token": {})",
      unknown ? JsonQuoted(TokenSpelling(spec.vocabulary, *unknown)) : "null"));
  model.Add(R"("continuing_subword_prefix": null, "end_of_word_suffix": null)");
  model.Add(fmt::format(R"("fuse_unk": {}, "byte_fallback": false)",
                        spec.byte_level.fuse_unknown));
  model.Add(
      fmt::format(R"("ignore_merges": {})", spec.byte_level.ignore_merges));
  model.Add(R"("vocab": )" + VocabJson(spec.vocabulary));
  model.Add(R"("merges": )" + MergesJson(tokenizer));

  JsonList root;
  root.Add(R"("version": "1.0", "truncation": null, "padding": null)");
  root.Add(R"("added_tokens": )" + AddedTokensJson(spec.vocabulary));
  root.Add(R"("normalizer": null)");
  root.Add(R"("pre_tokenizer": )" + PreTokenizerJson(spec.byte_level.pre));
  root.Add(R"("post_processor": )" + PostProcessorJson(tokenizer));
  root.Add(R"("decoder": )" + ByteLevelStep(true));
  root.Add(R"("model": )" + model.Object());
  return root.Object();
}

std::string TemplatesJson(const std::map<std::string, std::string>& templates) {
  if (templates.size() == 1 && templates.begin()->first == "default") {
    return JsonQuoted(templates.begin()->second);
  }
  JsonList list;
  for (const auto& [name, text] : templates) {
    list.Add(fmt::format(R"({{"name": {}, "template": {}}})", JsonQuoted(name),
                         JsonQuoted(text)));
  }
  return list.Array();
}

std::string TokenizerConfigJson(const Tokenizer& tokenizer) {
  const TokenizerSpec& spec = tokenizer.spec();
  const bool sentence_piece = spec.family == TokenizerFamily::kSentencePiece;
  JsonList list;
  list.Add(fmt::format(
      R"("tokenizer_class": "{}")",
      sentence_piece ? "LlamaTokenizer" : "PreTrainedTokenizerFast"));
  list.Add(fmt::format(R"("add_bos_token": {})", spec.add_bos));
  if (sentence_piece) list.Add(R"("legacy": true)");
  list.Add(R"("clean_up_tokenization_spaces": false)");
  if (spec.bos) {
    list.Add(R"("bos_token": )" + JsonQuoted(tokenizer.bos_token()));
  }
  if (spec.eos) {
    list.Add(R"("eos_token": )" + JsonQuoted(tokenizer.eos_token()));
  }
  if (!spec.chat_templates.empty()) {
    list.Add(R"("chat_template": )" + TemplatesJson(spec.chat_templates));
  }
  return list.Object();
}

std::string GenerationConfigJson(const Tokenizer& tokenizer) {
  JsonList list;
  if (tokenizer.bos_id()) {
    list.Add(fmt::format(R"("bos_token_id": {})", *tokenizer.bos_id()));
  }
  if (!tokenizer.end_tokens().empty()) {
    list.Add(fmt::format(R"("eos_token_id": [{}])",
                         fmt::join(tokenizer.end_tokens(), ", ")));
  }
  return list.Object();
}

}  // namespace

void WriteTokenizerFiles(const Tokenizer& tokenizer, const std::string& dir) {
  const std::filesystem::path root(dir);
  const auto write = [&](const char* name, const std::string& text) {
    WriteFileAtomically((root / name).string(), text);
  };
  if (tokenizer.spec().family == TokenizerFamily::kSentencePiece) {
    write("tokenizer.model", WriteSentencePieceModel(tokenizer.spec()));
  } else {
    write("tokenizer.json", TokenizerJson(tokenizer));
  }
  write("tokenizer_config.json", TokenizerConfigJson(tokenizer));
  write("generation_config.json", GenerationConfigJson(tokenizer));
}

void RefuseOtherTokenizerFiles(const Tokenizer& tokenizer,
                               const std::string& dir) {
  std::vector<const char*> others = {"chat_template.jinja",
                                     "additional_chat_templates",
                                     "special_tokens_map.json"};
  if (tokenizer.spec().family == TokenizerFamily::kSentencePiece) {
    others.push_back("tokenizer.json");
  }
  for (const char* name : others) {
    const std::filesystem::path path = std::filesystem::path(dir) / name;
    if (!std::filesystem::exists(path)) continue;
    Fail(
        "{}: is there already and would be read with the new tokenizer: remove "
        "it, or give another folder",
        path.string());
  }
}

}  // namespace llamba
