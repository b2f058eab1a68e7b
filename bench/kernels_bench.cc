// Kernels at the shapes of Llamba-1B beside the limits of the machine.
//   LLAMBA_ISA      instruction set (default: the best)
//   LLAMBA_THREADS  threads (default: all cores)
// Counters: `stream` is the share of the measured streaming read rate that the
// weights' (or states') bytes reach, `peak` the share of the measured peak of
// multiply-adds (of integers for block types, of bf16 for BF16).

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/error.h"
#include "base/large_buffer.h"
#include "base/thread_pool.h"
#include "formats/formats.h"
#include "kernels/ops.h"
#include "kernels/panels/panels.h"
#include "runtime/bench/peak.h"
#include "runtime/bench/stream.h"

namespace llamba {
namespace {

const char* Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Made once, on the first benchmark.
struct Machine {
  Machine()
      : pool([] {
          const int n = std::atoi(Environment("LLAMBA_THREADS"));
          return n > 0 ? n : AvailableCores();
        }()),
        ops(GetKernels(Environment("LLAMBA_ISA")), pool),
        stream(StreamRate(pool)),
        peaks(MeasurePeaks(ops.kernels(), pool)) {}

  // Bytes a second of reading what no cache holds, the best of several passes.
  static double StreamRate(ThreadPool& pool) {
    const AlignedBuffer<std::byte> buffer(size_t{512} << 20);
    double best = 0;
    for (int i = 0; i < 10; ++i) {
      best = std::max(best, static_cast<double>(buffer.size()) /
                                ReadOnce({buffer.span()}, pool));
    }
    return best;
  }

  static Machine& Get() {
    static Machine machine;
    return machine;
  }

  ThreadPool pool;
  Ops ops;
  double stream;
  Peaks peaks;
};

// Normal values, repeated: cheap to make, no subnormals.
AlignedBuffer<float> Values(int64_t n) {
  std::mt19937 engine(1);
  std::normal_distribution<float> normal;
  AlignedBuffer<float> values(static_cast<size_t>(n));
  constexpr size_t kPeriod = 4099;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = i < kPeriod ? normal(engine) : values[i - kPeriod];
  }
  return values;
}

void Report(benchmark::State& state, double bytes, double operations,
            Products products = Products::kFloat32) {
  using benchmark::Counter;
  const Machine& machine = Machine::Get();
  const auto rate = Counter::kIsIterationInvariantRate;
  state.counters["B/s"] = Counter(bytes, rate);
  state.counters["FLOP/s"] = Counter(operations, rate);
  state.counters["stream"] = Counter(bytes / machine.stream, rate);
  state.counters["peak"] =
      Counter(operations / machine.peaks.Of(products), rate);
}

void Limits(benchmark::State& state) {
  const Machine& machine = Machine::Get();
  for (auto _ : state) {
  }
  state.counters["B/s"] = machine.stream;
  state.counters["FLOP/s"] = machine.peaks.float32;
  state.counters["bf16/s"] = machine.peaks.bf16;
  state.counters["integer/s"] = machine.peaks.integers;
}

// A row of a type; of types without an encoder, arbitrary codes under the scale
// 2^-12, which no rounding depends on.
std::vector<std::byte> EncodedRow(DType dtype, int64_t k) {
  std::vector<std::byte> row(*RowBytes(dtype, k), std::byte{0x0c});
  if (HasEncoder(dtype)) EncodeRow(dtype, Values(k).span(), row.data());
  return row;
}

// Weights of a (N, K) matrix, several copies where one would stay in a cache;
// block types in panels.
class Weights {
 public:
  Weights(DType dtype, int64_t n, int64_t k) {
    view_.dtype = dtype;
    view_.rows = n;
    view_.cols = k;
    const std::vector<std::byte> row = EncodedRow(dtype, k);
    std::vector<std::byte> unit = row;
    if (HasPanels(dtype)) {
      const std::vector<const std::byte*> rows(kPanelRows, row.data());
      view_.panel_bytes = PanelShape(dtype, k).bytes;
      unit.resize(static_cast<size_t>(view_.panel_bytes));
      PackPanel(dtype, rows, k, unit.data());
    } else {
      view_.row_bytes = static_cast<int64_t>(row.size());
    }
    copies_ = std::max<int64_t>(1, (256 << 20) / view_.bytes());
    bytes_ = LargeBuffer(static_cast<size_t>(copies_ * view_.bytes()));
    for (size_t at = 0; at < bytes_.size(); at += unit.size()) {
      std::memcpy(bytes_.data() + at, unit.data(), unit.size());
    }
  }

  // Another copy each time.
  MatrixView Next() {
    next_ = (next_ + 1) % copies_;
    view_.data = bytes_.data() + next_ * view_.bytes();
    return view_;
  }
  double bytes() const { return static_cast<double>(view_.bytes()); }

 private:
  MatrixView view_;
  int64_t copies_ = 1, next_ = 0;
  LargeBuffer bytes_;
};

void MatMul(benchmark::State& state, DType dtype, int64_t n, int64_t k,
            int64_t m, int64_t segment = 0) {
  const Ops& ops = Machine::Get().ops;
  Weights weights(dtype, n, k);
  const AlignedBuffer<float> x = Values(m * k);
  AlignedBuffer<float> y(static_cast<size_t>(m * n));
  for (auto _ : state) {
    ops.MatMul({.w = weights.Next(),
                .x = x.data(),
                .x_stride = k,
                .m = m,
                .bias = nullptr,
                .y = y.data(),
                .y_stride = n,
                .accumulate = false,
                .segment = segment});
  }
  Report(state, weights.bytes(), 2.0 * static_cast<double>(m * n * k),
         ops.ProductsOf(weights.Next()));
}

// Llamba-1B: d 2048, 32 heads, state 64, head dimension 64, MLP 8192.
constexpr int64_t kWidth = 2048, kHeads = 32, kDim = 64, kState = 64;
constexpr int64_t kChannels = kWidth + 2 * kHeads * kState;

void Scan(benchmark::State& state, int64_t tokens) {
  const Ops& ops = Machine::Get().ops;
  const AlignedBuffer<float> xbc = Values(tokens * kChannels);
  const AlignedBuffer<float> a_log = Values(tokens * kHeads),
                             d = Values(kHeads);
  AlignedBuffer<float> s(static_cast<size_t>(kHeads * kState * kDim));
  AlignedBuffer<float> y(static_cast<size_t>(tokens * kWidth));
  const ScanArgs args = {.n_tokens = tokens,
                         .n_v_heads = kHeads,
                         .n_qk_heads = kHeads,
                         .head_dim = kDim,
                         .d_state = kState,
                         .x = xbc.data(),
                         .b = xbc.data() + kWidth,
                         .c = xbc.data() + kWidth + kHeads * kState,
                         .xbc_stride = kChannels,
                         .a_log = a_log.data(),
                         .a_log_stride = kHeads,
                         .d = d.data(),
                         .state = s.data(),
                         .y = y.data(),
                         .y_stride = kWidth};
  for (auto _ : state) ops.Scan({&args, 1});
  // A product and two multiply-adds an element: 5 operations.
  Report(state, static_cast<double>(s.size() * sizeof(float)),
         5.0 * static_cast<double>(tokens * kHeads * kState * kDim));
}

void Conv1d(benchmark::State& state, int64_t tokens) {
  const Ops& ops = Machine::Get().ops;
  const AlignedBuffer<float> x = Values(tokens * kChannels);
  const AlignedBuffer<float> weight = Values(4 * kChannels);
  AlignedBuffer<float> past = Values(3 * kChannels);
  AlignedBuffer<float> y(static_cast<size_t>(tokens * kChannels));
  const Conv1dArgs args = {.n_tokens = tokens,
                           .channels = kChannels,
                           .d_conv = 4,
                           .x = x.data(),
                           .x_stride = kChannels,
                           .weight = weight.data(),
                           .bias = weight.data(),
                           .activation = Activation::kIdentity,
                           .state = past.data(),
                           .y = y.data(),
                           .y_stride = kChannels};
  for (auto _ : state) ops.Conv1d({&args, 1});
  Report(state, static_cast<double>(tokens * kChannels) * 8,
         static_cast<double>(tokens * kChannels) * 8);
}

// Llama-3.2-1B: 32 heads of 64 over 8 of keys and values.
void Attention(benchmark::State& state, int64_t tokens, int64_t first) {
  constexpr int64_t kPage = 256, kKvHeads = 8;
  const Ops& ops = Machine::Get().ops;
  const AlignedBuffer<float> q = Values(tokens * kWidth);
  const int64_t n_pages = (first + tokens + kPage - 1) / kPage;
  const int64_t page_size = 2 * kKvHeads * kPage * kDim;
  const AlignedBuffer<float> cache = Values(n_pages * page_size);
  std::vector<const float*> pages;
  for (int64_t i = 0; i < n_pages; ++i) {
    pages.push_back(cache.data() + i * page_size);
  }
  AlignedBuffer<float> y(static_cast<size_t>(tokens * kWidth));
  const AttentionArgs args = {.n_tokens = tokens,
                              .first_position = first,
                              .n_heads = kHeads,
                              .n_kv_heads = kKvHeads,
                              .head_dim = kDim,
                              .scale = 0.125f,
                              .q = q.data(),
                              .q_stride = kWidth,
                              .pages = pages.data(),
                              .page_tokens = kPage,
                              .y = y.data(),
                              .y_stride = kWidth};
  for (auto _ : state) ops.Attention({&args, 1});
  const double pairs =
      static_cast<double>(tokens) *
      (static_cast<double>(first) + (static_cast<double>(tokens) + 1) / 2);
  Report(state, static_cast<double>(cache.size() * sizeof(float)),
         pairs * kHeads * kDim * 4);
}

// What a layer does beside its products, one token or many.
void GluRows(benchmark::State& state, int64_t tokens) {
  const Ops& ops = Machine::Get().ops;
  constexpr int64_t kMlp = 8192;
  AlignedBuffer<float> gate = Values(tokens * kMlp);
  const AlignedBuffer<float> up = Values(tokens * kMlp);
  for (auto _ : state) {
    ops.Glu({.gate = gate.data(),
             .gate_stride = kMlp,
             .up = up.data(),
             .up_stride = kMlp,
             .n = kMlp,
             .activation = Activation::kSilu},
            tokens);
  }
  state.counters["elements/s"] =
      benchmark::Counter(static_cast<double>(tokens * kMlp),
                         benchmark::Counter::kIsIterationInvariantRate);
}

template <class Fn>
void Register(const std::string& name, const Fn& fn) {
  benchmark::RegisterBenchmark(name.c_str(), fn)->UseRealTime();
}

struct Product {
  const char* name;
  int64_t n, k;
};
constexpr Product kProducts[] = {
    {"in_proj", kChannels + kWidth + kHeads, kWidth},
    {"out_proj", kWidth, kWidth},
    {"gate_proj", 8192, kWidth},
    {"down_proj", kWidth, 8192},
    {"lm_head", 128256, kWidth}};

void RegisterMatMuls() {
  for (const DType dtype :
       {DType::kBF16, DType::kF16, DType::kF32, DType::kQ4_0, DType::kQ4_1,
        DType::kIQ4_NL, DType::kQ4_K, DType::kQ5_0, DType::kQ8_0}) {
    for (const Product& p : kProducts) {
      for (const int64_t m : {1, 4, 32, 512}) {
        if (p.n > 100'000 && m > 32) continue;  // prompts need one row of it
        Register(fmt::format("matmul/{}/{}/M:{}", DTypeName(dtype), p.name, m),
                 [=](benchmark::State& state) {
                   MatMul(state, dtype, p.n, p.k, m);
                 });
      }
    }
  }
}

// Of prompts, whose rows of activations share scales where the machine can.
void RegisterSegments() {
  for (const DType dtype : {DType::kQ4_0, DType::kQ4_K, DType::kQ8_0}) {
    for (const Product& p : kProducts) {
      if (p.n > 100'000) continue;
      for (const int64_t m : {16, 256, 512}) {
        for (const int64_t segment : {64, 128, 256}) {
          Register(fmt::format("segments/{}/{}/M:{}/S:{}", DTypeName(dtype),
                               p.name, m, segment),
                   [=](benchmark::State& state) {
                     MatMul(state, dtype, p.n, p.k, m, segment);
                   });
        }
      }
    }
  }
}

void RegisterAll() {
  Register("limits", Limits);
  RegisterMatMuls();
  RegisterSegments();
  for (const int64_t tokens : {1, 4, 512}) {
    Register(fmt::format("scan/T:{}", tokens),
             [=](benchmark::State& state) { Scan(state, tokens); });
    Register(fmt::format("conv1d/T:{}", tokens),
             [=](benchmark::State& state) { Conv1d(state, tokens); });
    Register(fmt::format("glu/T:{}", tokens),
             [=](benchmark::State& state) { GluRows(state, tokens); });
    for (const int64_t first : {0, 4096}) {
      Register(
          fmt::format("attention/T:{}/after:{}", tokens, first),
          [=](benchmark::State& state) { Attention(state, tokens, first); });
    }
  }
}

}  // namespace
}  // namespace llamba

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  llamba::RegisterAll();
  try {
    benchmark::RunSpecifiedBenchmarks();
  } catch (const llamba::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
