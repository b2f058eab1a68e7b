#include "distill/data/mixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "distill/data/data_testing.h"

namespace llamba::distill {
namespace {

using testing::HasSubstr;

constexpr int64_t kLength = 16;

// Documents of 1 to 12 tokens; token = base + 100 * document + place in it, so
// that a sequence tells where each of its tokens comes from.
std::vector<std::vector<int32_t>> Documents(int32_t base, int n) {
  std::vector<std::vector<int32_t>> documents;
  for (int d = 0; d < n; ++d) {
    documents.emplace_back();
    for (int i = 0; i < 1 + d * 5 % 12; ++i) {
      documents.back().push_back(base + 100 * d + i);
    }
  }
  return documents;
}

std::unique_ptr<PackedSource> Source(const TemporaryFolder& folder,
                                     int32_t base, uint64_t seed,
                                     int64_t document_tokens = 0,
                                     int64_t copies = 1) {
  std::vector<TokenShard> shards;
  const std::string name = std::to_string(base);
  shards.push_back(MakeShard(folder / (name + "a"), Documents(base, 23)));
  shards.push_back(MakeShard(folder / (name + "b"), Documents(base + 2300, 9)));
  return std::make_unique<PackedSource>(
      std::move(shards),
      PackingOptions{kLength, seed, document_tokens, copies});
}

struct Sequence {
  std::vector<int64_t> ids = std::vector<int64_t>(kLength);
  std::vector<int32_t> segments = std::vector<int32_t>(kLength);
  bool operator==(const Sequence&) const = default;
};

Sequence ReadOne(const PackedSource& source, int64_t n) {
  Sequence s;
  source.Read(n, s.ids, s.segments);
  return s;
}

TEST(PackedSource, SegmentsAreTheDocuments) {
  const TemporaryFolder folder;
  const auto source = Source(folder, 0, 5);
  for (int64_t n = 0; n < 3 * source->sequences_per_epoch(); ++n) {
    const Sequence s = ReadOne(*source, n);
    EXPECT_EQ(s.segments[0], 0);
    for (int64_t t = 1; t < kLength; ++t) {
      const bool goes_on = s.ids[t] == s.ids[t - 1] + 1;
      EXPECT_EQ(s.segments[t], s.segments[t - 1] + (goes_on ? 0 : 1));
      if (!goes_on) {
        EXPECT_EQ(s.ids[t] % 100, 0) << "a document's middle";
      }
    }
  }
}

// Pieces of at most 5 tokens, each a segment that begins at a multiple of 5 of
// its document and ends there, with its document or with the sequence.
TEST(PackedSource, CutsLongDocuments) {
  const TemporaryFolder folder;
  const auto source = Source(folder, 0, 5, 5), whole = Source(folder, 0, 5);
  EXPECT_EQ(source->n_tokens(), whole->n_tokens());
  for (int64_t n = 0; n < source->sequences_per_epoch(); ++n) {
    const Sequence s = ReadOne(*source, n);
    for (int64_t t = 1; t < kLength; ++t) {
      const bool begins = s.segments[t] != s.segments[t - 1];
      EXPECT_EQ(begins,
                s.ids[t] != s.ids[t - 1] + 1 || s.ids[t] % 100 % 5 == 0);
    }
  }
}

// The tokens of an epoch, laid end to end.
std::vector<int64_t> EpochOf(const PackedSource& source) {
  std::vector<int64_t> ids;
  for (int64_t n = 0; n < source.sequences_per_epoch(); ++n) {
    const Sequence s = ReadOne(source, n);
    ids.insert(ids.end(), s.ids.begin(), s.ids.end());
  }
  return ids;
}

// Pieces in the order of one copy, each thrice.
TEST(PackedSource, CopiesStandInARow) {
  const TemporaryFolder folder;
  const auto source = Source(folder, 0, 5, 5, 3),
             once = Source(folder, 0, 5, 5);
  EXPECT_EQ(source->n_tokens(), 3 * once->n_tokens());
  EXPECT_EQ(source->n_documents(), once->n_documents());
  std::vector<int64_t> expected, piece;
  for (const int64_t id : EpochOf(*once)) {
    if (!piece.empty() && (id != piece.back() + 1 || id % 5 == 0)) {
      for (int i = 0; i < 3; ++i) {
        expected.insert(expected.end(), piece.begin(), piece.end());
      }
      piece.clear();
    }
    piece.push_back(id);
  }
  std::vector<int64_t> found = EpochOf(*source);
  ASSERT_GE(found.size(), expected.size());
  found.resize(expected.size());
  EXPECT_EQ(found, expected);
}

TEST(PackedSource, CopiesAreOneSegment) {
  const TemporaryFolder folder;
  const auto source = Source(folder, 0, 5, 5, 3);
  const auto piece = [](int64_t id) { return id - id % 100 % 5; };
  for (int64_t n = 0; n < source->sequences_per_epoch(); ++n) {
    const Sequence s = ReadOne(*source, n);
    for (int64_t t = 1; t < kLength; ++t) {
      EXPECT_EQ(s.segments[t] == s.segments[t - 1],
                piece(s.ids[t]) == piece(s.ids[t - 1]));
    }
  }
}

// All but the rest that fills no sequence, once each.
TEST(PackedSource, AnEpochReadsEveryTokenAtMostOnce) {
  const TemporaryFolder folder;
  const auto source = Source(folder, 0, 5);
  const int64_t per_epoch = source->sequences_per_epoch();
  EXPECT_EQ(per_epoch, source->n_tokens() / kLength);
  std::vector<std::vector<int64_t>> epochs;
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    std::vector<int64_t> all;
    for (int64_t n = 0; n < per_epoch; ++n) {
      const Sequence s = ReadOne(*source, epoch * per_epoch + n);
      all.insert(all.end(), s.ids.begin(), s.ids.end());
    }
    epochs.push_back(all);
    std::sort(all.begin(), all.end());
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  }
  EXPECT_NE(epochs[0], epochs[1]) << "each epoch has an order of its own";
}

TEST(PackedSource, ASequenceDependsOnSeedAndNumberAlone) {
  const TemporaryFolder folder;
  const auto first = Source(folder, 0, 5), again = Source(folder, 0, 5);
  const auto other = Source(folder, 0, 6);
  int different = 0;
  for (const int64_t n : {20, 3, 41, 0}) {  // over three epochs, out of order
    const Sequence s = ReadOne(*again, n);
    EXPECT_EQ(s, ReadOne(*first, n));
    different += !(s == ReadOne(*other, n));
  }
  EXPECT_GT(different, 0);
}

TEST(PackedSource, RefusesDataThatDoesNotFit) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tokens";
  MakeShard(path, {{1, 2, 3}}, 100, 7);
  EXPECT_THAT(ErrorOf([&] {
                PackedSource::Open({path}, {4, 0}, 100, 7);
              }),
              HasSubstr("3 tokens are fewer than one sequence of 4"));
  EXPECT_THAT(ErrorOf([&] {
                PackedSource::Open({path}, {2, 0}, 100, 8);
              }),
              HasSubstr("another vocabulary"));
  std::filesystem::create_directory(folder / "empty");
  EXPECT_THAT(ErrorOf([&] {
                PackedSource::Open({folder / "empty"}, {2, 0}, 100, 7);
              }),
              HasSubstr("no *.tokens shard"));
  EXPECT_EQ(PackedSource::Open({folder / "."}, {2, 0}, 100, 7)->n_tokens(), 3);
}

Mixture TwoSources(const TemporaryFolder& folder, uint64_t seed) {
  std::vector<Mixture::Part> parts;
  parts.push_back({Source(folder, 0, 1), 3});
  parts.push_back({Source(folder, 50000, 2), 1});
  return Mixture(std::move(parts), kLength, seed);
}

// Of n draws with p = 1/4, the share lies within 5 standard deviations.
TEST(Mixture, DrawsInProportionToTheWeights) {
  const TemporaryFolder folder;
  Mixture mixture = TwoSources(folder, 9);
  constexpr int64_t kDraws = 2000;
  const Batch batch = mixture.Read(0, kDraws);
  const double share = (batch.ids.select(1, 0) >= 50000)
                           .to(torch::kFloat64)
                           .mean()
                           .item<double>();
  EXPECT_NEAR(share, 0.25, 5 * std::sqrt(0.25 * 0.75 / kDraws));
}

TEST(Mixture, WorkersWithAStrideSeeTheUnion) {
  const TemporaryFolder folder;
  Mixture alone = TwoSources(folder, 9);
  const Batch whole = alone.Read(30, 12);
  for (int64_t rank = 0; rank < 3; ++rank) {
    Mixture worker = TwoSources(folder, 9);
    const Batch part = worker.Read(30 + rank, 4, 3);
    EXPECT_TRUE(part.ids.equal(whole.ids.slice(0, rank, 12, 3)));
    EXPECT_TRUE(part.segments.equal(whole.segments.slice(0, rank, 12, 3)));
  }
}

TEST(Mixture, GoesBackAsWellAsOn) {
  const TemporaryFolder folder;
  Mixture mixture = TwoSources(folder, 9);
  const Tensor later = mixture.Read(100, 2).ids;
  const Tensor early = mixture.Read(3, 2).ids;
  EXPECT_TRUE(TwoSources(folder, 9).Read(3, 2).ids.equal(early));
  EXPECT_TRUE(mixture.Read(100, 2).ids.equal(later));
}

TEST(Mixture, RefusesWeightsThatAreNone) {
  const TemporaryFolder folder;
  for (const double weight : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    std::vector<Mixture::Part> parts;
    parts.push_back({Source(folder, 0, 1), weight});
    EXPECT_THAT(ErrorOf([&] { Mixture(std::move(parts), kLength, 0); }),
                HasSubstr("weight above 0"));
  }
}

}  // namespace
}  // namespace llamba::distill
