#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "tokenizer/piece_matcher.h"
#include "tokenizer/text_encoder.h"
#include "tokenizer/utf8.h"
#include "tokenizer/word_cache.h"

namespace llamba {
namespace {

// The first character of `text`; a byte where that is no UTF-8.
std::string_view FirstCharacter(std::string_view text) {
  const Utf8Step step = DecodeUtf8(text);
  return text.substr(0, step.status == Utf8Step::kComplete ? step.length : 1);
}

// Adds the characters that only occur inside pieces: merging starts from
// characters, whether or not they are pieces of their own.
void AddInnerCharacters(Vocabulary* vocabulary, PieceIndex* index) {
  const int32_t n_pieces = vocabulary->size();
  for (int32_t id = 0; id < n_pieces; ++id) {
    const std::string piece(vocabulary->bytes(id));
    if (index->Find(piece) != id) continue;
    for (std::string_view rest = piece; !rest.empty();) {
      const std::string_view character = FirstCharacter(rest);
      if (index->Find(character) < 0) {
        index->Insert(vocabulary->Add(character, TokenType::kUnused));
      }
      rest.remove_prefix(character.size());
    }
  }
}

// Ranks by descending score; equal scores share a rank.
std::vector<uint32_t> RanksByScore(const Vocabulary& vocabulary) {
  std::vector<int32_t> order(vocabulary.size());
  for (int32_t id = 0; id < vocabulary.size(); ++id) order[id] = id;
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return vocabulary.score(a) > vocabulary.score(b);
  });
  std::vector<uint32_t> ranks(order.size());
  for (size_t i = 1; i < order.size(); ++i) {
    const bool same =
        vocabulary.score(order[i]) == vocabulary.score(order[i - 1]);
    ranks[order[i]] = ranks[order[i - 1]] + (same ? 0 : 1);
  }
  return ranks;
}

class SentencePieceEncoder : public TextEncoder {
 public:
  SentencePieceEncoder(const Vocabulary& vocabulary, bool add_space_prefix,
                       const std::string& source)
      : n_tokens_(vocabulary.size()),
        add_space_prefix_(add_space_prefix),
        vocabulary_(vocabulary),
        index_(IndexPieces(vocabulary_, IndexedTypes::kNormalAndUserDefined)),
        ranks_(RanksByScore(vocabulary_)),
        merges_(MakeMerges()),
        words_are_apart_(!AnyPieceCrossesWords()) {
    byte_ids_.fill(-1);
    for (int32_t id = 0; id < n_tokens_; ++id) {
      const std::string_view bytes = vocabulary_.bytes(id);
      const TokenType type = vocabulary_.type(id);
      if (type == TokenType::kByte && bytes.size() == 1) {
        byte_ids_[static_cast<uint8_t>(bytes[0])] = id;
      } else if (type == TokenType::kUnknown) {
        unknown_ = id;
      } else if (type == TokenType::kUserDefined) {
        user_defined_.Add(bytes, id);
      }
    }
    user_defined_.Finish();
    const bool any_gap = std::count(byte_ids_.begin(), byte_ids_.end(), -1);
    if (any_gap && unknown_ < 0) {
      Fail(
          "{}: expected a token for every byte or an unknown token, found "
          "neither",
          source);
    }
  }

  void Encode(std::string_view text, std::vector<int32_t>* ids) const override {
    if (text.empty()) return;
    std::string prefixed;
    if (add_space_prefix_) {
      prefixed.reserve(text.size() + 1);
      prefixed += ' ';
      prefixed += text;
      text = prefixed;
    }
    WordCachePool::Lease cache(caches_);
    std::vector<int32_t> word_ids;
    const size_t first = ids->size();
    while (!text.empty()) {
      const std::string_view word = text.substr(0, WordLength(text));
      std::span<const int32_t> known = (*cache).Find(word);
      if (known.empty()) {
        EncodeWord(word, &word_ids);
        (*cache).Put(word, word_ids);
        known = word_ids;
      }
      const bool fuse = ids->size() > first && ids->back() == unknown_ &&
                        known.front() == unknown_;
      ids->insert(ids->end(), known.begin() + (fuse ? 1 : 0), known.end());
      text.remove_prefix(word.size());
    }
  }

 private:
  MergeTable MakeMerges() {
    AddInnerCharacters(&vocabulary_, &index_);
    return MergeTable(DeriveMerges(vocabulary_, index_, ranks_));
  }

  // No piece has a space after another character: then merging never crosses
  // such a place, and a text can be cut there.
  bool AnyPieceCrossesWords() const {
    for (int32_t id = 0; id < n_tokens_; ++id) {
      const std::string_view piece = vocabulary_.bytes(id);
      if (index_.Find(piece) == id && WordEnd(piece) != piece.size()) {
        return true;
      }
    }
    return false;
  }

  static size_t WordEnd(std::string_view text) {
    const size_t word = std::min(text.find_first_not_of(' '), text.size());
    return std::min(text.find(' ', word), text.size());
  }

  size_t WordLength(std::string_view text) const {
    return words_are_apart_ ? WordEnd(text) : text.size();
  }

  void EncodeWord(std::string_view word, std::vector<int32_t>* ids) const {
    ids->clear();
    std::vector<int32_t> symbols;
    size_t pending = 0;  // start of the text that `symbols` stand for
    size_t at = 0;
    const auto flush = [&] {
      MergeInto(word.substr(pending, at - pending), &symbols, ids);
    };
    while (at < word.size()) {
      const PieceMatcher::Match match = user_defined_.MatchAt(word, at);
      if (match.length != 0) {
        flush();
        ids->push_back(match.id);
        at += match.length;
        pending = at;
        continue;
      }
      const std::string_view character = FirstCharacter(word.substr(at));
      symbols.push_back(index_.Find(character));
      at += character.size();
    }
    flush();
  }

  // Merges and empties `symbols`, which stand for `text`, and appends the
  // tokens.
  void MergeInto(std::string_view text, std::vector<int32_t>* symbols,
                 std::vector<int32_t>* ids) const {
    MergeSymbols(merges_, symbols);
    for (const int32_t id : *symbols) {
      const std::string_view piece =
          id < 0 ? FirstCharacter(text) : vocabulary_.bytes(id);
      if (id >= 0 && id < n_tokens_) {
        ids->push_back(id);
      } else {
        AppendBytes(piece, ids);
      }
      text.remove_prefix(piece.size());
    }
    symbols->clear();
  }

  void AppendBytes(std::string_view character,
                   std::vector<int32_t>* ids) const {
    for (const char byte : character) {
      const int32_t id = byte_ids_[static_cast<uint8_t>(byte)];
      if (id >= 0) {
        ids->push_back(id);
      } else if (ids->empty() || ids->back() != unknown_) {
        ids->push_back(unknown_);
      }
    }
  }

  const int32_t n_tokens_;
  const bool add_space_prefix_;
  Vocabulary vocabulary_;  // with inner characters from n_tokens_ on
  PieceIndex index_;
  const std::vector<uint32_t> ranks_;
  const MergeTable merges_;
  const bool words_are_apart_;
  std::array<int32_t, 256> byte_ids_;
  int32_t unknown_ = -1;
  PieceMatcher user_defined_;
  mutable WordCachePool caches_;
};

}  // namespace

std::unique_ptr<TextEncoder> NewSentencePieceEncoder(
    const Vocabulary& vocabulary, bool add_space_prefix,
    const std::string& source) {
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    if (std::isnan(vocabulary.score(id))) {
      Fail("{}: token {}: expected a score, found NaN", source, id);
    }
  }
  return std::make_unique<SentencePieceEncoder>(vocabulary, add_space_prefix,
                                                source);
}

}  // namespace llamba
