#ifndef LLAMBA_RUNTIME_MATRIX_LOADER_H_
#define LLAMBA_RUNTIME_MATRIX_LOADER_H_

#include <optional>
#include <string>

#include "base/thread_pool.h"
#include "model/checkpoint.h"
#include "runtime/weights.h"

namespace llamba {

// Brings matrices into the form that kernels read, in parallel. Holds
// references, which must outlive it. Errors name file and tensor.
class MatrixLoader {
 public:
  // `dtype` as LoadOptions::dtype.
  MatrixLoader(const Checkpoint& checkpoint, std::optional<DType> dtype,
               ThreadPool& pool);

  // For products.
  Matrix Load(const StoredTensor& tensor) const;
  // For single rows (an embedding that is no head): mapped whatever its type,
  // unless `dtype` asks for another.
  Matrix LoadRows(const StoredTensor& tensor) const;

 private:
  Matrix Mapped(const StoredTensor& tensor) const;
  Matrix Decoded(const StoredTensor& tensor, DType target) const;
  // In panels of `target`, the tensor's own block type or Q8_0.
  Matrix Packed(const StoredTensor& tensor, DType target) const;
  // Gives back the whole pages of rows [begin, end) of the file, which were
  // read: no matrix shall be in memory twice. (Where the schema has another
  // order of rows, some pages are read again.)
  void Release(const StoredTensor& tensor, int64_t begin, int64_t end) const;
  void Decode(const StoredTensor& tensor, DType target, int64_t begin,
              int64_t end, std::byte* out) const;
  void PackPanels(const StoredTensor& tensor, DType target, int64_t begin,
                  int64_t end, std::byte* out) const;

  const Checkpoint& checkpoint_;
  const std::optional<DType> dtype_;
  ThreadPool& pool_;
};

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_MATRIX_LOADER_H_
