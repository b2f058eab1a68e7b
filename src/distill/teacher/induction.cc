#include "distill/teacher/induction.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/interrupt.h"

namespace llamba::distill {
namespace {

Batch RepeatedText(const LayerStack& teacher, const InductionOptions& options) {
  at::Generator generator =
      at::make_generator<at::CPUGeneratorImpl>(options.seed);
  const Tensor once =
      torch::randint(0, teacher.config().vocab_size,
                     {options.rows, options.length}, generator, torch::kInt64);
  const Tensor ids =
      torch::cat({once, once}, 1).to(teacher.HeadWeight().device());
  return {ids, torch::zeros_like(ids, torch::kInt32)};
}

// (heads) of the maps (rows, heads, 2 n, 2 n): row n + i looks at i + 1.
Tensor ScoresOf(const Tensor& maps, int64_t n) {
  return maps.diagonal(1 - n, 2, 3)
      .slice(2, 1)
      .to(torch::kFloat32)
      .mean(torch::IntArrayRef{0, 2});
}

}  // namespace

Tensor InductionScores(const LayerStack& teacher,
                       const InductionOptions& options) {
  const torch::NoGradGuard no_grad;
  const Batch batch = RepeatedText(teacher, options);
  const LayerContext context = teacher.MakeContext(batch);
  std::vector<Tensor> scores;
  Tensor x = teacher.Embed(batch.ids);
  for (int layer = 0; layer < teacher.n_layer(); ++layer) {
    if (InterruptGuard::Interrupted()) Fail("interrupted");
    scores.push_back(
        ScoresOf(teacher.MixingMatrix(layer, x, context), options.length)
            .cpu());
    x = teacher.Block(layer, x, context);
  }
  return torch::stack(scores);
}

std::vector<int> LayersToKeep(const Tensor& scores, int count) {
  const Tensor sums = scores.sum(1);
  std::vector<int> layers(sums.size(0));
  std::iota(layers.begin(), layers.end(), 0);
  std::stable_sort(layers.begin(), layers.end(), [&](int a, int b) {
    return sums[a].item<float>() > sums[b].item<float>();
  });
  layers.resize(std::min<size_t>(count, layers.size()));
  std::sort(layers.begin(), layers.end());
  return layers;
}

}  // namespace llamba::distill
