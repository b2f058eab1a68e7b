#include "distill/teacher/sampler.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/interrupt.h"

namespace llamba::distill {
namespace {

// Keys and values of every layer for all rows, and what may be looked at: a
// row's document reaches back to its own first token only.
class CachedTeacher {
 public:
  CachedTeacher(const LayerStack& teacher, int64_t rows, int64_t length)
      : teacher_(teacher), config_(teacher.config().attention) {
    const auto options = teacher.HeadWeight().options().requires_grad(false);
    for (int layer = 0; layer < teacher.n_layer(); ++layer) {
      const auto cache = [&] {
        return torch::zeros(
            {rows, config_.n_kv_heads, length, config_.head_dim}, options);
      };
      keys_.push_back(cache());
      values_.push_back(cache());
    }
    rotary_ = MakeRotary(config_, length, options);
    positions_ = torch::arange(
        length, torch::TensorOptions(torch::kInt64).device(options.device()));
  }

  // Logits (rows, V) after token `position` of each row; `starts` (rows) are
  // where the rows' documents begin.
  Tensor Step(const Tensor& ids, const Tensor& starts, int64_t position) {
    const Tensor visible = (positions_.slice(0, 0, position + 1).unsqueeze(0) >=
                            starts.unsqueeze(1))
                               .unsqueeze(1)
                               .unsqueeze(1);  // (rows, 1, 1, position + 1)
    Tensor x = teacher_.Embed(ids);
    for (int layer = 0; layer < teacher_.n_layer(); ++layer) {
      x = Block(layer, x, visible, position);
    }
    return Linear(teacher_.FinalNorm(x), teacher_.HeadWeight(),
                  teacher_.HeadBias());
  }

 private:
  Tensor Block(int layer, const Tensor& x, const Tensor& visible,
               int64_t position) {
    const LayerParameters p(teacher_.parameters(), layer);
    const double eps = teacher_.config().block_norm_epsilon;
    const Tensor h =
        x + Attend(layer, p, RmsNorm(x, p(TensorRole::kInputNorm), eps),
                   visible, position);
    return h + Mlp(RmsNorm(h, p(TensorRole::kPostNorm), eps), p,
                   teacher_.config().mlp);
  }

  Tensor Rotated(const Tensor& x, int64_t position) const {
    const auto halves = x.chunk(2, -1);
    const Tensor cos = rotary_.cos[position], sin = rotary_.sin[position];
    return torch::cat(
        {halves[0] * cos - halves[1] * sin, halves[1] * cos + halves[0] * sin},
        -1);
  }

  Tensor Attend(int layer, const LayerParameters& p, const Tensor& u,
                const Tensor& visible, int64_t position) {
    const auto project = [&](TensorRole weight, TensorRole bias, int64_t n) {
      return Linear(u, p(weight), p.Optional(bias))
          .view({u.size(0), n, config_.head_dim});
    };
    const int64_t kv = config_.n_kv_heads;
    const Tensor q = Rotated(
        project(TensorRole::kAttnQ, TensorRole::kAttnQBias, config_.n_heads),
        position);
    keys_[layer]
        .select(2, position)
        .copy_(Rotated(project(TensorRole::kAttnK, TensorRole::kAttnKBias, kv),
                       position));
    values_[layer]
        .select(2, position)
        .copy_(project(TensorRole::kAttnV, TensorRole::kAttnVBias, kv));
    const Tensor k = keys_[layer].slice(2, 0, position + 1);
    const Tensor v = values_[layer].slice(2, 0, position + 1);
    // The query heads of a group stand as rows before their key head.
    const Tensor grouped = q.view({u.size(0), kv, -1, config_.head_dim});
    const Tensor scores =
        torch::matmul(grouped, k.transpose(2, 3)).to(torch::kFloat32) /
        std::sqrt(static_cast<double>(config_.head_dim));
    const Tensor weights =
        scores.masked_fill(visible.logical_not(), -INFINITY).softmax(3);
    const Tensor mixed =
        torch::matmul(weights.to(v.scalar_type()), v).flatten(1);
    return Linear(mixed, p(TensorRole::kAttnO),
                  p.Optional(TensorRole::kAttnOBias));
  }

  const LayerStack& teacher_;
  const AttentionConfig config_;
  std::vector<Tensor> keys_, values_;  // (rows, n_kv_heads, length, head_dim)
  Rotary rotary_;
  Tensor positions_;
};

// One row's document in the making.
class RowWriter {
 public:
  explicit RowWriter(const SampleOptions& options) : options_(options) {}

  // The token that must come next whatever the teacher says; -1 for its choice.
  int32_t Forced() const {
    return document_.size() < options_.prefix.size()
               ? options_.prefix[document_.size()]
               : -1;
  }

  // Takes the row's next token; true when it ended the document, which is then
  // whole in document().
  bool Add(int32_t id) {
    const bool in_prefix = document_.size() < options_.prefix.size();
    // Some teachers end a text only by beginning the next one.
    if (!in_prefix && id == options_.prefix[0]) {
      if (id == options_.document_end) document_.push_back(id);
      return true;
    }
    document_.push_back(id);
    if (in_prefix) return false;
    if (id == options_.document_end) return true;
    if (id == options_.turn_end && ++turns_ == options_.turns) {
      document_.push_back(options_.document_end);
      return true;
    }
    return false;
  }

  // Holds something that the teacher wrote.
  bool Written() const { return document_.size() > options_.prefix.size(); }
  const std::vector<int32_t>& document() const { return document_; }
  void Restart() {
    document_.clear();
    turns_ = 0;
  }

 private:
  const SampleOptions& options_;
  std::vector<int32_t> document_;
  int turns_ = 0;
};

// argmax(p / Exp(1)) draws from p; one pass over the vocabulary.
Tensor Draw(const Tensor& logits, double temperature) {
  const Tensor p = (logits.to(torch::kFloat32) / temperature).softmax(1);
  return (p / torch::empty_like(p).exponential_()).argmax(1);
}

}  // namespace

void SampleDocuments(const LayerStack& teacher, const SampleOptions& options,
                     const DocumentSink& sink) {
  if (options.prefix.empty()) Fail("sample: documents need a first token");
  if (!(options.temperature > 0)) {
    Fail("sample: expected a temperature above 0, found {}",
         options.temperature);
  }
  const torch::NoGradGuard no_grad;
  torch::manual_seed(options.seed);
  CachedTeacher cached(teacher, options.rows, options.length);
  const torch::Device device = teacher.HeadWeight().device();
  for (;;) {
    std::vector<RowWriter> rows(options.rows, RowWriter(options));
    Tensor starts = torch::zeros({options.rows}, torch::kInt64);
    Tensor ids = torch::empty({options.rows}, torch::kInt64);
    int64_t* id = ids.data_ptr<int64_t>();
    std::fill_n(id, options.rows, options.prefix[0]);
    for (int64_t position = 0; position < options.length; ++position) {
      if (InterruptGuard::Interrupted()) return;
      for (int64_t r = 0; r < options.rows; ++r) {
        const int32_t forced = rows[r].Forced();
        if (forced >= 0) id[r] = forced;
        if (rows[r].document().empty()) {
          starts.data_ptr<int64_t>()[r] = position;
        }
        if (rows[r].Add(static_cast<int32_t>(id[r]))) {
          if (!sink(rows[r].document())) return;
          rows[r].Restart();
        }
      }
      const Tensor logits =
          cached.Step(ids.to(device), starts.to(device), position);
      ids.copy_(Draw(logits, options.temperature));
    }
    for (const RowWriter& row : rows) {
      if (row.Written() && !sink(row.document())) return;
    }
  }
}

}  // namespace llamba::distill
