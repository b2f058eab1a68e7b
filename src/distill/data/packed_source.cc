#include "distill/data/packed_source.h"

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "base/error.h"
#include "distill/data/hash.h"

namespace llamba::distill {
namespace {

std::vector<std::string> ExpandDirectories(
    const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!IsDirectory(path)) {
      files.push_back(path);
      continue;
    }
    const size_t before = files.size();
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().extension() == ".tokens") {
        files.push_back(entry.path().string());
      }
    }
    if (files.size() == before) Fail("{}: no *.tokens shard in it", path);
    std::sort(files.begin() + static_cast<int64_t>(before), files.end());
  }
  return files;
}

}  // namespace

PackedSource::PackedSource(std::vector<TokenShard> shards,
                           const PackingOptions& options)
    : shards_(std::move(shards)), options_(options) {
  for (size_t s = 0; s < shards_.size(); ++s) {
    for (int64_t d = 0; d < shards_[s].n_documents(); ++d) {
      AddDocument(static_cast<int32_t>(s), shards_[s].DocumentBegin(d),
                  shards_[s].DocumentEnd(d));
    }
  }
  if (n_tokens_ < options_.sequence_length) {
    Fail("{}: {} tokens are fewer than one sequence of {}",
         shards_.empty() ? "data" : shards_[0].path(), n_tokens_,
         options_.sequence_length);
  }
}

void PackedSource::AddDocument(int32_t shard, int64_t begin, int64_t end) {
  n_tokens_ += (end - begin) * options_.copies;
  const int64_t most =
      options_.document_tokens > 0 ? options_.document_tokens : end - begin;
  for (; begin < end; begin += most) {
    where_.push_back({shard, begin, std::min(most, end - begin)});
  }
}

std::unique_ptr<PackedSource> PackedSource::Open(
    const std::vector<std::string>& paths, const PackingOptions& options,
    int64_t vocab_size, uint64_t vocabulary_hash) {
  std::vector<TokenShard> shards;
  for (const std::string& file : ExpandDirectories(paths)) {
    shards.push_back(TokenShard::Open(file, vocab_size));
    const uint64_t found = shards.back().vocabulary_hash();
    if (found != vocabulary_hash) {
      Fail(
          "{}: was tokenised with another vocabulary than the teacher's: "
          "expected hash {:016x}, found {:016x}",
          file, vocabulary_hash, found);
    }
  }
  return std::make_unique<PackedSource>(std::move(shards), options);
}

std::shared_ptr<const PackedSource::Epoch> PackedSource::GetEpoch(
    int64_t number) const {
  const std::lock_guard lock(mutex_);
  if (epoch_ && epoch_->number == number) return epoch_;
  auto epoch = std::make_shared<Epoch>();
  epoch->number = number;
  epoch->order.resize(where_.size());
  std::iota(epoch->order.begin(), epoch->order.end(), 0U);
  // Fisher and Yates, by a hash: the same on every machine.
  for (size_t i = where_.size(); i > 1; --i) {
    const uint64_t draw =
        Hash({options_.seed, static_cast<uint64_t>(number), i});
    std::swap(epoch->order[i - 1], epoch->order[draw % i]);
  }
  epoch->starts.reserve(where_.size());
  int64_t start = 0;
  for (const uint32_t document : epoch->order) {
    epoch->starts.push_back(start);
    start += where_[document].length * options_.copies;
  }
  epoch_ = epoch;
  return epoch;
}

void PackedSource::Copy(const DocumentPlace& place, int64_t skip,
                        std::span<int64_t> out) const {
  for (skip %= place.length; !out.empty(); skip = 0) {
    const auto count = static_cast<size_t>(place.length - skip);
    const auto part = out.first(std::min(count, out.size()));
    shards_[place.shard].Copy(place.begin + skip, part);
    out = out.subspan(part.size());
  }
}

void PackedSource::Read(int64_t n, std::span<int64_t> ids,
                        std::span<int32_t> segments) const {
  const int64_t length = options_.sequence_length;
  LLAMBA_ASSERT(n >= 0 && static_cast<int64_t>(ids.size()) == length &&
                ids.size() == segments.size());
  const auto epoch = GetEpoch(n / sequences_per_epoch());
  const int64_t first = n % sequences_per_epoch() * length;
  auto document =
      std::upper_bound(epoch->starts.begin(), epoch->starts.end(), first) -
      epoch->starts.begin() - 1;
  int32_t segment = 0;
  for (int64_t done = 0; done < length; ++document, ++segment) {
    const DocumentPlace& place = where_[epoch->order[document]];
    const int64_t skip = first + done - epoch->starts[document];
    const int64_t count =
        std::min(place.length * options_.copies - skip, length - done);
    Copy(place, skip, ids.subspan(done, count));
    std::fill_n(segments.begin() + done, count, segment);
    done += count;
  }
}

}  // namespace llamba::distill
