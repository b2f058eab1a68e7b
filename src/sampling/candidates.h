#ifndef LLAMBA_SAMPLING_CANDIDATES_H_
#define LLAMBA_SAMPLING_CANDIDATES_H_

#include <cstdint>
#include <span>
#include <vector>

namespace llamba {

struct Candidate {
  int32_t id;
  float logit;
};

// Tokens that are still in the race. Steps only remove some and reorder.
using Candidates = std::vector<Candidate>;

// More probable first, the lower id where equal: a total order, so results do
// not depend on how something was sorted.
inline bool Better(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

// All tokens but those at -infinity: the best top_k if there are more, the best
// first, else (and for top_k 0) all in order of id.
Candidates MakeCandidates(std::span<const float> logits, int64_t top_k = 0);

// The other truncations. Each keeps at least one candidate and leaves what it
// does not cut as it was; off values (see SamplerOptions) do nothing.
void KeepTypical(Candidates& candidates, double p);
void KeepTopP(Candidates& candidates, double p);
void KeepMinP(Candidates& candidates, double p);

// Draws an id with probability proportional to exp(logit / temperature);
// `uniform` in [0, 1) is the draw.
int32_t Draw(const Candidates& candidates, double temperature, double uniform);

}  // namespace llamba

#endif  // LLAMBA_SAMPLING_CANDIDATES_H_
