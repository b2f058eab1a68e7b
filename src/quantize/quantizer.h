#ifndef LLAMBA_QUANTIZE_QUANTIZER_H_
#define LLAMBA_QUANTIZE_QUANTIZER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "model/tensor_source.h"
#include "quantize/compensator.h"
#include "quantize/imatrix.h"
#include "quantize/plan.h"

namespace llamba {

// What became of one tensor.
struct TensorReport {
  std::string name;  // in a GGUF of architecture llamba
  Shape shape;
  DType type = DType::kF32;
  // The plan's type where rows of this length do not take it; else empty.
  std::optional<DType> asked;
  // True where all rows were copied as they were stored.
  bool copied = false;
  uint64_t bytes = 0;
  // |stored - given| / |given| over all values, Frobenius norms.
  double relative_error = 0;
};

struct QuantizeReport {
  std::vector<TensorReport> tensors;  // in file order, vectors included
  uint64_t bytes = 0;                 // of all tensors
  int64_t parameters = 0;
  double BitsPerWeight() const {
    return 8.0 * static_cast<double>(bytes) / static_cast<double>(parameters);
  }
};

// Rounds matrices by the plan for WriteGgufModel, and keeps account: with an
// imatrix by importance, and making up for errors where it has moments. Memory
// is one row a thread, what the writer holds, and a matrix's moments.
class Quantizer : public MatrixCoder {
 public:
  // All must outlive it. `imatrix` may be null; throws Error where it lacks a
  // matrix of the model or has another number of columns (see
  // ImportanceOf).
  Quantizer(const ModelConfig& config, const TypePlan& plan,
            const Imatrix* imatrix);

  DType Type(const TensorSpec& spec) const override;
  void Begin(const TensorSpec& spec) override;
  void Encode(const TensorSpec& spec, DType dtype, int64_t row,
              std::span<const float> values, std::byte* out) override;

  // After the last row.
  QuantizeReport Finish();

 private:
  // Of one row; summed in order, so that a report does not depend on threads.
  struct RowError {
    double difference = 0, norm = 0;  // squares
    bool encoded = false;
  };
  void CloseTensor();

  const ModelConfig& config_;
  TypePlan plan_;
  const Imatrix* imatrix_;
  // Of the tensor under way: both may be absent.
  std::vector<float> importance_;
  std::optional<Compensator> compensator_;
  std::vector<RowError> rows_;
  QuantizeReport report_;
  TensorReport* current_ = nullptr;  // of report_; null between tensors
};

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_QUANTIZER_H_
