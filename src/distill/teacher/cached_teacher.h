#ifndef LLAMBA_DISTILL_TEACHER_CACHED_TEACHER_H_
#define LLAMBA_DISTILL_TEACHER_CACHED_TEACHER_H_

#include <vector>

#include "distill/kernels/fused.h"
#include "distill/stack.h"

namespace llamba::distill {

// A teacher that reads one token a row at a time, all rows at one position,
// with keys and values of every layer kept: rows x length x n_kv_heads x
// head_dim of each, in the parameters' type. `teacher` is all attention and
// must outlive it. Makes no graph.
class CachedTeacher {
 public:
  CachedTeacher(const LayerStack& teacher, int64_t rows, int64_t length);

  // Logits (rows, V) after token `position` of each row. `ids` and `starts`,
  // (rows) int64 on the teacher's device: the tokens, and where the rows'
  // documents begin, before which nothing is looked at. Positions come in
  // order; 0 begins anew.
  Tensor Step(const Tensor& ids, const Tensor& starts, int64_t position);

 private:
  // What all layers read at one position.
  struct Place {
    int64_t position;
    Tensor cos, sin;  // (head_dim / 2)
    Tensor hidden;    // (rows, 1, 1, position + 1), true before the document
    CacheSpans spans;
  };
  Place MakePlace(const Tensor& starts, int64_t position) const;
  Tensor Block(int layer, const Tensor& x, const Place& place);
  // (rows, n P) as projected -> (rows, n, P), turned; may change `projected`.
  Tensor Rotated(const Tensor& projected, int64_t n_heads,
                 const Place& place) const;
  Tensor Attend(int layer, const LayerParameters& p, const Tensor& u,
                const Place& place);
  // q (rows, H, P) -> (rows, H P).
  Tensor Mix(int layer, const Tensor& q, const Place& place) const;

  const LayerStack& teacher_;
  const AttentionConfig config_;
  const int64_t rows_;
  std::vector<Tensor> keys_, values_;  // (rows, n_kv_heads, length, head_dim)
  Rotary rotary_;
  Tensor positions_;   // 0 to length - 1
  Tensor row_begins_;  // (rows + 1): r length
};

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TEACHER_CACHED_TEACHER_H_
