#ifndef LLAMBA_DISTILL_DATA_PACKED_SOURCE_H_
#define LLAMBA_DISTILL_DATA_PACKED_SOURCE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "distill/data/token_shard.h"

namespace llamba::distill {

struct PackingOptions {
  int64_t sequence_length;
  uint64_t seed;
  // Above 0: longer documents are cut into documents of so many tokens.
  int64_t document_tokens = 0;
  // Each document (or piece) stands so many times in a row, as one document:
  // from the second time on, what comes next has to be recalled.
  int64_t copies = 1;
};

// The shards of one source, their documents in an order drawn anew from the
// seed each epoch, laid end to end and cut into sequences of equal length.
// Sequence n depends on (shards, options, n) alone, so a run continues from a
// number, and workers take theirs without talking. Thread-safe.
class PackedSource {
 public:
  PackedSource(std::vector<TokenShard> shards, const PackingOptions& options);

  // Opens each path: a shard, or a directory of *.tokens shards. Throws Error
  // where there is none, where they hold fewer tokens than one sequence, or
  // where they are of another vocabulary than that of `vocab_size` tokens and
  // `vocabulary_hash`.
  static std::unique_ptr<PackedSource> Open(
      const std::vector<std::string>& paths, const PackingOptions& options,
      int64_t vocab_size, uint64_t vocabulary_hash);

  int64_t n_tokens() const { return n_tokens_; }
  int64_t n_documents() const { return static_cast<int64_t>(where_.size()); }
  // Sequences until every document was read once.
  int64_t sequences_per_epoch() const {
    return n_tokens_ / options_.sequence_length;
  }

  // Fills sequence n >= 0 (any epoch): token ids, and the number of the
  // document within the sequence, counted from 0. Throws Error naming the shard
  // of an id outside the vocabulary.
  void Read(int64_t n, std::span<int64_t> ids,
            std::span<int32_t> segments) const;

 private:
  // `copies` times the tokens [begin, begin + length) of a shard.
  struct DocumentPlace {
    int32_t shard;
    int64_t begin, length;
  };
  // One epoch's order, and where each document starts in it.
  struct Epoch {
    int64_t number = -1;
    std::vector<uint32_t> order;
    std::vector<int64_t> starts;
  };
  void AddDocument(int32_t shard, int64_t begin, int64_t end);
  std::shared_ptr<const Epoch> GetEpoch(int64_t number) const;
  // The tokens of a place from its token `skip` on (of all copies).
  void Copy(const DocumentPlace& place, int64_t skip,
            std::span<int64_t> out) const;

  std::vector<TokenShard> shards_;
  std::vector<DocumentPlace> where_;
  PackingOptions options_;
  int64_t n_tokens_ = 0;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Epoch> epoch_;  // the last one used
};

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_DATA_PACKED_SOURCE_H_
