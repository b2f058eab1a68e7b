#include "tokenizer/word_cache.h"

#include <algorithm>
#include <cstring>

#include "tokenizer/vocabulary.h"

namespace llamba {

size_t WordCache::EntryOf(std::string_view word) {
  return HashBytes(word) & (kEntries - 1);
}

std::span<const int32_t> WordCache::Find(std::string_view word) const {
  if (word.empty() || word.size() > kMaxWord) return {};
  const Entry& entry = entries_[EntryOf(word)];
  if (entry.word_size != word.size() ||
      std::memcmp(entry.word.data(), word.data(), word.size()) != 0) {
    return {};
  }
  return std::span(entry.ids).first(entry.n_ids);
}

void WordCache::Put(std::string_view word, std::span<const int32_t> ids) {
  if (word.empty() || word.size() > kMaxWord || ids.empty() ||
      ids.size() > kMaxIds) {
    return;
  }
  Entry& entry = entries_[EntryOf(word)];
  entry.word_size = static_cast<uint8_t>(word.size());
  entry.n_ids = static_cast<uint8_t>(ids.size());
  std::copy(word.begin(), word.end(), entry.word.begin());
  std::copy(ids.begin(), ids.end(), entry.ids.begin());
}

std::unique_ptr<WordCache> WordCachePool::Take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      std::unique_ptr<WordCache> cache = std::move(free_.back());
      free_.pop_back();
      return cache;
    }
  }
  return std::make_unique<WordCache>();
}

void WordCachePool::Return(std::unique_ptr<WordCache> cache) {
  const std::lock_guard lock(mutex_);
  if (free_.size() < kMaxFree) free_.push_back(std::move(cache));
}

}  // namespace llamba
