#ifndef LLAMBA_BASE_TENSOR_VIEW_H_
#define LLAMBA_BASE_TENSOR_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/dtype.h"

namespace llamba {

// Dimensions, outermost first (row-major), as safetensors and PyTorch write
// them. GGUF's reversed order stays inside the GGUF reader and writer.
using Shape = std::vector<int64_t>;

// Product of the dimensions (1 for a scalar). The caller has checked it for
// overflow (readers use CheckedNumElements).
inline int64_t NumElements(const Shape& shape) {
  int64_t n = 1;
  for (int64_t d : shape) n *= d;
  return n;
}

// The product, or -1 where a dimension is negative or it exceeds 2^62.
int64_t CheckedNumElements(const Shape& shape);

// "(512, 64)".
std::string ShapeString(const Shape& shape);

// Bytes of a tensor that someone else owns (a mapped file, a buffer). `data`
// has no alignment beyond what the file gave: read it through memcpy or
// unaligned loads.
struct TensorView {
  DType dtype = DType::kF32;
  Shape shape;
  const std::byte* data = nullptr;
  size_t bytes = 0;
};

}  // namespace llamba

#endif  // LLAMBA_BASE_TENSOR_VIEW_H_
