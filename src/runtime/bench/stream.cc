#include "runtime/bench/stream.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <map>

namespace llamba {
namespace {

// A thread reads a chunk as several streams side by side: its prefetchers stop
// at every page, and one stream alone waits there (measured: 10 GB/s with one
// stream, 15 with four, on two cores of an AMD EPYC 7003).
constexpr size_t kStreams = 4;
constexpr size_t kChunkBytes = kStreams * (size_t{2} << 20);
constexpr size_t kFetchAhead = 512;

// Sixteen bytes, the widest that every x86-64 and Arm machine loads at once.
using Words = uint64_t __attribute__((vector_size(16)));
// Independent sums, two cache lines of them.
using Sums = std::array<Words, 8>;

void AddLines(const std::byte* p, Sums& sums) {
  __builtin_prefetch(p + kFetchAhead);
  __builtin_prefetch(p + kFetchAhead + 64);
  for (size_t i = 0; i < sums.size(); ++i) {
    Words words;
    std::memcpy(&words, p + i * sizeof words, sizeof words);
    sums[i] += words;
  }
}

uint64_t SumWords(std::span<const std::byte> bytes) {
  Sums sums{};
  const size_t lines = bytes.size() / kStreams / sizeof sums;
  for (size_t i = 0; i < lines; ++i) {
    for (size_t stream = 0; stream < kStreams; ++stream) {
      AddLines(bytes.data() + (stream * lines + i) * sizeof sums, sums);
    }
  }
  for (size_t i = 1; i < sums.size(); ++i) sums[0] += sums[i];
  return sums[0][0] + sums[0][1];
}

}  // namespace

std::vector<std::span<const std::byte>> StepMatrices(const Weights& weights) {
  std::vector<std::span<const std::byte>> parts;
  ForEachMatrix(weights, [&](TensorId, const MatrixView& view) {
    parts.emplace_back(view.data, static_cast<size_t>(view.bytes()));
  });
  return parts;
}

DType StepType(const Weights& weights) {
  std::map<DType, int64_t> bytes;
  ForEachMatrix(weights, [&](TensorId, const MatrixView& view) {
    bytes[view.dtype] += view.bytes();
  });
  return std::max_element(
             bytes.begin(), bytes.end(),
             [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

int64_t TotalBytes(const std::vector<std::span<const std::byte>>& parts) {
  size_t bytes = 0;
  for (const auto& part : parts) bytes += part.size();
  return static_cast<int64_t>(bytes);
}

double ReadOnce(const std::vector<std::span<const std::byte>>& parts,
                ThreadPool& pool) {
  std::vector<std::span<const std::byte>> chunks;
  for (std::span<const std::byte> part : parts) {
    while (!part.empty()) {
      const size_t n = std::min(part.size(), kChunkBytes);
      chunks.push_back(part.first(n));
      part = part.subspan(n);
    }
  }
  std::atomic<uint64_t> sum{0};  // keeps the reads from being optimised away
  const auto start = std::chrono::steady_clock::now();
  pool.Run(static_cast<int64_t>(chunks.size()), [&](int64_t i) {
    sum.fetch_add(SumWords(chunks[static_cast<size_t>(i)]),
                  std::memory_order_relaxed);
  });
  const auto stop = std::chrono::steady_clock::now();
  return std::chrono::duration<double>(stop - start).count();
}

}  // namespace llamba
