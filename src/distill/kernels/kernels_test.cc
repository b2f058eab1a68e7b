#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/cuda.h>

#include <algorithm>
#include <functional>
#include <span>

#include "distill/kernels/fused.h"
#include "distill/layers/layers.h"
#include "distill/layers/orientation.h"
#include "distill/stages/linear_cross_entropy.h"

// Each kernel against the same function of libtorch's operations in double, on
// inputs that the kernel's type holds exactly: what differs is the kernel's
// arithmetic and the rounding of what it writes (bfloat16: 2^-9, where sums are
// rounded before a product twice that and a few more; float32: sums of some
// hundred terms of 6e-8).
namespace llamba::distill {
namespace {

constexpr double kBf16Tolerance = 1e-2;
constexpr double kFloatTolerance = 2e-5;

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

double RelativeError(const Tensor& a, const Tensor& b) {
  const Tensor wide = b.to(torch::kFloat64);
  // One token's decay has no effect: its gradient is 0 in both.
  return (a.to(torch::kFloat64) - wide).norm().item<double>() /
         std::max(wide.norm().item<double>(), 1e-300);
}

std::vector<Tensor> Leaves(const std::vector<Tensor>& from) {
  std::vector<Tensor> out;
  for (const Tensor& tensor : from) {
    out.push_back(tensor.detach().clone().requires_grad_());
  }
  return out;
}

// `inputs` have the types that `fused` is given; `reference` gets them in
// double.
void Compare(const Function& fused, const Function& reference,
             const std::vector<Tensor>& inputs, double tolerance) {
  std::vector<Tensor> wide;
  for (const Tensor& input : inputs) wide.push_back(input.to(torch::kFloat64));
  std::vector<Tensor> leaves = Leaves(inputs), wide_leaves = Leaves(wide);
  const Tensor y = fused(leaves);
  ASSERT_TRUE(y.defined()) << "the kernel does not take this shape";
  const Tensor expected = reference(wide_leaves);
  EXPECT_LT(RelativeError(y, expected), tolerance) << "forward";
  const Tensor g = torch::randn(y.sizes(), y.options().requires_grad(false));
  const auto gradients = torch::autograd::grad({y}, leaves, {g});
  const auto expected_gradients =
      torch::autograd::grad({expected}, wide_leaves, {g.to(torch::kFloat64)});
  for (size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_LT(RelativeError(gradients[i], expected_gradients[i]), tolerance)
        << "gradient of input " << i;
  }
}

class KernelsTest : public testing::TestWithParam<torch::ScalarType> {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU here";
    torch::manual_seed(11);
  }
  torch::TensorOptions Options() const {
    return torch::TensorOptions(GetParam()).device(torch::kCUDA);
  }
  Tensor Random(torch::IntArrayRef shape) const {
    return torch::randn(shape, Options());
  }
  double Tolerance() const {
    return GetParam() == torch::kBFloat16 ? kBf16Tolerance : kFloatTolerance;
  }
  // Three documents in the first row, others elsewhere; ids that rise.
  static Tensor Segments(int64_t batch, int64_t n_tokens) {
    Tensor out = torch::zeros({batch, n_tokens}, torch::kInt32);
    out[0].slice(0, n_tokens / 3).fill_(1);
    out[0].slice(0, n_tokens / 3 + 2).fill_(2);
    out[batch - 1].slice(0, n_tokens - 1).fill_(3);
    return out.to(torch::kCUDA);
  }
};

TEST_P(KernelsTest, Norm) {
  for (const auto& [rows, d] :
       {std::pair<int64_t, int64_t>{1, 4}, {37, 576}, {300, 2048}, {129, 12}}) {
    Compare([](const auto& in) { return TryRmsNorm(in[0], in[1], 1e-5); },
            [](const auto& in) { return RmsNorm(in[0], in[1], 1e-5); },
            {Random({1, rows, d}), Random({d})}, Tolerance());
  }
}

// y[t] = bias + sum over back of w[K - 1 - back] x[t - back], in a document.
Tensor ReferenceConv(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     const Tensor& segments) {
  const int64_t k = weight.size(-1), t = x.size(1);
  Tensor y = bias.expand_as(x);
  for (int64_t back = 0; back < std::min(k, t); ++back) {
    const Tensor same =
        (segments.slice(1, back, t) == segments.slice(1, 0, t - back))
            .unsqueeze(2);
    const Tensor term = x.slice(1, 0, t - back) * same *
                        weight.reshape({-1, k}).select(1, k - 1 - back);
    y = y + torch::constant_pad_nd(term, {0, 0, back, 0});
  }
  return y;
}

TEST_P(KernelsTest, Conv) {
  struct Case {
    int64_t batch, n_tokens, channels, d_conv;
    Activation activation;
  };
  for (const Case& c : {Case{2, 5, 8, 4, Activation::kIdentity},
                        Case{2, 131, 132, 4, Activation::kSilu},
                        Case{3, 300, 260, 3, Activation::kIdentity},
                        Case{1, 17, 4, 2, Activation::kSilu}}) {
    const Tensor segments = Segments(c.batch, c.n_tokens);
    Compare(
        [&](const auto& in) {
          return TryConv(in[0].slice(2, 0, c.channels), in[1], in[2], segments,
                         c.activation);
        },
        [&](const auto& in) {
          return Activate(c.activation,
                          ReferenceConv(in[0].slice(2, 0, c.channels), in[1],
                                        in[2], segments));
        },
        {Random({c.batch, c.n_tokens, c.channels + 16}),
         Random({c.channels, 1, c.d_conv}), Random({c.channels})},
        Tolerance());
  }
}

TEST_P(KernelsTest, Gate) {
  for (const auto& [rows, d] :
       {std::pair<int64_t, int64_t>{1, 4}, {261, 132}, {300, 576}}) {
    const auto columns = [d = d](const Tensor& wide) {
      return wide.slice(2, 8, 8 + d);
    };
    Compare(
        [&](const auto& in) { return TryGate(in[0], columns(in[1]), in[2]); },
        [&](const auto& in) {
          return in[0] * at::silu(columns(in[1]) + in[2]);
        },
        {Random({1, rows, d}), Random({1, rows, d + 24}), Random({d})},
        Tolerance());
  }
}

TEST_P(KernelsTest, Swiglu) {
  Compare(
      [](const auto& in) { return TrySwiglu(in[0], in[1], Activation::kSilu); },
      [](const auto& in) { return at::silu(in[0]) * in[1]; },
      {Random({3, 41, 172}), Random({3, 41, 172})}, Tolerance());
}

TEST_P(KernelsTest, CrossEntropyOfRows) {
  const int64_t m = 37, v = 1028;
  const Tensor teacher = Random({m, v}) * 3;
  Tensor student = Random({m, v}) * 3;
  const double temperature = 1.5, scale = 0.25;
  const Tensor t = at::softmax(teacher.to(torch::kFloat64) / temperature, 1);
  const Tensor s_log =
      at::log_softmax(student.to(torch::kFloat64) / temperature, 1);
  const Tensor agreed = teacher.argmax(1) == student.argmax(1);
  const Tensor gradient = (s_log.exp() - t) * scale;
  const Tensor sums = torch::empty({m, 3}, Options().dtype(torch::kFloat32));
  ASSERT_TRUE(TryCrossEntropyRows(teacher, student, sums, temperature, scale));
  EXPECT_LT(RelativeError(student, gradient), Tolerance());
  EXPECT_LT(RelativeError(sums.select(1, 0), -(t * s_log).sum(1)), 1e-4);
  EXPECT_LT(RelativeError(sums.select(1, 1), -(t * t.log()).sum(1)), 1e-4);
  // bfloat16 logits have ties, of which either place is a largest.
  EXPECT_NEAR(sums.select(1, 2).sum().item<double>(),
              agreed.sum().item<double>(), 1);
}

TEST_P(KernelsTest, AdamW) {
  const auto wide = Options().dtype(torch::kFloat32);
  const int64_t n = 1028;
  Tensor w = torch::randn({n}, wide), g = torch::randn({n}, wide),
         m = torch::randn({n}, wide), v = torch::rand({n}, wide);
  Tensor published = torch::empty({n}, Options());
  const AdamWNumbers k{0.5, 0.9, 0.95, 1e-8, 1e-2, 0.1, 3, 517};
  const Tensor grad = g.to(torch::kFloat64) * k.gradient_scale;
  const Tensor m1 = m.to(torch::kFloat64) * k.beta1 + grad * (1 - k.beta1);
  const Tensor v1 =
      v.to(torch::kFloat64) * k.beta2 + grad * grad * (1 - k.beta2);
  Tensor w1 = w.to(torch::kFloat64).clone();
  w1.slice(0, 0, k.n_decayed) *= 1 - k.learning_rate * k.weight_decay;
  w1 -= k.learning_rate * m1 / (1 - std::pow(k.beta1, 3)) /
        ((v1 / (1 - std::pow(k.beta2, 3))).sqrt() + k.eps);
  ASSERT_TRUE(TryAdamW(w, g, m, v, published, k));
  EXPECT_LT(RelativeError(w, w1), 1e-6);
  EXPECT_LT(RelativeError(m, m1), 1e-6);
  EXPECT_LT(RelativeError(v, v1), 1e-6);
  EXPECT_LT(RelativeError(published, w1), Tolerance());
  EXPECT_EQ(g.abs().sum().item<double>(), 0);
}

INSTANTIATE_TEST_SUITE_P(Types, KernelsTest,
                         testing::Values(torch::kBFloat16, torch::kFloat32));

class Bf16KernelsTest : public KernelsTest {};

// All shapes that the kernels over a head's tiles know.
struct HeadCase {
  int64_t n_tokens, heads, groups, head_dim, d_state;
};
constexpr HeadCase kHeadCases[] = {{1, 1, 1, 64, 64},    {64, 2, 2, 64, 64},
                                   {203, 4, 2, 64, 64},  {131, 4, 2, 64, 96},
                                   {257, 3, 1, 64, 128}, {190, 2, 2, 128, 64}};

// Its gradients of log decays are sums of differences of products: the rounded
// states leave some percent where these cancel.
TEST_P(Bf16KernelsTest, Scan) {
  for (const HeadCase& c : kHeadCases) {
    SsmConfig config;
    config.d_inner = c.heads * c.head_dim;
    config.d_state = c.d_state;
    config.n_v_heads = c.heads;
    config.n_qk_heads = c.groups;
    const Tensor segments = Segments(2, c.n_tokens);
    const auto reference = [&](const std::vector<Tensor>& in) {
      const int64_t bc = c.groups * c.d_state;
      const auto parts = in[0].split_with_sizes({config.d_inner, bc, bc}, 2);
      ScanInputs scan;
      scan.x = parts[0].unflatten(2, torch::IntArrayRef({c.heads, c.head_dim}));
      scan.b = parts[1].unflatten(2, torch::IntArrayRef({c.groups, c.d_state}));
      scan.c = parts[2].unflatten(2, torch::IntArrayRef({c.groups, c.d_state}));
      scan.log_decay = in[1];
      scan.segments = segments;
      return (ChunkedScan(scan) + scan.x * in[2].unsqueeze(1)).flatten(2);
    };
    const Tensor log_decay =
        at::log_sigmoid(torch::randn({2, c.n_tokens, c.heads},
                                     Options().dtype(torch::kFloat32)) *
                            2 +
                        2);
    Compare(
        [&](const auto& in) {
          return TryScan(in[0], in[1], in[2], segments, config);
        },
        reference,
        {Random({2, c.n_tokens, config.conv_channels()}), log_decay,
         Random({c.heads})},
        2 * kBf16Tolerance);
  }
}

// Both products with W read it rounded.
TEST_P(Bf16KernelsTest, Orientation) {
  // Of a single token's decay, which has no effect, rounding alone is left.
  for (const HeadCase& c : std::span(kHeadCases).subspan(1)) {
    const Tensor segments = Segments(2, c.n_tokens);
    const Tensor q = Random({2, c.heads, c.n_tokens, c.head_dim});
    const Tensor k = Random({2, c.heads, c.n_tokens, c.head_dim});
    const int64_t bc = c.groups * c.d_state;
    const auto inputs = [&](const std::vector<Tensor>& in) {
      ScanInputs scan;
      const auto heads = [&](int64_t begin) {
        return in[0]
            .slice(2, begin, begin + bc)
            .unflatten(2, torch::IntArrayRef({c.groups, c.d_state}));
      };
      scan.b = heads(0);
      scan.c = heads(bc);
      scan.log_decay = in[1];
      scan.segments = segments;
      return scan;
    };
    const auto loss = [&](const std::vector<Tensor>& in) {
      const torch::ScalarType type = in[0].scalar_type();
      return OrientationLoss(inputs(in), in[2], {q.to(type), k.to(type)});
    };
    const Tensor bc_columns = Random({2, c.n_tokens, 2 * bc}) * 0.3;
    const Tensor log_decay =
        at::log_sigmoid(torch::randn({2, c.n_tokens, c.heads},
                                     Options().dtype(torch::kFloat32)) *
                            2 +
                        2);
    const Tensor d = Random({c.heads});
    const ScanInputs scan = inputs({bc_columns, log_decay, d});
    ASSERT_TRUE(TryOrientation(scan.b, scan.c,
                               log_decay.cumsum(1).transpose(1, 2), d, segments,
                               q, k)
                    .square.defined());
    Compare(loss, loss, {bc_columns, log_decay, d}, 2 * kBf16Tolerance);
  }
}

TEST_P(Bf16KernelsTest, ScanLeavesOtherShapesToTheCaller) {
  for (const auto& [head_dim, d_state] :
       {std::pair<int64_t, int64_t>{32, 64}, {64, 32}, {128, 128}}) {
    SsmConfig config;
    config.d_inner = 2 * head_dim;
    config.d_state = d_state;
    config.n_v_heads = config.n_qk_heads = 2;
    const Tensor log_decay =
        torch::zeros({1, 9, 2}, Options().dtype(torch::kFloat32));
    EXPECT_FALSE(TryScan(Random({1, 9, config.conv_channels()}), log_decay,
                         Random({2}), Segments(1, 9), config)
                     .defined());
  }
}

TEST_P(Bf16KernelsTest, AttentionEqualsTheMaskedPath) {
  AttentionConfig config;
  config.n_heads = 6;
  config.n_kv_heads = 2;
  config.head_dim = 64;
  const int64_t n_tokens = 139, d = 128;
  ParameterMap parameters;
  const auto add = [&](TensorRole role, int64_t out, int64_t in) {
    parameters[TensorId{role, 0}] = Random({out, in}) * 0.1;
  };
  add(TensorRole::kAttnQ, 384, d);
  add(TensorRole::kAttnK, 128, d);
  add(TensorRole::kAttnV, 128, d);
  add(TensorRole::kAttnO, d, 384);
  ParameterMap wide;
  for (const auto& [id, tensor] : parameters) {
    wide[id] = tensor.to(torch::kFloat64);
  }
  const Tensor u = Random({2, n_tokens, d});
  const Tensor segments = Segments(2, n_tokens);
  const Tensor mask = CausalDocumentMask(segments);
  const torch::NoGradGuard no_grad;
  const Tensor y = AttentionMixer(u, LayerParameters(parameters, 0), config,
                                  MakeRotary(config, n_tokens, u.options()),
                                  mask, DocumentStarts(segments));
  const auto options = u.options().dtype(torch::kFloat64);
  const Tensor expected =
      AttentionMixer(u.to(torch::kFloat64), LayerParameters(wide, 0), config,
                     MakeRotary(config, n_tokens, options), mask);
  // Four roundings in a row: projections, angles, weights, the sum.
  EXPECT_LT(RelativeError(y, expected), 2 * kBf16Tolerance);
}

// One token a row against a cache of which each row sees another part; what it
// does not see is large.
TEST_P(Bf16KernelsTest, CachedAttentionEqualsSoftmax) {
  const int64_t rows = 5, length = 70, heads = 6, kv = 2, width = 64;
  const Tensor q = Random({rows, heads, width});
  Tensor keys = Random({rows, length, kv, width});
  Tensor values = Random({rows, length, kv, width});
  const std::vector<int32_t> from{0, 3, 40, 61, 17};
  const int64_t used_end = 62;  // the last sees one entry alone
  Tensor first = torch::zeros({rows + 1}, torch::kInt32);
  Tensor used = torch::zeros({rows}, torch::kInt32);
  Tensor expected =
      torch::zeros({rows, heads * width}, Options().dtype(torch::kFloat64));
  for (int64_t r = 0; r < rows; ++r) {
    first[r] = static_cast<int32_t>(r * length) + from[r];
    used[r] = static_cast<int32_t>(used_end) - from[r];
    for (Tensor* cache : {&keys, &values}) {
      (*cache)[r].slice(0, 0, from[r]).fill_(100);
      (*cache)[r].slice(0, used_end).fill_(100);
    }
    const auto seen = [&](const Tensor& cache) {
      return cache[r]
          .slice(0, from[r], used_end)
          .to(torch::kFloat64)
          .transpose(0, 1)
          .repeat_interleave(heads / kv, 0);  // (heads, used, width)
    };
    const Tensor weights =
        (torch::matmul(seen(keys), q[r].to(torch::kFloat64).unsqueeze(2)) / 8.0)
            .softmax(1);
    expected[r] = (weights * seen(values)).sum(1).flatten();
  }
  const Tensor y = TryCachedAttention(
      q, keys, values,
      {first.to(torch::kCUDA), used.to(torch::kCUDA), used_end});
  ASSERT_TRUE(y.defined()) << "the kernel does not take this";
  EXPECT_LT(RelativeError(y, expected), kBf16Tolerance);
}

TEST_P(Bf16KernelsTest, RotateTurnsEachRowByOneAngle) {
  AttentionConfig config;
  config.head_dim = 64;
  const Tensor x = Random({5, 3 * 64});
  const Rotary rotary = MakeRotary(config, 12, Options());
  const auto wide = [&](const Tensor& t) { return t[7].to(torch::kFloat64); };
  const auto halves = x.to(torch::kFloat64).view({5, 3, 64}).chunk(2, 2);
  const Tensor expected =
      torch::cat({halves[0] * wide(rotary.cos) - halves[1] * wide(rotary.sin),
                  halves[1] * wide(rotary.cos) + halves[0] * wide(rotary.sin)},
                 2)
          .flatten(1);
  ASSERT_TRUE(TryRotate(x, 3, rotary.cos[7], rotary.sin[7]));
  EXPECT_LT(RelativeError(x, expected), kBf16Tolerance);
}

INSTANTIATE_TEST_SUITE_P(Types, Bf16KernelsTest,
                         testing::Values(torch::kBFloat16));

}  // namespace
}  // namespace llamba::distill
