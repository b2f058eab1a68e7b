#include "distill/train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "distill/distill_testing.h"

namespace llamba::distill {
namespace {

constexpr double kRate = 0.01;

// AdamW of one number (Loshchilov and Hutter, algorithm 2), in double.
struct Scalar {
  double value, m = 0, v = 0;
  int t = 0;

  void Step(double gradient, double decay, const AdamWOptions& o) {
    ++t;
    m = o.beta1 * m + (1 - o.beta1) * gradient;
    v = o.beta2 * v + (1 - o.beta2) * gradient * gradient;
    const double m_hat = m / (1 - std::pow(o.beta1, t));
    const double v_hat = v / (1 - std::pow(o.beta2, t));
    value -= kRate * (m_hat / (std::sqrt(v_hat) + o.eps) + decay * value);
  }
};

struct Fixture {
  // `type` of the working weights.
  explicit Fixture(const AdamWOptions& options, torch::ScalarType type)
      : precise(RandomParameters(
            TinyTeacherConfig(), 1,
            type == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32)),
        optimizer(precise, working, torch::TensorOptions(type), Learns, options,
                  *communicator) {}

  static bool Learns(const TensorId& id) {
    return id.role != TensorRole::kFinalNorm;
  }
  // The gradient of update `step` at element i of a tensor.
  static double Gradient(const TensorId& id, int64_t i, int step) {
    return 0.01 *
           std::sin(static_cast<double>(i + 31 * static_cast<int>(id.role) +
                                        7 * id.layer + 1000 * step));
  }
  // In two micro-batches.
  ShardedAdamW::StepResult Step(int step) {
    for (int part = 0; part < 2; ++part) {
      for (auto& [id, tensor] : working) {
        if (!Learns(id)) continue;
        Tensor gradient =
            torch::empty(tensor.sizes(), torch::TensorOptions(torch::kFloat64));
        for (int64_t i = 0; i < gradient.numel(); ++i) {
          gradient.view({-1})[i] = Gradient(id, i, step) / 2;
        }
        tensor.mutable_grad().add_(gradient);
      }
      optimizer.GatherGradients();
    }
    return optimizer.Step(kRate);
  }

  ParameterMap precise, working;
  std::unique_ptr<Communicator> communicator = AloneCommunicator();
  ShardedAdamW optimizer;
};

double NormOfGradients(const ParameterMap& parameters, int step) {
  double square = 0;
  for (const auto& [id, tensor] : parameters) {
    if (!Fixture::Learns(id)) continue;
    for (int64_t i = 0; i < tensor.numel(); ++i) {
      square += std::pow(Fixture::Gradient(id, i, step), 2);
    }
  }
  return std::sqrt(square);
}

// Three updates against the formulas; rounding in double, sums in other orders.
void CheckAgainstFormulas(const AdamWOptions& options, bool clips) {
  Fixture fixture(options, torch::kFloat64);
  double scale[3];
  for (int step = 0; step < 3; ++step) {
    const double norm = NormOfGradients(fixture.precise, step);
    EXPECT_NEAR(fixture.Step(step).gradient_norm, norm, 1e-12 * norm);
    scale[step] = clips ? std::min(1.0, options.clip_norm / norm) : 1;
    EXPECT_EQ(scale[step] < 1, clips);
  }
  for (const auto& [id, tensor] : fixture.precise) {
    const Tensor learnt = fixture.working.at(id).detach();
    if (!Fixture::Learns(id)) {
      EXPECT_TRUE(learnt.equal(tensor));
      continue;
    }
    const double decay = tensor.dim() == 2 ? options.weight_decay : 0;
    for (int64_t i = 0; i < tensor.numel(); i += 5) {
      Scalar expected{tensor.view({-1})[i].item<double>()};
      for (int step = 0; step < 3; ++step) {
        expected.Step(scale[step] * Fixture::Gradient(id, i, step), decay,
                      options);
      }
      EXPECT_NEAR(learnt.reshape({-1})[i].item<double>(), expected.value, 1e-12)
          << TensorName(Layout::kHuggingFaceLlama, id) << " " << i;
    }
  }
}

TEST(ShardedAdamW, FollowsTheFormulas) {
  CheckAgainstFormulas({.clip_norm = 0}, false);
}

TEST(ShardedAdamW, ClipsTheNormOverAllParameters) {
  CheckAgainstFormulas({.clip_norm = 0.05}, true);
}

// bfloat16 has 8 bits: there 1 + 2^-9 is 1, however often it is added.
TEST(ShardedAdamW, SumsMicroBatchesInFloat32) {
  Fixture fixture({}, torch::kBFloat16);
  int64_t n = 0;
  for (int part = 0; part <= 256; ++part) {
    n = 0;
    for (auto& [id, tensor] : fixture.working) {
      if (!Fixture::Learns(id)) continue;
      ASSERT_EQ(tensor.scalar_type(), torch::kBFloat16);
      tensor.mutable_grad().add_(part == 0 ? 1 : 0x1p-9);
      n += tensor.numel();
    }
    fixture.optimizer.GatherGradients();
  }
  const double norm = 1.5 * std::sqrt(static_cast<double>(n));
  EXPECT_NEAR(fixture.optimizer.Step(kRate).gradient_norm, norm, 1e-5 * norm);
}

TEST(ShardedAdamW, RestoredGoesOnBitForBit) {
  Fixture one({}, torch::kFloat32), other({}, torch::kFloat32);
  one.Step(0);
  one.Step(1);
  other.optimizer.Restore(one.optimizer.Gather(), one.optimizer.n_updates());
  one.Step(2);
  other.Step(2);
  for (const auto& [id, tensor] : one.working) {
    EXPECT_TRUE(tensor.equal(other.working.at(id)));
  }
  ParameterMap extracted = one.precise;
  one.optimizer.Extract(extracted);
  for (const auto& [id, tensor] : one.working) {
    EXPECT_TRUE(tensor.equal(extracted.at(id)));
  }
}

TEST(ShardedAdamW, ANormThatIsNotFiniteChangesNothing) {
  Fixture fixture({}, torch::kFloat32);
  fixture.working.begin()->second.mutable_grad().fill_(INFINITY);
  fixture.optimizer.GatherGradients();
  EXPECT_FALSE(std::isfinite(fixture.optimizer.Step(kRate).gradient_norm));
  EXPECT_EQ(fixture.optimizer.n_updates(), 0);
  for (const auto& [id, tensor] : fixture.precise) {
    EXPECT_TRUE(tensor.equal(fixture.working.at(id).detach()));
  }
}

}  // namespace
}  // namespace llamba::distill
