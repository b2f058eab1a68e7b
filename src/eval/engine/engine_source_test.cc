#include "eval/engine/engine_source.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tests/small_model.h"

namespace llamba {
namespace {

// Each request by itself, one token after the other, in float64.
std::vector<double> FromScratch(const std::shared_ptr<const Model>& model,
                                const std::vector<ScoreRequest>& requests) {
  std::vector<double> sums;
  Executor executor(model);
  for (const ScoreRequest& request : requests) {
    State state = model->NewState();
    double sum = 0;
    for (size_t i = 0; i + 1 < request.ids.size(); ++i) {
      const auto logits = executor.Forward(state, {&request.ids[i], 1});
      double total = 0;
      for (const float v : logits) total += std::exp(static_cast<double>(v));
      if (i + 1 < request.first) continue;
      sum +=
          static_cast<double>(logits[static_cast<size_t>(request.ids[i + 1])]) -
          std::log(total);
    }
    sums.push_back(sum);
  }
  return sums;
}

TEST(EngineSourceTest, ForkingChangesNothing) {
  LLAMBA_NEED_SMALL_MODEL(path);
  const auto model = Model::Load(path);
  std::vector<ScoreRequest> requests;
  for (int32_t i = 0; i < 40; ++i) {
    ScoreRequest request{{1, 403, 407, 261, 378}, 3};
    for (int32_t j = 0; j < i % 7; ++j) {
      request.ids.push_back(300 + (i / 7 + j) % 100);
    }
    requests.push_back(request);
  }
  const std::vector<double> expected = FromScratch(model, requests);
  // With room for every state, and with room for hardly one.
  for (const size_t bytes : {EngineSource::kStateBytes, size_t{1}}) {
    EngineSource source(model, bytes);
    std::vector<std::pair<int64_t, int64_t>> progress;
    const auto scores =
        ScoreSequences(source, requests, [&](int64_t done, int64_t total) {
          progress.emplace_back(done, total);
        });
    // A clock that starts at the first has seen nothing done.
    EXPECT_EQ(progress.front().first, 0);
    EXPECT_EQ(progress.back().first, progress.back().second);
    for (size_t i = 0; i < requests.size(); ++i) {
      // Ten float32 terms of a softmax, each to 1e-6 of its size.
      EXPECT_NEAR(scores[i].log_likelihood, expected[i], 1e-4) << i;
      EXPECT_EQ(scores[i].log_probs.size(), requests[i].ids.size() - 3);
    }
    EXPECT_LT(source.usage().tokens_run, source.usage().tokens_from_scratch);
  }
}

TEST(EngineSourceTest, UnknownIdIsRefused) {
  LLAMBA_NEED_SMALL_MODEL(path);
  EngineSource source(Model::Load(path));
  const std::vector<ScoreRequest> requests = {{{1, 99999}, 1}};
  EXPECT_THROW(ScoreSequences(source, requests, {}), Error);
}

}  // namespace
}  // namespace llamba
