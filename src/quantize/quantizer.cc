#include "quantize/quantizer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "formats/formats.h"
#include "quantize/block_type.h"
#include "quantize/row_quantizer.h"

namespace llamba {
namespace {

// The name of a matrix in GGUF models of either architecture: they agree.
std::string NameOf(const TensorSpec& spec) {
  return TensorName(Layout::kGgufLlamba, spec.id);
}

// An embedding's rows are looked up, not multiplied, unless it is the head as
// well; and llama.cpp gathers nothing of a head unless asked. So these two may
// be missing from a file.
bool MayLack(TensorRole role) {
  return role == TensorRole::kEmbedding || role == TensorRole::kHead;
}

// Shares of the mean square. Between 0.01 and 0.3 the divergence hardly moves.
constexpr float kDamping = 0.1f;
// The rows of a tied head are looked up as well, where an error counts by
// itself.
constexpr float kTiedDamping = 1.0f;

}  // namespace

Quantizer::Quantizer(const ModelConfig& config, const TypePlan& plan,
                     const Imatrix* imatrix)
    : config_(config), plan_(plan), imatrix_(imatrix) {
  report_.parameters = config.NumParameters();
  for (const TensorSpec& spec : Schema(config)) {
    TensorReport tensor;
    tensor.name = NameOf(spec);
    tensor.shape = spec.shape;
    tensor.type = spec.is_matrix ? Type(spec) : DType::kF32;
    const DType asked = AskedType(plan, spec.id.role, config.tie_embeddings);
    if (spec.is_matrix && tensor.type != asked) tensor.asked = asked;
    tensor.bytes = TensorBytes(tensor.type, spec.shape).value();
    report_.bytes += tensor.bytes;
    report_.tensors.push_back(tensor);
    if (imatrix == nullptr || !spec.is_matrix) continue;
    if (imatrix->Has(tensor.name) || !MayLack(spec.id.role)) {
      imatrix->Importance(tensor.name, spec.shape.back());
    } else if (spec.id.role == TensorRole::kHead || config.tie_embeddings) {
      spdlog::warn("{}: nothing about {}: it is rounded without importance",
                   imatrix->path(), tensor.name);
    }
  }
}

DType Quantizer::Type(const TensorSpec& spec) const {
  return PlannedType(plan_, spec, config_.tie_embeddings);
}

void Quantizer::Begin(const TensorSpec& spec) {
  CloseTensor();
  rows_.assign(static_cast<size_t>(spec.shape[0]), {});
  importance_.clear();
  compensator_.reset();
  const std::string name = NameOf(spec);
  if (imatrix_ != nullptr && imatrix_->Has(name)) {
    const int64_t cols = spec.shape.back();
    importance_ = imatrix_->Importance(name, cols);
    std::vector<float> moments = imatrix_->Moments(name, cols);
    if (!moments.empty() && BlockType::Find(Type(spec)) != nullptr) {
      const bool looked_up = spec.id.role == TensorRole::kEmbedding;
      compensator_.emplace(std::move(moments), cols,
                           looked_up ? kTiedDamping : kDamping);
    }
  }
  current_ = &*std::find_if(
      report_.tensors.begin(), report_.tensors.end(),
      [&](const TensorReport& tensor) { return tensor.name == name; });
}

void Quantizer::Encode(const TensorSpec&, DType dtype, int64_t row,
                       std::span<const float> values, std::byte* out) {
  if (compensator_) {
    compensator_->Encode(dtype, values, out);
  } else {
    QuantizeRow(dtype, values, importance_, out);
  }
  std::vector<float> stored(values.size());
  DecodeRow(dtype, out, stored);
  RowError& error = rows_[static_cast<size_t>(row)];
  error.encoded = true;
  for (size_t i = 0; i < values.size(); ++i) {
    const double difference = double{stored[i]} - values[i];
    error.difference += difference * difference;
    error.norm += double{values[i]} * values[i];
  }
}

void Quantizer::CloseTensor() {
  if (current_ == nullptr) return;
  RowError sum;
  for (const RowError& row : rows_) {
    sum.difference += row.difference;
    sum.norm += row.norm;
    sum.encoded |= row.encoded;
  }
  current_->copied = !sum.encoded;
  current_->relative_error =
      sum.norm > 0 ? std::sqrt(sum.difference / sum.norm) : 0;
  current_ = nullptr;
}

QuantizeReport Quantizer::Finish() {
  CloseTensor();
  return report_;
}

}  // namespace llamba
