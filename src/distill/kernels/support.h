#ifndef LLAMBA_DISTILL_KERNELS_SUPPORT_H_
#define LLAMBA_DISTILL_KERNELS_SUPPORT_H_

#include <optional>

#include "distill/kernels/fused.h"
#include "distill/kernels/launch.h"

// Between tensors and the pointers of launch.h.
namespace llamba::distill {

cuda::Storage StorageOf(const Tensor& tensor);

// PyTorch's current stream of the current device.
cudaStream_t CurrentStream();

// Throws Error for a failed launch.
void CheckLaunch(cudaError_t error, const char* kernel);

// An autograd function's inputs must be defined, or absent.
std::optional<Tensor> AsOptional(const Tensor& tensor);

// The tensor's memory; null for an undefined one.
const void* Data(const Tensor& tensor);
void* MutableData(Tensor& tensor);

// (..., d) seen as rows at one distance, with elements side by side that can be
// loaded four at a time (or `elements`).
bool IsRows(const Tensor& tensor, int64_t elements = 4);
// A vector that can be loaded so: itself, or a copy. (Parameters are views of
// one flat tensor and begin anywhere.)
Tensor Aligned(const Tensor& vector);
cuda::ConstRows RowsOf(const Tensor& tensor);

// Defined tensors share `like`'s type and device.
bool Alike(const Tensor& like, std::initializer_list<Tensor> others);

// (B, T) document numbers as the kernels read them, on `x`'s device.
bool AreSegments(const Tensor& segments, const Tensor& x);

// Whether the kernels over a head's tiles know the shape; where they do not,
// the log says so once.
bool HasHeadKernels(int64_t head_dim, int64_t d_state);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_KERNELS_SUPPORT_H_
