#ifndef LLAMBA_DISTILL_KERNELS_SHAPES_CUH_
#define LLAMBA_DISTILL_KERNELS_SHAPES_CUH_

#include <cuda_runtime_api.h>

// The shapes that kernels over a head's tiles are compiled for.
namespace llamba::distill::cuda {

template <int P, int N>
struct HeadShape {
  static constexpr int kHeadDim = P, kDState = N;
};

// f(HeadShape) of the two numbers, which returns an error;
// cudaErrorInvalidValue where there is none.
template <typename F>
cudaError_t WithShape(int head_dim, int d_state, F f) {
  cudaError_t error = cudaErrorInvalidValue;
  const auto offer = [&](auto... shapes) {
    (void)(... || (head_dim == shapes.kHeadDim && d_state == shapes.kDState &&
                   (error = f(shapes), true)));
  };
  offer(HeadShape<64, 64>(), HeadShape<64, 96>(), HeadShape<64, 128>(),
        HeadShape<128, 64>());
  return error;
}

}  // namespace llamba::distill::cuda

#endif  // LLAMBA_DISTILL_KERNELS_SHAPES_CUH_
