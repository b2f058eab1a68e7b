#ifndef LLAMBA_QUANTIZE_IMATRIX_H_
#define LLAMBA_QUANTIZE_IMATRIX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/gguf.h"

namespace llamba {

// An importance matrix: for every matrix of a model the sums, over the tokens
// of a text, of the squares of what each column was multiplied by. The file is
// llama.cpp's GGUF form (docs/file-format.md): `NAME.in_sum2` and
// `NAME.counts`, where NAME is the matrix's name in a GGUF model. Beside them
// may stand `NAME.in_moments`, sums of the products of each two inputs, which a
// Compensator needs.
class Imatrix {
 public:
  // Maps the file. Throws Error where it is no importance matrix, or a tensor
  // of it has another type or shape than the form says.
  static Imatrix Open(const std::string& path);

  const std::string& path() const { return path_; }
  bool Has(const std::string& matrix) const;
  // The mean square of each column's input, scaled so that their mean is 1.
  // Throws Error where the file lacks the matrix, was gathered from another
  // number of columns, or holds what no sum of squares can be.
  std::vector<float> Importance(const std::string& matrix, int64_t cols) const;

  // The products' means (cols x cols, row-major, symmetric), where the file has
  // them for what this matrix is multiplied by (ffn_up shares the input of
  // ffn_gate, attn_k and attn_v that of attn_q); else empty. Throws as
  // Importance.
  std::vector<float> Moments(const std::string& matrix, int64_t cols) const;

 private:
  explicit Imatrix(GgufFile file) : file_(std::move(file)) {}

  std::string path_;
  GgufFile file_;
};

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_IMATRIX_H_
