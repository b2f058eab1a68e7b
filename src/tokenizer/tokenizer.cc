#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "tokenizer/piece_matcher.h"
#include "tokenizer/tokenizer_readers.h"

namespace llamba {
namespace {

bool IsSpecialType(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUnknown;
}

void CheckId(const TokenizerSpec& spec, std::string_view what,
             std::optional<int32_t> id) {
  if (id.has_value() && !spec.vocabulary.Contains(*id)) {
    Fail("{}: {} is {}, expected an id below {}", spec.source, what, *id,
         spec.vocabulary.size());
  }
}

}  // namespace

struct Tokenizer::Tables {
  explicit Tables(TokenizerSpec s)
      : spec(std::move(s)),
        merges(spec.merges),
        pieces(
            IndexPieces(spec.vocabulary, IndexedTypes::kNormalAndUserDefined)) {
    spec.merges = {};
    if (spec.vocabulary.size() == 0) {
      Fail("{}: expected tokens, found none", spec.source);
    }
    IndexSpecials();
    AddEndTokens();
    encoder =
        spec.family == TokenizerFamily::kByteLevelBpe
            ? NewByteLevelEncoder(spec.vocabulary, merges, spec.byte_level)
            : NewSentencePieceEncoder(spec.vocabulary, spec.add_space_prefix,
                                      spec.source);
  }

  void IndexSpecials() {
    // SentencePiece finds its user-defined pieces itself.
    const bool find_user_defined =
        spec.family == TokenizerFamily::kByteLevelBpe;
    for (int32_t id = 0; id < spec.vocabulary.size(); ++id) {
      const TokenType type = spec.vocabulary.type(id);
      const std::string_view name = spec.vocabulary.bytes(id);
      if (type == TokenType::kUserDefined && find_user_defined) {
        added.Add(name, id);
        added_and_special.Add(name, id);
      } else if (type == TokenType::kControl) {
        added_and_special.Add(name, id);
      }
      if (IsSpecialType(type)) specials.emplace(name, id);
    }
    added.Finish();
    added_and_special.Finish();
  }

  void AddEndTokens() {
    CheckId(spec, "the begin-of-text token", spec.bos);
    CheckId(spec, "the end-of-text token", spec.eos);
    std::vector<int32_t>& ends = spec.end_tokens;
    if (spec.eos.has_value()) ends.push_back(*spec.eos);
    for (const auto& [name, id] : specials) {
      if (IsEndTokenName(name)) ends.push_back(id);
    }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    for (const int32_t id : ends) CheckId(spec, "an end token", id);
    CheckId(spec, "the unknown token", spec.byte_level.unknown);
  }

  TokenizerSpec spec;
  MergeTable merges;
  PieceIndex pieces;
  std::unordered_map<std::string_view, int32_t> specials;
  PieceMatcher added;
  PieceMatcher added_and_special;
  std::unique_ptr<TextEncoder> encoder;
};

Tokenizer::Tokenizer(TokenizerSpec spec)
    : tables_(std::make_shared<const Tables>(std::move(spec))) {}

std::vector<int32_t> Tokenizer::Encode(std::string_view text,
                                       const EncodeOptions& options) const {
  std::vector<int32_t> ids;
  if (options.add_bos && bos_id().has_value()) ids.push_back(*bos_id());
  const PieceMatcher& matcher =
      options.parse_special ? tables_->added_and_special : tables_->added;
  size_t at = 0;
  while (at < text.size()) {
    const PieceMatcher::Match match = matcher.Find(text, at);
    const size_t end = match.length != 0 ? match.at : text.size();
    if (end != at) tables_->encoder->Encode(text.substr(at, end - at), &ids);
    if (match.length != 0) ids.push_back(match.id);
    at = end + match.length;
  }
  return ids;
}

std::string_view Tokenizer::TokenBytes(int32_t id) const {
  const Vocabulary& vocabulary = tables_->spec.vocabulary;
  if (!vocabulary.Contains(id)) return {};
  return vocabulary.bytes(id);
}

std::string Tokenizer::Decode(std::span<const int32_t> ids,
                              bool skip_special) const {
  const TokenizerSpec& spec = tables_->spec;
  std::string text;
  bool at_start =
      spec.family == TokenizerFamily::kSentencePiece && spec.add_space_prefix;
  for (const int32_t id : ids) {
    if (IsSpecial(id)) {
      if (!skip_special) text += TokenBytes(id);
      continue;
    }
    std::string_view bytes = TokenBytes(id);
    if (at_start && bytes.starts_with(' ') && type(id) != TokenType::kByte) {
      bytes.remove_prefix(1);
    }
    at_start = false;
    text += bytes;
  }
  return text;
}

int32_t Tokenizer::vocab_size() const {
  return tables_->spec.vocabulary.size();
}

TokenType Tokenizer::type(int32_t id) const {
  const Vocabulary& vocabulary = tables_->spec.vocabulary;
  return vocabulary.Contains(id) ? vocabulary.type(id) : TokenType::kUnused;
}

bool Tokenizer::IsSpecial(int32_t id) const { return IsSpecialType(type(id)); }

std::optional<int32_t> Tokenizer::FindToken(std::string_view text) const {
  const auto special = tables_->specials.find(text);
  if (special != tables_->specials.end()) return special->second;
  const int32_t id = tables_->pieces.Find(text);
  return id < 0 ? std::nullopt : std::optional(id);
}

std::optional<int32_t> Tokenizer::bos_id() const { return tables_->spec.bos; }

std::optional<int32_t> Tokenizer::eos_id() const { return tables_->spec.eos; }

const std::vector<int32_t>& Tokenizer::end_tokens() const {
  return tables_->spec.end_tokens;
}

bool Tokenizer::IsEnd(int32_t id) const {
  return std::binary_search(end_tokens().begin(), end_tokens().end(), id);
}

bool Tokenizer::adds_bos() const { return tables_->spec.add_bos; }

std::string_view Tokenizer::bos_token() const {
  return bos_id().has_value() ? TokenBytes(*bos_id()) : std::string_view();
}

std::string_view Tokenizer::eos_token() const {
  return eos_id().has_value() ? TokenBytes(*eos_id()) : std::string_view();
}

const std::string* Tokenizer::chat_template(const std::string& name) const {
  const auto& all = tables_->spec.chat_templates;
  const auto at = all.find(name);
  return at == all.end() ? nullptr : &at->second;
}

const TokenizerSpec& Tokenizer::spec() const { return tables_->spec; }

const MergeTable& Tokenizer::merges() const { return tables_->merges; }

}  // namespace llamba
