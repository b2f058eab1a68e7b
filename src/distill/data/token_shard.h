#ifndef LLAMBA_DISTILL_DATA_TOKEN_SHARD_H_
#define LLAMBA_DISTILL_DATA_TOKEN_SHARD_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/mapped_file.h"

namespace llamba::distill {

// A file of tokenised documents. Little endian:
//   "llambatk", u32 version 1, u32 bytes a token (2 or 4), u64 n_documents,
//   u64 n_tokens, u64 vocabulary hash, 24 bytes of zeros;
//   n_documents u64: where each document ends, in tokens; then the tokens.
// A document's last token is the end of document, but where its text was cut
// off.
class TokenShard {
 public:
  // Maps the file. Throws Error naming it where it is cut or inconsistent. Ids
  // are looked at when they are copied, for the file is not read before.
  static TokenShard Open(const std::string& path, int64_t vocab_size);

  const std::string& path() const { return path_; }
  int64_t n_documents() const { return n_documents_; }
  int64_t n_tokens() const { return n_tokens_; }
  uint64_t vocabulary_hash() const { return vocabulary_hash_; }

  int64_t DocumentBegin(int64_t document) const;
  int64_t DocumentEnd(int64_t document) const;
  // Tokens [begin, begin + out.size()) of the shard. Throws Error naming the
  // first that lies outside the vocabulary.
  void Copy(int64_t begin, std::span<int64_t> out) const;

 private:
  TokenShard(std::shared_ptr<const MappedFile> file, int64_t vocab_size);

  std::string path_;
  std::shared_ptr<const MappedFile> file_;
  int64_t vocab_size_;
  int64_t n_documents_, n_tokens_;
  int64_t token_bytes_;
  uint64_t vocabulary_hash_;
  const std::byte* ends_;
  const std::byte* tokens_;
};

// Before the work whose result `path` will hold: throws Error where no file can
// be made there. Leaves nothing behind, for the work may end without a result.
void CheckShardWritable(const std::string& path);

// Gathers documents and writes them as one shard.
class TokenShardWriter {
 public:
  // Ids must be below vocab_size, which also chooses 2 or 4 bytes a token.
  TokenShardWriter(int64_t vocab_size, uint64_t vocabulary_hash)
      : vocab_size_(vocab_size), vocabulary_hash_(vocabulary_hash) {}

  void Add(std::span<const int32_t> document);
  int64_t n_tokens() const { return static_cast<int64_t>(tokens_.size()); }
  int64_t n_documents() const { return static_cast<int64_t>(ends_.size()); }
  // Writes what was added to `path` (atomically; its folder is made where
  // absent) and starts anew.
  void Flush(const std::string& path);

 private:
  int64_t vocab_size_;
  uint64_t vocabulary_hash_;
  std::vector<uint32_t> tokens_;
  std::vector<uint64_t> ends_;
};

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_DATA_TOKEN_SHARD_H_
