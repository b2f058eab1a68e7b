#include "distill/kernels/support.h"

#include <c10/cuda/CUDAStream.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "base/error.h"

namespace llamba::distill {
namespace {

constexpr std::array<std::string_view, 9> kNames{
    "norm",          "conv",  "gate",      "swiglu",     "scan",
    "cross_entropy", "adamw", "attention", "orientation"};

std::array<bool, kNames.size()> SwitchedOff() {
  std::array<bool, kNames.size()> off{};
  const char* value = std::getenv("LLAMBA_NO_FUSED");
  std::string_view rest = value == nullptr ? "" : value;
  if (rest == "1") {
    off.fill(true);
    return off;
  }
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view name = rest.substr(0, comma);
    const auto it = std::find(kNames.begin(), kNames.end(), name);
    if (it == kNames.end()) {
      Fail(
          "LLAMBA_NO_FUSED: no kernel \"{}\"; expected 1 or names from norm, "
          "conv, gate, swiglu, scan, cross_entropy, adamw, attention, "
          "orientation",
          name);
    }
    off[it - kNames.begin()] = true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return off;
}

}  // namespace

bool UseKernel(Kernel kernel, const Tensor& like) {
  if (!like.is_cuda()) return false;
  static const auto off = SwitchedOff();
  return !off[static_cast<size_t>(kernel)] &&
         (like.scalar_type() == torch::kBFloat16 ||
          like.scalar_type() == torch::kFloat32);
}

cuda::Storage StorageOf(const Tensor& tensor) {
  return tensor.scalar_type() == torch::kBFloat16 ? cuda::Storage::kBFloat16
                                                  : cuda::Storage::kFloat32;
}

cudaStream_t CurrentStream() { return c10::cuda::getCurrentCUDAStream(); }

void CheckLaunch(cudaError_t error, const char* kernel) {
  if (error != cudaSuccess) {
    Fail("CUDA kernel {}: {}", kernel, cudaGetErrorString(error));
  }
}

std::optional<Tensor> AsOptional(const Tensor& tensor) {
  return tensor.defined() ? std::optional<Tensor>(tensor) : std::nullopt;
}

const void* Data(const Tensor& tensor) {
  return tensor.defined() ? tensor.data_ptr() : nullptr;
}

void* MutableData(Tensor& tensor) {
  return tensor.defined() ? tensor.data_ptr() : nullptr;
}

bool IsRows(const Tensor& tensor, int64_t elements) {
  const int64_t last = tensor.dim() - 1;
  if (tensor.numel() == 0 || tensor.stride(last) != 1) return false;
  const int64_t stride = last == 0 ? tensor.size(0) : tensor.stride(last - 1);
  for (int64_t i = last - 2; i >= 0; --i) {
    if (tensor.size(i) != 1 &&
        tensor.stride(i) != tensor.stride(i + 1) * tensor.size(i + 1)) {
      return false;
    }
  }
  const auto address = reinterpret_cast<uintptr_t>(tensor.data_ptr());
  return tensor.size(last) % elements == 0 && stride % elements == 0 &&
         address % (elements * tensor.element_size()) == 0;
}

Tensor Aligned(const Tensor& vector) {
  return !vector.defined() || IsRows(vector) ? vector : vector.clone();
}

cuda::ConstRows RowsOf(const Tensor& tensor) {
  return {tensor.data_ptr(), tensor.stride(-2)};
}

bool Alike(const Tensor& like, std::initializer_list<Tensor> others) {
  for (const Tensor& other : others) {
    if (other.defined() && (other.scalar_type() != like.scalar_type() ||
                            other.device() != like.device())) {
      return false;
    }
  }
  return true;
}

bool AreSegments(const Tensor& segments, const Tensor& x) {
  return segments.scalar_type() == torch::kInt32 && segments.is_contiguous() &&
         segments.device() == x.device();
}

bool HasHeadKernels(int64_t head_dim, int64_t d_state) {
  if (cuda::HasHeadKernels(static_cast<int>(head_dim),
                           static_cast<int>(d_state))) {
    return true;
  }
  static std::once_flag said;
  std::call_once(said, [&] {
    spdlog::info(
        "no kernels for head_dim {} with d_state {} (there are 64 with 64, 96 "
        "or 128, and 128 with 64): libtorch's operations compute stage 1 and "
        "the scan, slower",
        head_dim, d_state);
  });
  return false;
}

}  // namespace llamba::distill
