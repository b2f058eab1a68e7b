#ifndef LLAMBA_QUANTIZE_IMATRIX_COLLECTOR_H_
#define LLAMBA_QUANTIZE_IMATRIX_COLLECTOR_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/ops.h"

namespace llamba {

// What an importance matrix says of where it comes from.
struct ImatrixSource {
  std::string dataset;      // the text's file
  int64_t chunk_count = 0;  // windows read
  int64_t chunk_size = 0;   // tokens in one
};

// Gathers an importance matrix (see imatrix.h) while a model runs: give it to
// the model's options, name its matrices, run it over a text, write. Used by
// one thread at a time.
class ImatrixCollector : public MatMulObserver {
 public:
  // With `moments`, the products of each two inputs are summed as well: cols^2
  // floats of memory for each input, and about as much work as a product with a
  // square matrix.
  explicit ImatrixCollector(bool moments)
      : ops_(GetKernels(""), ThreadPool::Default()), moments_(moments) {}

  // The matrix that products read at `data` is called `name`.
  void Watch(const MatrixView& view, const std::string& name);

  void Observe(std::span<const MatMulArgs> args) override;

  // Throws Error where a watched matrix was never multiplied, or the file
  // cannot be written.
  void Write(const std::string& path, const ImatrixSource& source) const;

 private:
  struct Sums {
    std::string name;
    int64_t cols = 0;
    int64_t rows = 0;             // of inputs, seen so far
    std::vector<double> squares;  // (cols)
    std::vector<float> moments;   // (cols, cols), empty where not gathered
  };
  void AddMoments(const MatMulArgs& args, Sums* sums);

  const Ops ops_;
  const bool moments_;
  std::map<const std::byte*, Sums> sums_;
  std::vector<float> transposed_;  // (cols, rows) of an input
};

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_IMATRIX_COLLECTOR_H_
