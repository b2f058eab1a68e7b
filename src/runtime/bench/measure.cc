#include "runtime/bench/measure.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "runtime/bench/stream.h"

namespace llamba {
namespace {

using Clock = std::chrono::steady_clock;

// A sample of steps takes at least this long: small models' steps are shorter
// than a clock or a scheduler can be trusted with.
constexpr double kSampleSeconds = 0.05;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr auto kIgnoreLogits = [](size_t, int64_t, std::span<const float>) {};

}  // namespace

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle =
      values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Measure::Measure(std::shared_ptr<const Model> model, int repeats)
    : model_(std::move(model)),
      executor_(model_),
      repeats_(repeats),
      matrices_(StepMatrices(model_->weights())) {
  ForEachMatrix(model_->weights(), [&](TensorId id, const MatrixView& view) {
    const double products =
        static_cast<double>(view.rows) * static_cast<double>(view.cols);
    if (id.layer < 0) {
      head_multiply_adds_ += products;
    } else {
      layer_multiply_adds_ += products;
      products_ = model_->ops().ProductsOf(view);
    }
  });
}

int64_t Measure::step_bytes() const { return TotalBytes(matrices_); }

int64_t Measure::most_tokens() const {
  const ModelConfig& config = model_->config();
  return config.HasMixer(MixerKind::kAttention)
             ? config.context_length
             : std::numeric_limits<int64_t>::max();
}

int64_t Measure::most_depth() const {
  return std::max<int64_t>(0, most_tokens() - kSampleSteps);
}

std::vector<int32_t> Measure::Ids(int64_t n) {
  std::vector<int32_t> ids(static_cast<size_t>(n));
  for (int32_t& id : ids) {
    generator_ = generator_ * 1664525u + 1013904223u;
    id = static_cast<int32_t>(
        (generator_ >> 4) % static_cast<uint32_t>(model_->config().vocab_size));
  }
  return ids;
}

PrefillSpeed Measure::Prefill(int64_t tokens) {
  std::vector<double> samples;
  for (int i = 0; i < repeats_; ++i) {
    const std::vector<int32_t> ids = Ids(tokens);
    State state = model_->NewState();
    const auto start = Clock::now();
    const SequenceInput input = {&state, ids, LogitsFor::kLast,
                                 tokens >= kPromptTokens};
    executor_.Forward({&input, 1}, kIgnoreLogits);
    samples.push_back(SecondsSince(start));
  }
  return {
      tokens, Median(std::move(samples)),
      layer_multiply_adds_ * static_cast<double>(tokens) + head_multiply_adds_};
}

double Measure::TimeSteps(std::span<State> states) {
  std::vector<SequenceInput> inputs(states.size());
  int64_t steps = 0;
  const auto start = Clock::now();
  double seconds = 0;
  while (seconds < kSampleSeconds && steps < kSampleSteps) {
    const std::vector<int32_t> ids = Ids(static_cast<int64_t>(states.size()));
    for (size_t i = 0; i < states.size(); ++i) {
      inputs[i] = {&states[i], std::span(ids).subspan(i, 1), LogitsFor::kLast};
    }
    executor_.Forward(inputs, kIgnoreLogits);
    ++steps;
    seconds = SecondsSince(start);
  }
  return seconds / static_cast<double>(steps);
}

DecodeSpeed Measure::Decode(int64_t depth, int64_t batch) {
  State deep = model_->NewState();
  const std::vector<int32_t> ids = Ids(depth);
  const SequenceInput input = {&deep, ids, LogitsFor::kNone, true};
  executor_.Forward({&input, 1}, kIgnoreLogits);

  const auto fixed = static_cast<int64_t>(model_->NewState().bytes());
  const int64_t cache = static_cast<int64_t>(deep.bytes()) - fixed;
  const int64_t bytes = step_bytes() + batch * (2 * fixed + cache);
  const double scale =
      static_cast<double>(bytes) / static_cast<double>(step_bytes());
  ThreadPool& pool = model_->ops().pool();
  std::vector<double> steps, streams, shares;
  // The first sample only warms caches and buffers.
  for (int i = 0; i <= repeats_; ++i) {
    std::vector<State> states(static_cast<size_t>(batch), deep);
    const double stream = ReadOnce(matrices_, pool);
    const double step = TimeSteps(states);
    if (i == 0) continue;
    steps.push_back(step);
    streams.push_back(stream);
    shares.push_back(stream * scale / step);
  }
  return {
      depth,
      batch,
      Median(std::move(steps)),
      Median(std::move(streams)),
      bytes,
      static_cast<int64_t>(deep.bytes()),
      (layer_multiply_adds_ + head_multiply_adds_) * static_cast<double>(batch),
      Median(std::move(shares))};
}

}  // namespace llamba
