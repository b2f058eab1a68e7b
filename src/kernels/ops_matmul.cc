#include <algorithm>
#include <array>
#include <optional>

#include "base/aligned_buffer.h"
#include "base/error.h"
#include "base/large_buffer.h"
#include "formats/formats.h"
#include "kernels/ops.h"
#include "kernels/panels/panels.h"
#include "kernels/split.h"

namespace llamba {
namespace {

// Weight rows come in tiles of this many; borders between tasks lie there.
constexpr int64_t kRowTile = 8;
constexpr int64_t kTiledRowTile = 32;
// Panels that kernels take side by side.
constexpr int64_t kPanelTile = 3;

constexpr size_t kProductsCount = 4;

void CheckWeights(const MatrixView& w) {
  if (w.InPanels()) {
    LLAMBA_ASSERT(HasPanels(w.dtype));
    LLAMBA_ASSERT(w.panel_bytes == PanelShape(w.dtype, w.cols).bytes);
    return;
  }
  LLAMBA_ASSERT(IsFloat(w.dtype));
  const std::optional<size_t> row = RowBytes(w.dtype, w.cols);
  LLAMBA_ASSERT(row && w.row_bytes >= static_cast<int64_t>(*row));
}

void Check(const MatMulArgs& args) {
  LLAMBA_ASSERT(args.segment == 0 || args.segment == 64 ||
                args.segment == 128 || args.segment == 256);
  LLAMBA_ASSERT(args.m >= 0 && args.w.rows >= 0 && args.w.cols >= 0);
  if (args.m == 0 || args.w.rows == 0) return;
  LLAMBA_ASSERT(args.w.data != nullptr && args.x != nullptr &&
                args.y != nullptr);
  CheckWeights(args.w);
  LLAMBA_ASSERT(args.m == 1 ||
                (args.x_stride >= args.w.cols && args.y_stride >= args.w.rows));
}

// Buffers of activations in 8 bits, as large as the largest call needed.
class QuantizedBuffer {
 public:
  static size_t RowBytes(int64_t cols) {
    constexpr size_t kBlock =
        kPanelBlock + 3 * sizeof(float) + 2 * sizeof(int32_t);
    return static_cast<size_t>(cols / kPanelBlock) * kBlock;
  }

  QuantizedRows Get(int64_t m, int64_t cols) {
    const auto blocks = static_cast<size_t>(m * cols / kPanelBlock);
    if (blocks > scales_.size()) {
      codes_ = AlignedBuffer<int8_t>(blocks * kPanelBlock);
      scales_ = AlignedBuffer<float>(blocks);
      sums_ = AlignedBuffer<float>(blocks);
      less_8_ = AlignedBuffer<int32_t>(blocks);
      less_128_ = AlignedBuffer<int32_t>(blocks);
      zeros_ = AlignedBuffer<float>(blocks);
    }
    return {m,
            cols,
            codes_.data(),
            scales_.data(),
            sums_.data(),
            less_8_.data(),
            less_128_.data(),
            zeros_.data()};
  }

 private:
  AlignedBuffer<int8_t> codes_;
  AlignedBuffer<float> scales_, sums_, zeros_;
  AlignedBuffer<int32_t> less_8_, less_128_;
};

PanelMatMulArgs InPanels(const MatMulArgs& args, const QuantizedRows& x) {
  PanelMatMulArgs panels;
  panels.dtype = args.w.dtype;
  panels.rows = args.w.rows;
  panels.panels = args.w.data;
  panels.panel_bytes = args.w.panel_bytes;
  panels.codes_offset = PanelShape(args.w.dtype, args.w.cols).codes_offset;
  panels.x = x;
  panels.bias = args.bias;
  panels.y = args.y;
  panels.y_stride = args.y_stride;
  panels.accumulate = args.accumulate;
  return panels;
}

// Bytes of results that wait in a cache to be added up.
constexpr int64_t kTermBytes = 256 << 10;

// y = terms of the values + terms of the rests, some panels' rows of them.
void AddTerms(const PanelMatMulArgs& args, const float* terms, int64_t stride,
              int64_t n_begin, int64_t n_end) {
  const int64_t rows = args.x.m / 2;
  for (int64_t m = 0; m < rows; ++m) {
    const float* value = terms + m * stride - n_begin;
    const float* rest = value + rows * stride;
    float* y = args.y + m * args.y_stride;
    for (int64_t n = n_begin; n < n_end; ++n) {
      float sum = value[n] + rest[n];
      if (args.bias != nullptr) sum += args.bias[n];
      y[n] = args.accumulate ? y[n] + sum : sum;
    }
  }
}

// The product with activations in 16 bits: of the rows of args.x, the second
// half holds what the first leaves over.
void MatMulPanelsOfTwoTerms(const KernelTable& kernels,
                            const PanelMatMulArgs& args, int64_t p_begin,
                            int64_t p_end) {
  const int64_t row_bytes =
      args.x.m * kPanelRows * static_cast<int64_t>(sizeof(float));
  const int64_t step =
      std::max<int64_t>(kTermBytes / (row_bytes * kPanelTile), 1) * kPanelTile;
  thread_local AlignedBuffer<float> terms;
  const auto floats = static_cast<size_t>(args.x.m * step * kPanelRows);
  if (terms.size() < floats) terms = AlignedBuffer<float>(floats);
  for (int64_t p = p_begin; p < p_end; p += step) {
    const int64_t panels = std::min(step, p_end - p);
    PanelMatMulArgs part = args;
    part.panels += p * args.panel_bytes;
    part.rows = std::min(args.rows - p * kPanelRows, panels * kPanelRows);
    part.bias = nullptr;
    part.accumulate = false;
    part.y = terms.data();
    part.y_stride = panels * kPanelRows;
    kernels.matmul_panels(part, 0, panels);
    AddTerms(args, terms.data(), part.y_stride, p * kPanelRows,
             p * kPanelRows + part.rows);
  }
}

void MultiplyArranged(const ArrangedProducts& products, const MatMulArgs& args,
                      const std::byte* arranged, int64_t n_begin,
                      int64_t n_end) {
  thread_local AlignedBuffer<std::byte> scratch;
  if (scratch.size() < products.scratch_bytes) {
    scratch = AlignedBuffer<std::byte>(products.scratch_bytes);
  }
  products.multiply(args, arranged, scratch.data(), n_begin, n_end);
}

}  // namespace

void Ops::MatMul(const MatMulArgs& args) const { MatMuls({&args, 1}); }

const MatMulArgs* Ops::FirstOf(Products products,
                               std::span<const MatMulArgs> args) const {
  for (const MatMulArgs& a : args) {
    if (a.m > 0 && ProductsOf(a) == products) return &a;
  }
  return nullptr;
}

const ArrangedProducts& Ops::ArrangedProductsOf(Products products) const {
  if (products == Products::kSegments) return *kernels_.segments;
  return products == Products::kBf16 ? *kernels_.bf16 : *kernels_.float32;
}

const std::byte* Ops::Arrange(std::span<const MatMulArgs> args,
                              Products products) const {
  const MatMulArgs* first = FirstOf(products, args);
  if (first == nullptr) return nullptr;
  // As in Quantize, one a type of products. Large, as all rows of weights read
  // it.
  thread_local std::array<LargeBuffer, kProductsCount> buffers;
  LargeBuffer& buffer = buffers[static_cast<size_t>(products)];
  const ArrangedProducts& kernels = ArrangedProductsOf(products);
  const size_t bytes = kernels.arranged_bytes(first->m, first->w.cols);
  if (buffer.size() < bytes) buffer = LargeBuffer(bytes);
  const ArrangeArgs arrange = {first->x,      first->x_stride, first->m,
                               first->w.cols, buffer.data(),   first->segment};
  WorkList work;
  work.Add(first->m, first->w.cols);
  work.Run(pool_, [&](size_t, int64_t begin, int64_t end) {
    kernels.arrange(arrange, begin, end);
  });
  return buffer.data();
}

Products Ops::ProductsOf(const MatrixView& w) const {
  if (w.InPanels()) return Products::kIntegers;
  const bool bf16 = w.dtype == DType::kBF16 && kernels_.bf16 != nullptr &&
                    activation_bits_ == 8;
  return bf16 ? Products::kBf16 : Products::kFloat32;
}

bool Ops::TakesSegments(const MatrixView& w) const {
  return w.InPanels() && kernels_.segments != nullptr && activation_bits_ == 8;
}

Products Ops::ProductsOf(const MatMulArgs& args) const {
  return args.segment > 0 && TakesSegments(args.w) ? Products::kSegments
                                                   : ProductsOf(args.w);
}

size_t Ops::RowBytesFor(const MatrixView& w) const {
  const Products products = ProductsOf(w);
  if (products != Products::kIntegers) {
    return ArrangedProductsOf(products).arranged_bytes(1, w.cols);
  }
  return QuantizedBuffer::RowBytes(w.cols) * (activation_bits_ == 16 ? 2 : 1);
}

QuantizedRows Ops::Quantize(std::span<const MatMulArgs> args) const {
  const MatMulArgs* first = FirstOf(Products::kIntegers, args);
  if (first == nullptr) return {};
  // Of the thread that calls; its pool reads it until the call ends.
  thread_local QuantizedBuffer buffer;
  const bool rests = activation_bits_ == 16;
  const QuantizedRows rows =
      buffer.Get(rests ? 2 * first->m : first->m, first->w.cols);
  const QuantizeArgs quantize = {first->x, first->x_stride, rows, rests};
  WorkList work;
  work.Add(first->m, 4 * rows.cols);
  work.Run(pool_, [&](size_t, int64_t begin, int64_t end) {
    kernels_.quantize_rows(quantize, begin, end);
  });
  return rows;
}

int64_t Ops::RowTile(const MatMulArgs& args) const {
  switch (ProductsOf(args)) {
    case Products::kIntegers:
      return kPanelTile * kPanelRows;
    case Products::kFloat32:
      return kRowTile;
    default:
      return kTiledRowTile;
  }
}

void Ops::MultiplyPanels(const PanelMatMulArgs& args, int64_t n_begin,
                         int64_t n_end) const {
  const int64_t first = n_begin / kPanelRows;
  const int64_t last = CeilDiv(n_end, kPanelRows);
  if (activation_bits_ == 16) {
    MatMulPanelsOfTwoTerms(kernels_, args, first, last);
  } else {
    kernels_.matmul_panels(args, first, last);
  }
}

void Ops::MatMuls(std::span<const MatMulArgs> args) const {
  if (observer_ != nullptr) observer_->Observe(args);
  WorkList work;
  for (const MatMulArgs& a : args) {
    Check(a);
    LLAMBA_ASSERT(a.x == args[0].x && a.m == args[0].m &&
                  a.w.cols == args[0].w.cols && a.segment == args[0].segment);
    const int64_t tile = RowTile(a);
    work.Add(a.m > 0 ? CeilDiv(a.w.rows, tile) : 0, tile * a.w.cols * a.m);
  }
  const QuantizedRows quantized = Quantize(args);
  std::array<const std::byte*, kProductsCount> arranged = {};
  for (const Products products :
       {Products::kFloat32, Products::kBf16, Products::kSegments}) {
    arranged[static_cast<size_t>(products)] = Arrange(args, products);
  }
  work.Run(pool_, [&](size_t i, int64_t begin, int64_t end) {
    const int64_t tile = RowTile(args[i]);
    const int64_t first = begin * tile;
    const int64_t last = std::min(end * tile, args[i].w.rows);
    const Products products = ProductsOf(args[i]);
    if (products == Products::kIntegers) {
      MultiplyPanels(InPanels(args[i], quantized), first, last);
    } else {
      MultiplyArranged(ArrangedProductsOf(products), args[i],
                       arranged[static_cast<size_t>(products)], first, last);
    }
  });
}

}  // namespace llamba
