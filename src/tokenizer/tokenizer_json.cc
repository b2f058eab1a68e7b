#include <algorithm>
#include <vector>

#include "base/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/tokenizer_readers.h"

namespace llamba {
namespace {

using simdjson::dom::element;

struct Entry {
  std::string_view text;
  TokenType type = TokenType::kUnused;
};

// Ids index a table: one far past the number of tokens is a mistake.
size_t CheckedId(const JsonDocument& json, int64_t id, std::string_view text,
                 size_t n_tokens) {
  const int64_t limit = 2 * static_cast<int64_t>(n_tokens) + 1024;
  if (id < 0 || id >= limit) {
    Fail("{}: token \"{}\": expected an id from 0 to {}, found {}",
         json.source(), text, limit - 1, id);
  }
  return static_cast<size_t>(id);
}

void RefuseFlag(const JsonDocument& json, element token, std::string_view name,
                std::string_view flag) {
  if (json.BoolOr(token, flag, false)) {
    Fail("{}: added token \"{}\": {} = true is not known here", json.source(),
         name, flag);
  }
}

class Reader {
 public:
  explicit Reader(const JsonDocument& json) : json_(json) {
    const auto model = json.Find(json.root(), "model");
    if (!model) Fail("{}: expected \"model\", found none", json.source());
    model_ = *model;
  }

  TokenizerSpec Read() {
    CheckModel();
    RefuseNormalizer();
    spec_.source = json_.source();
    spec_.family = TokenizerFamily::kByteLevelBpe;
    spec_.byte_level.pre = RecognizePreTokenizer(json_);
    spec_.byte_level.ignore_merges =
        json_.BoolOr(model_, "ignore_merges", false);
    ReadTokens();
    ReadUnknown();
    ReadMerges();
    ReadPostProcessor();
    return std::move(spec_);
  }

 private:
  void CheckModel() const {
    const std::string_view type = json_.StringOr(model_, "type", "BPE");
    if (type != "BPE") {
      Fail("{}: model.type: expected BPE, found {}", json_.source(), type);
    }
    for (const std::string_view key :
         {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const std::string_view value = json_.StringOr(model_, key, "");
      if (!value.empty()) {
        Fail("{}: model.{}: expected none, found \"{}\"", json_.source(), key,
             value);
      }
    }
    const auto dropout = json_.Find(model_, "dropout");
    double chance = 0;
    if (dropout && (dropout->get(chance) != simdjson::SUCCESS || chance != 0)) {
      Fail("{}: model.dropout: expected none, found {}", json_.source(),
           Excerpt(*dropout));
    }
  }

  void RefuseNormalizer() const {
    const auto normalizer = json_.Find(json_.root(), "normalizer");
    if (!normalizer) return;
    Fail("{}: normalizer {} is not known here; expected none", json_.source(),
         Excerpt(*normalizer));
  }

  void ReadTokens() {
    const auto vocab = json_.Find(model_, "vocab");
    if (!vocab) Fail("{}: expected \"model.vocab\"", json_.source());
    const auto object = json_.Object(*vocab, "model.vocab");
    const auto added = json_.Find(json_.root(), "added_tokens");
    size_t n_tokens = object.size();
    if (added) n_tokens += json_.Array(*added, "added_tokens").size();

    for (const auto& [text, value] : object) {
      const int64_t id = json_.Int(value, text);
      Entry& entry = EntryOf(CheckedId(json_, id, text, n_tokens));
      if (entry.type != TokenType::kUnused) {
        Fail("{}: tokens \"{}\" and \"{}\" have the same id {}", json_.source(),
             entry.text, text, id);
      }
      entry = {text, TokenType::kNormal};
    }
    if (added) {
      for (const element token : json_.Array(*added, "added_tokens")) {
        ReadAddedToken(token, n_tokens);
      }
    }
    FillVocabulary();
  }

  void ReadAddedToken(element token, size_t n_tokens) {
    const auto content = json_.Find(token, "content");
    const auto id = json_.Find(token, "id");
    if (!content || !id) {
      Fail("{}: added token: expected \"id\" and \"content\", found {}",
           json_.source(), Excerpt(token));
    }
    const std::string_view name = json_.String(*content, "content");
    for (const std::string_view flag : {"single_word", "lstrip", "rstrip"}) {
      RefuseFlag(json_, token, name, flag);
    }
    const bool special = json_.BoolOr(token, "special", false);
    EntryOf(CheckedId(json_, json_.Int(*id, "id"), name, n_tokens)) = {
        name, special ? TokenType::kControl : TokenType::kUserDefined};
  }

  Entry& EntryOf(size_t id) {
    if (id >= entries_.size()) entries_.resize(id + 1);
    return entries_[id];
  }

  void FillVocabulary() {
    for (const Entry& entry : entries_) {
      if (entry.type == TokenType::kNormal) {
        spec_.vocabulary.Add(AlphabetToBytes(entry.text), entry.type);
      } else {
        spec_.vocabulary.Add(entry.text, entry.type);
      }
    }
  }

  void ReadUnknown() {
    const std::string_view name = json_.StringOr(model_, "unk_token", "");
    if (name.empty()) return;
    spec_.byte_level.unknown = FindByName(spec_.vocabulary, name);
    if (!spec_.byte_level.unknown) {
      Fail("{}: model.unk_token \"{}\" is not in the vocabulary",
           json_.source(), name);
    }
    spec_.byte_level.fuse_unknown = json_.BoolOr(model_, "fuse_unk", false);
  }

  void ReadMerges() {
    const auto merges = json_.Find(model_, "merges");
    if (!merges) Fail("{}: expected \"model.merges\"", json_.source());
    MergeListReader list("model.merges", &spec_);
    for (const element merge : json_.Array(*merges, "model.merges")) {
      AddMerge(merge, &list);
    }
  }

  // Either "a b" or ["a", "b"].
  void AddMerge(element merge, MergeListReader* list) const {
    if (merge.is_string()) {
      list->Add(json_.String(merge, "model.merges"));
      return;
    }
    const auto pair = json_.Array(merge, "model.merges");
    if (pair.size() != 2) {
      Fail("{}: model.merges: expected two tokens, found {}", json_.source(),
           Excerpt(merge));
    }
    list->Add(json_.String(pair.at(0), "model.merges"),
              json_.String(pair.at(1), "model.merges"));
  }

  void ReadPostProcessor() {
    const auto processor = json_.Find(json_.root(), "post_processor");
    if (processor) ApplyPostProcessor(*processor);
  }

  void ApplyPostProcessor(element processor) {
    const std::string_view type = json_.StringOr(processor, "type", "");
    if (type == "ByteLevel") return;  // moves offsets only
    if (type == "Sequence") {
      const auto steps = json_.Find(processor, "processors");
      if (steps) {
        for (const element step : json_.Array(*steps, "processors")) {
          ApplyPostProcessor(step);
        }
      }
      return;
    }
    if (type != "TemplateProcessing") {
      Fail("{}: post_processor {} is not known here", json_.source(),
           Excerpt(processor));
    }
    ApplyTemplate(processor);
  }

  // "single": at most one special token, then the text.
  void ApplyTemplate(element processor) {
    const auto single = json_.Find(processor, "single");
    size_t n_special = 0;
    bool after_text = false;
    if (single) {
      for (const element part : json_.Array(*single, "single")) {
        const auto special = json_.Find(part, "SpecialToken");
        if (!special) {
          after_text = true;
        } else if (after_text || ++n_special > 1) {
          Fail(
              "{}: post_processor: expected one token before the text at "
              "most, found {}",
              json_.source(), Excerpt(*single));
        } else {
          SetBos(json_.StringOr(*special, "id", ""));
        }
      }
    }
  }

  void SetBos(std::string_view name) {
    spec_.bos = FindByName(spec_.vocabulary, name);
    if (!spec_.bos) {
      Fail("{}: post_processor: \"{}\" is not in the vocabulary",
           json_.source(), name);
    }
    spec_.add_bos = true;
  }

  const JsonDocument& json_;
  element model_;
  std::vector<Entry> entries_;
  TokenizerSpec spec_;
};

}  // namespace

TokenizerSpec ReadTokenizerJson(const JsonDocument& json) {
  return Reader(json).Read();
}

bool IsConvertedSentencePiece(const JsonDocument& json) {
  const auto model = json.Find(json.root(), "model");
  return model && json.BoolOr(*model, "byte_fallback", false);
}

}  // namespace llamba
