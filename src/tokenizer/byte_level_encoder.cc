#include <array>

#include "tokenizer/text_encoder.h"
#include "tokenizer/word_cache.h"

namespace llamba {
namespace {

class ByteLevelEncoder : public TextEncoder {
 public:
  ByteLevelEncoder(const Vocabulary& vocabulary, const MergeTable& merges,
                   const ByteLevelOptions& options)
      : merges_(merges),
        options_(options),
        index_(IndexPieces(vocabulary, IndexedTypes::kNormal)) {
    for (size_t byte = 0; byte < byte_ids_.size(); ++byte) {
      const char text = static_cast<char>(byte);
      byte_ids_[byte] = index_.Find({&text, 1});
    }
  }

  void Encode(std::string_view text, std::vector<int32_t>* ids) const override {
    WordCachePool::Lease cache(caches_);
    std::vector<int32_t> word_ids;
    PreTokenCursor cursor(options_.pre, text);
    for (std::string_view word; cursor.Next(&word);) {
      std::span<const int32_t> known = (*cache).Find(word);
      if (known.empty()) {
        EncodeWord(word, &word_ids);
        (*cache).Put(word, word_ids);
        known = word_ids;
      }
      ids->insert(ids->end(), known.begin(), known.end());
    }
  }

 private:
  void EncodeWord(std::string_view word, std::vector<int32_t>* ids) const {
    ids->clear();
    if (options_.ignore_merges) {
      const int32_t whole = index_.Find(word);
      if (whole >= 0) {
        ids->push_back(whole);
        return;
      }
    }
    bool after_unknown = false;
    for (const char byte : word) {
      const int32_t id = byte_ids_[static_cast<uint8_t>(byte)];
      if (id >= 0) {
        ids->push_back(id);
      } else if (options_.unknown.has_value() &&
                 !(after_unknown && options_.fuse_unknown)) {
        ids->push_back(*options_.unknown);
      }
      after_unknown = id < 0;
    }
    MergeSymbols(merges_, ids);
  }

  const MergeTable& merges_;
  const ByteLevelOptions options_;
  const PieceIndex index_;
  std::array<int32_t, 256> byte_ids_;
  mutable WordCachePool caches_;
};

}  // namespace

std::unique_ptr<TextEncoder> NewByteLevelEncoder(
    const Vocabulary& vocabulary, const MergeTable& merges,
    const ByteLevelOptions& options) {
  return std::make_unique<ByteLevelEncoder>(vocabulary, merges, options);
}

}  // namespace llamba
