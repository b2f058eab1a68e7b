#include "distill/kernels/support.h"

namespace llamba::distill {
namespace {

cuda::OrientationShape ShapeOf(const Tensor& q, const Tensor& b) {
  return {q.size(0),
          q.size(2),
          static_cast<int>(q.size(1)),
          static_cast<int>(b.size(2)),
          static_cast<int>(q.size(3)),
          static_cast<int>(b.size(3))};
}

// (B, T, G, N) as (B T, G N).
Tensor TokenRows(const Tensor& heads) { return heads.flatten(0, 1).flatten(1); }

}  // namespace

OrientationSums TryOrientation(const Tensor& b, const Tensor& c,
                               const Tensor& sums, const Tensor& d,
                               const Tensor& segments, const Tensor& q,
                               const Tensor& k) {
  if (!UseKernel(Kernel::kOrientation, b) ||
      b.scalar_type() != torch::kBFloat16 || !Alike(b, {c, q, k}) ||
      !IsRows(TokenRows(b), 8) || !IsRows(TokenRows(c), 8) ||
      sums.scalar_type() != torch::kFloat32 || !AreSegments(segments, b) ||
      !HasHeadKernels(q.size(3), b.size(3))) {
    return {};
  }
  const cuda::OrientationShape shape = ShapeOf(q, b);
  const Tensor queries = q.contiguous(), keys = k.contiguous();
  const Tensor rows_b = TokenRows(b), rows_c = TokenRows(c);
  const Tensor running = sums.contiguous();
  const Tensor skip = d.to(torch::kFloat32).contiguous();
  const auto make = [&](std::initializer_list<int64_t> rest) {
    std::vector<int64_t> sizes{shape.batch, shape.heads};
    sizes.insert(sizes.end(), rest);
    return torch::empty(sizes, running.options());
  };
  OrientationSums out;
  const Tensor log_sums = make({shape.n_tokens});
  const Tensor parts = make({cuda::OrientationParts(shape), 2});
  out.d_b = make({shape.n_tokens, shape.d_state});
  out.d_c = make({shape.n_tokens, shape.d_state});
  CheckLaunch(
      cuda::Orientation({queries.data_ptr(), keys.data_ptr(), RowsOf(rows_b),
                         RowsOf(rows_c), running.data_ptr<float>(),
                         skip.data_ptr<float>(), segments.data_ptr<int32_t>()},
                        {log_sums.data_ptr<float>(), out.d_c.data_ptr<float>(),
                         out.d_b.data_ptr<float>(), parts.data_ptr<float>()},
                        shape, CurrentStream()),
      "orientation");
  const Tensor whole = parts.sum(2);
  out.square = whole.select(2, 0);
  out.diagonal = whole.select(2, 1);
  return out;
}

}  // namespace llamba::distill
