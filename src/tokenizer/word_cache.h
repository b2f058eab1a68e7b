#ifndef LLAMBA_TOKENIZER_WORD_CACHE_H_
#define LLAMBA_TOKENIZER_WORD_CACHE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace llamba {

// Words met lately and their ids: a table where a new word takes the place of
// what was in its slot, an entry a cache line. Half of all text is a few
// thousand words. Used by one thread at a time.
class WordCache {
 public:
  WordCache() : entries_(kEntries) {}

  // The ids, until the next Put; an empty span where the word is not there.
  std::span<const int32_t> Find(std::string_view word) const;
  // Ignored where the word or its ids are too long for an entry.
  void Put(std::string_view word, std::span<const int32_t> ids);

 private:
  static constexpr size_t kEntries = 1 << 15;
  static constexpr size_t kMaxWord = 30;
  static constexpr size_t kMaxIds = 8;
  struct alignas(64) Entry {
    uint8_t word_size = 0;
    uint8_t n_ids = 0;
    std::array<char, kMaxWord> word;
    std::array<int32_t, kMaxIds> ids;
  };
  static size_t EntryOf(std::string_view word);

  std::vector<Entry> entries_;
};

// Lends a cache to each concurrent call, so that calls on several threads share
// what was learnt before them but no memory. Thread-safe.
class WordCachePool {
 public:
  class Lease {
   public:
    explicit Lease(WordCachePool& pool) : pool_(pool), cache_(pool.Take()) {}
    ~Lease() { pool_.Return(std::move(cache_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    WordCache& operator*() { return *cache_; }

   private:
    WordCachePool& pool_;
    std::unique_ptr<WordCache> cache_;
  };

 private:
  static constexpr size_t kMaxFree = 16;  // 2 MB each
  std::unique_ptr<WordCache> Take();
  void Return(std::unique_ptr<WordCache> cache);

  std::mutex mutex_;
  std::vector<std::unique_ptr<WordCache>> free_;  // under mutex_
};

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_WORD_CACHE_H_
