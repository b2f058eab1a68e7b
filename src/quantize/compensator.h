#ifndef LLAMBA_QUANTIZE_COMPENSATOR_H_
#define LLAMBA_QUANTIZE_COMPENSATOR_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/dtype.h"

namespace llamba {

// Rounding that makes up for its errors: it keeps small not the error e of a
// row of weights but that of its products, the mean of (e . x)^2 over the
// inputs x, which is e^T H e with H the inputs' second moments. With H = U D
// U^T (U upper triangular with a diagonal of ones) that is
//   sum_j D_j (e_j + sum_{k<j} U_kj e_k)^2,
// so column j, left to right, is rounded from w_j + sum_{k<j} U_kj e_k: what
// earlier columns got wrong is put right as far as inputs go together. (LDLQ in
// QuIP, Chee et al. 2023; the same result as GPTQ, Frantar et al. 2022.) Scales
// are searched as each block is reached, with D as the importance.
//
// Early columns are rounded without knowing the errors of later ones. So all
// are gone over again, each taking the code that is best beside all others as
// they are, until none changes: cyclic descent, which never adds to the error.
//
// Immutable once made; Encode is safe from any thread.
class Compensator {
 public:
  // `moments` (n x n, symmetric, trace n as Imatrix::Moments gives them) is
  // consumed. `damping`, more than 0, is added to the diagonal: no finite text
  // shows that some inputs determine others. O(n^3) work, on the process's
  // thread pool.
  Compensator(std::vector<float> moments, int64_t n, float damping);

  // One row of n values to a type that BlockType knows. Throws Error as
  // QuantizeRow.
  void Encode(DType dtype, std::span<const float> values, std::byte* out) const;

 private:
  struct Row;
  void Round(Row* row) const;
  void Refine(Row* row) const;

  size_t n_;
  std::vector<float> upper_;     // U, rows from the diagonal on
  std::vector<float> weights_;   // D
  std::vector<float> diagonal_;  // of H = U D U^T
};

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_COMPENSATOR_H_
