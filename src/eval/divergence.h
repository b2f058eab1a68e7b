#ifndef LLAMBA_EVAL_DIVERGENCE_H_
#define LLAMBA_EVAL_DIVERGENCE_H_

#include <cstdint>
#include <span>
#include <vector>

namespace llamba {

// One token that two models were asked for: what each says of it, in nats.
struct TokenComparison {
  double nll_a = 0, nll_b = 0;  // -log of the probability of the true token
  double kl = 0;                // KL(A || B) over the whole vocabulary
  bool same_top = false;        // the greatest logit is the same token's
};

// log sum_i exp(logits_i), exact to a few units of double's last place times
// the number of terms; -infinity and NaN pass through as IEEE has it.
double LogSumExp(std::span<const float> logits);

// Compares two rows of logits of one size at a position whose next token is
// `target`: KL(A || B) = sum_i p_i (log p_i - log q_i) with p and q the softmax
// of A and B, in double. Ties of the greatest logit go to the lower id. Pure.
TokenComparison CompareLogits(std::span<const float> a,
                              std::span<const float> b, int32_t target);

struct DivergenceSummary {
  int64_t tokens = 0;
  double ppl_a = 0, ppl_b = 0;  // exp of the mean nll
  double mean_kl = 0, p99_kl = 0;
  double top1_agreement = 0;  // share of tokens
};

// Gathers comparisons; keeps four bytes a token for the percentile.
class Divergence {
 public:
  void Add(const TokenComparison& token);
  int64_t tokens() const { return static_cast<int64_t>(kls_.size()); }
  // All zeros before the first token. The percentile is the smallest KL that at
  // least 99 % of the tokens do not exceed.
  DivergenceSummary Summary() const;

 private:
  double nll_a_ = 0, nll_b_ = 0, kl_ = 0;
  int64_t same_top_ = 0;
  std::vector<float> kls_;
};

}  // namespace llamba

#endif  // LLAMBA_EVAL_DIVERGENCE_H_
