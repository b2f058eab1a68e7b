#ifndef LLAMBA_KERNELS_OPS_H_
#define LLAMBA_KERNELS_OPS_H_

#include <span>

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace llamba {

// Sees every product before it is computed: for statistics of what matrices are
// multiplied by. Called on the thread that called Ops.
class MatMulObserver {
 public:
  virtual ~MatMulObserver() = default;
  // Products of one call share their x.
  virtual void Observe(std::span<const MatMulArgs> args) = 0;
};

// What the factors of a product are.
enum class Products { kFloat32, kBf16, kIntegers, kSegments };

// What model code calls: each op checks its arguments (an assertion: shapes
// come from a validated config), cuts the work along rows, channels or heads,
// never along K, and runs it on the pool. Holds no state but the references
// (`observer` may be null), which must outlive it; thread-safe, calls queue for
// the pool.
class Ops {
 public:
  // Weights in panels are multiplied by activations of `activation_bits`, 8 or
  // 16: the latter takes twice the products, and reads the weights once. BF16
  // weights are multiplied by activations in bf16 where these are 8 and the
  // machine can, else in float32.
  Ops(const KernelTable& kernels, ThreadPool& pool,
      MatMulObserver* observer = nullptr, int activation_bits = 8)
      : kernels_(kernels),
        pool_(pool),
        observer_(observer),
        activation_bits_(activation_bits) {}

  const KernelTable& kernels() const { return kernels_; }
  ThreadPool& pool() const { return pool_; }
  // What these weights and what they are multiplied by are taken as, where
  // MatMulArgs::segment is 0.
  Products ProductsOf(const MatrixView& w) const;
  // Whether products with w take segments of activations (MatMulArgs::segment).
  bool TakesSegments(const MatrixView& w) const;
  // Bytes that a row of activations takes once quantised, or arranged, for a
  // product with w: memory that stays with the thread that calls MatMul.
  size_t RowBytesFor(const MatrixView& w) const;

  void MatMul(const MatMulArgs& args) const;
  // Several products of one x (q, k, v; gate and up): one fork-join. x is
  // quantised, or arranged, once for all of them.
  void MatMuls(std::span<const MatMulArgs> args) const;
  void RmsNorm(const RmsNormArgs& args, int64_t m) const;
  void Gate(const GateArgs& args, int64_t m) const;
  void Glu(const GluArgs& args, int64_t m) const;
  void Rope(const RopeArgs& args, int64_t m) const;

  // One element a sequence; sequences and heads (channels) are shared out.
  void Conv1d(std::span<const Conv1dArgs> sequences) const;
  void Scan(std::span<const ScanArgs> sequences) const;
  void Attention(std::span<const AttentionArgs> sequences) const;

 private:
  Products ProductsOf(const MatMulArgs& args) const;
  // The first that is made with such factors and has rows of x; null where
  // there is none.
  const MatMulArgs* FirstOf(Products products,
                            std::span<const MatMulArgs> args) const;
  QuantizedRows Quantize(std::span<const MatMulArgs> args) const;
  // Those that are not kIntegers.
  const ArrangedProducts& ArrangedProductsOf(Products products) const;
  const std::byte* Arrange(std::span<const MatMulArgs> args,
                           Products products) const;
  // Borders between tasks lie at multiples of so many rows of weights.
  int64_t RowTile(const MatMulArgs& args) const;
  void MultiplyPanels(const PanelMatMulArgs& args, int64_t n_begin,
                      int64_t n_end) const;

  const KernelTable& kernels_;
  ThreadPool& pool_;
  MatMulObserver* observer_;
  int activation_bits_;
};

}  // namespace llamba

#endif  // LLAMBA_KERNELS_OPS_H_
