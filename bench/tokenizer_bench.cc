// Encoding and decoding speed in bytes of English text, on one thread, with the
// Llama-3 vocabulary; needs the large material (LLAMBA_SHARED or ../shared).
#include <benchmark/benchmark.h>

#include <string>

#include "base/file.h"
#include "tests/shared_material.h"
#include "tokenizer/tokenizer.h"

namespace llamba {
namespace {

constexpr const char* kTokenizers[] = {"tokenizers/llama3",
                                       "tokenizers/llama2"};

// The text and the tokenizer, or a benchmark that says what it lacks.
bool Ready(benchmark::State& state, const std::string& tokenizer) {
  if (!tokenizer.empty()) return true;
  state.SkipWithError("needs the test material (LLAMBA_SHARED or ../shared)");
  return false;
}

void Encode(benchmark::State& state) {
  const std::string path = SharedMaterial(kTokenizers[state.range(0)]);
  if (!Ready(state, path)) return;
  const Tokenizer tokenizer = LoadTokenizer(path);
  const std::string text = ReadFile(SharedMaterial("text/wikitext2_test.txt"));
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.Encode(text, {}));
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(text.size()));
  state.SetLabel(kTokenizers[state.range(0)]);
}
BENCHMARK(Encode)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void Decode(benchmark::State& state) {
  const std::string path = SharedMaterial(kTokenizers[state.range(0)]);
  if (!Ready(state, path)) return;
  const Tokenizer tokenizer = LoadTokenizer(path);
  const std::string text = ReadFile(SharedMaterial("text/wikitext2_test.txt"));
  const std::vector<int32_t> ids = tokenizer.Encode(text, {});
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.Decode(ids, false));
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(text.size()));
  state.SetLabel(kTokenizers[state.range(0)]);
}
BENCHMARK(Decode)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void Load(benchmark::State& state) {
  const std::string path = SharedMaterial(kTokenizers[state.range(0)]);
  if (!Ready(state, path)) return;
  for (auto _ : state) benchmark::DoNotOptimize(LoadTokenizer(path));
  state.SetLabel(kTokenizers[state.range(0)]);
}
BENCHMARK(Load)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace llamba

BENCHMARK_MAIN();
