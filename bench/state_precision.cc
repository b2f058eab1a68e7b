// What it costs to keep the recurrent state in 16 bits between tokens, against
// float32: mean KL divergence over a text, token by token.
//
//   state_precision MODEL TOKENIZER TEXT TOKENS ACTIVATIONS
//
// ACTIVATIONS: their bits, 8 or 16. Rounding them to 8, or to bf16, answers a
// change of the state with one of its own.
#include <fmt/format.h>

#include <cstdlib>

#include "apps/text_windows.h"
#include "base/error.h"
#include "base/file.h"
#include "eval/divergence.h"
#include "formats/formats.h"
#include "generate/loaded_model.h"
#include "runtime/executor.h"

namespace llamba {
namespace {

void RoundStates(const ModelConfig& config, DType dtype, State* state) {
  const SsmConfig& ssm = config.ssm;
  const auto row = static_cast<size_t>(ssm.head_dim());
  const auto rows = static_cast<size_t>(ssm.n_v_heads * ssm.d_state);
  std::vector<std::byte> bytes(row * sizeof(float));
  for (int layer = 0; layer < config.n_layer; ++layer) {
    if (config.mixers[static_cast<size_t>(layer)] != MixerKind::kMamba2) {
      continue;
    }
    float* values = state->SsmState(layer);
    for (size_t i = 0; i < rows; ++i, values += row) {
      EncodeRow(dtype, {values, row}, bytes.data());
      DecodeRow(dtype, bytes.data(), {values, row});
    }
  }
}

DivergenceSummary Measure(const std::shared_ptr<const Model>& model,
                          const std::vector<std::vector<int32_t>>& windows,
                          DType dtype) {
  Executor exact(model), rounding(model);
  Divergence divergence;
  for (const std::vector<int32_t>& window : windows) {
    State a = model->NewState(), b = model->NewState();
    for (size_t i = 0; i + 1 < window.size(); ++i) {
      const std::span<const int32_t> id(&window[i], 1);
      divergence.Add(CompareLogits(exact.Forward(a, id),
                                   rounding.Forward(b, id), window[i + 1]));
      RoundStates(model->config(), dtype, &b);
    }
  }
  return divergence.Summary();
}

void Run(char** argv) {
  LoadedModelOptions options;
  options.tokenizer = argv[2];
  options.load.activation_bits = std::atoi(argv[5]);
  const auto loaded = LoadedModel::Open(argv[1], options);
  const auto windows = TextWindows(loaded->tokenizer(), ReadFile(argv[3]), 1024,
                                   std::atoll(argv[4]), argv[3]);
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const DivergenceSummary s = Measure(loaded->model(), windows, dtype);
    fmt::print(
        "{:<5} {} tokens, mean KL {:.7f}, 99 % {:.6f}, same top {:.2f} %\n",
        DTypeName(dtype), s.tokens, s.mean_kl, s.p99_kl,
        100 * s.top1_agreement);
  }
}

}  // namespace
}  // namespace llamba

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(
        stderr,
        "usage: state_precision MODEL TOKENIZER TEXT TOKENS ACTIVATIONS\n");
    return 1;
  }
  try {
    llamba::Run(argv);
  } catch (const llamba::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
