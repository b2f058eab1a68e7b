#include "distill/data/token_shard.h"

#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <limits>

#include "base/error.h"

namespace llamba::distill {
namespace {

namespace fs = std::filesystem;

constexpr std::array<char, 8> kMagic{'l', 'l', 'a', 'm', 'b', 'a', 't', 'k'};
constexpr uint32_t kVersion = 1;

struct Header {
  std::array<char, 8> magic = kMagic;
  uint32_t version = kVersion;
  uint32_t token_bytes = 0;
  uint64_t n_documents = 0;
  uint64_t n_tokens = 0;
  uint64_t vocabulary_hash = 0;
  std::array<char, 24> zeros{};
};
static_assert(sizeof(Header) == 64);

template <typename T>
T Load(const std::byte* from, int64_t index) {
  T value;
  std::memcpy(&value, from + index * static_cast<int64_t>(sizeof(T)),
              sizeof(T));
  return value;
}

Header ReadHeader(const MappedFile& file) {
  const auto bytes = file.bytes();
  Header header;
  if (bytes.size() < sizeof header) {
    Fail("{}: token shard: expected a header of {} bytes, the file has {}",
         file.path(), sizeof header, bytes.size());
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kMagic) {
    Fail("{}: expected a token shard (magic \"llambatk\")", file.path());
  }
  if (header.version != kVersion) {
    Fail("{}: token shard: expected version {}, found {}", file.path(),
         kVersion, header.version);
  }
  if (header.token_bytes != 2 && header.token_bytes != 4) {
    Fail("{}: token shard: expected 2 or 4 bytes a token, found {}",
         file.path(), header.token_bytes);
  }
  const uint64_t body = bytes.size() - sizeof header;
  const uint64_t limit = std::numeric_limits<int32_t>::max() * uint64_t{1024};
  if (header.n_documents > limit || header.n_tokens > limit ||
      header.n_documents * 8 + header.n_tokens * header.token_bytes != body) {
    Fail(
        "{}: token shard: {} documents and {} tokens of {} bytes do not fill "
        "the {} bytes after the header",
        file.path(), header.n_documents, header.n_tokens, header.token_bytes,
        body);
  }
  return header;
}

void MakeFolderOf(const fs::path& path) {
  const fs::path folder = path.parent_path();
  if (!folder.empty()) fs::create_directories(folder);
}

// What of a path's folders is not there yet goes again with this, where it is
// empty.
class RemoveNewFolders {
 public:
  explicit RemoveNewFolders(const fs::path& path) {
    for (fs::path folder = path.parent_path();
         !folder.empty() && !fs::exists(folder);
         folder = folder.parent_path()) {
      absent_.push_back(folder);
    }
  }
  ~RemoveNewFolders() {
    for (const fs::path& folder : absent_) rmdir(folder.c_str());
  }
  RemoveNewFolders(const RemoveNewFolders&) = delete;
  RemoveNewFolders& operator=(const RemoveNewFolders&) = delete;

 private:
  std::vector<fs::path> absent_;  // the innermost first
};

}  // namespace

TokenShard::TokenShard(std::shared_ptr<const MappedFile> file,
                       int64_t vocab_size)
    : path_(file->path()), file_(std::move(file)), vocab_size_(vocab_size) {
  const Header header = ReadHeader(*file_);
  n_documents_ = static_cast<int64_t>(header.n_documents);
  n_tokens_ = static_cast<int64_t>(header.n_tokens);
  token_bytes_ = header.token_bytes;
  vocabulary_hash_ = header.vocabulary_hash;
  ends_ = file_->bytes().data() + sizeof(Header);
  tokens_ = ends_ + n_documents_ * 8;
}

TokenShard TokenShard::Open(const std::string& path, int64_t vocab_size) {
  TokenShard shard(MappedFile::Open(path), vocab_size);
  int64_t previous = 0;
  for (int64_t i = 0; i < shard.n_documents_; ++i) {
    const int64_t end = shard.DocumentEnd(i);
    if (end <= previous || end > shard.n_tokens_) {
      Fail("{}: token shard: document {} ends at token {}, expected {} to {}",
           path, i, end, previous + 1, shard.n_tokens_);
    }
    previous = end;
  }
  if (previous != shard.n_tokens_) {
    Fail("{}: token shard: the last document ends at token {} of {}", path,
         previous, shard.n_tokens_);
  }
  return shard;
}

int64_t TokenShard::DocumentEnd(int64_t document) const {
  return static_cast<int64_t>(Load<uint64_t>(ends_, document));
}

int64_t TokenShard::DocumentBegin(int64_t document) const {
  return document == 0 ? 0 : DocumentEnd(document - 1);
}

void TokenShard::Copy(int64_t begin, std::span<int64_t> out) const {
  LLAMBA_ASSERT(begin >= 0 &&
                begin + static_cast<int64_t>(out.size()) <= n_tokens_);
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t at = begin + static_cast<int64_t>(i);
    out[i] = token_bytes_ == 2 ? Load<uint16_t>(tokens_, at)
                               : Load<uint32_t>(tokens_, at);
    if (out[i] >= vocab_size_) {
      Fail("{}: token {} is {}, expected an id below the vocabulary's {}",
           path_, at, out[i], vocab_size_);
    }
  }
}

void CheckShardWritable(const std::string& path) {
  const RemoveNewFolders at_end(path);
  MakeFolderOf(path);
  CheckWritable(path);
}

void TokenShardWriter::Add(std::span<const int32_t> document) {
  if (document.empty()) return;
  for (const int32_t id : document) {
    if (id < 0 || id >= vocab_size_) {
      Fail("token shard: id {} lies outside the vocabulary of {}", id,
           vocab_size_);
    }
    tokens_.push_back(static_cast<uint32_t>(id));
  }
  ends_.push_back(tokens_.size());
}

void TokenShardWriter::Flush(const std::string& path) {
  Header header;
  header.token_bytes = vocab_size_ <= 65536 ? 2 : 4;
  header.n_documents = ends_.size();
  header.n_tokens = tokens_.size();
  header.vocabulary_hash = vocabulary_hash_;
  MakeFolderOf(path);
  AtomicFile file(path);
  file.Write(std::as_bytes(std::span(&header, 1)));
  file.Write(std::as_bytes(std::span(ends_)));
  if (header.token_bytes == 2) {
    const std::vector<uint16_t> narrow(tokens_.begin(), tokens_.end());
    file.Write(std::as_bytes(std::span(narrow)));
  } else {
    file.Write(std::as_bytes(std::span(tokens_)));
  }
  file.Commit();
  tokens_.clear();
  ends_.clear();
}

}  // namespace llamba::distill
