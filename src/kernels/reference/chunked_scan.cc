#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/reference/reference.h"

namespace llamba::reference {
namespace {

// log sigmoid(-a), without overflow at either end.
double LogDecay(double a) {
  return a > 0 ? -a - std::log1p(std::exp(-a)) : -std::log1p(std::exp(a));
}

// Tokens [t0, t0 + length) of one head, from and to `state` (N, P).
class HeadChunk {
 public:
  HeadChunk(const ScanArgs& args, int64_t head, int64_t t0, int64_t length)
      : args_(args), head_(head), t0_(t0), length_(length) {
    double sum = 0;
    for (int64_t i = 0; i < length; ++i) {
      sum += LogDecay(args.a_log[(t0 + i) * args.a_log_stride + head]);
      log_decay_.push_back(sum);
    }
  }

  void Run(double* state) const {
    for (int64_t t = 0; t < length_; ++t) Output(t, state);
    Carry(state);
  }

 private:
  double Sum(int64_t t) const { return log_decay_[static_cast<size_t>(t)]; }
  const float* X(int64_t t) const {
    return args_.x + (t0_ + t) * args_.xbc_stride + head_ * args_.head_dim;
  }
  int64_t GroupOffset(int64_t t) const {
    const int64_t group = head_ / (args_.n_v_heads / args_.n_qk_heads);
    return (t0_ + t) * args_.xbc_stride + group * args_.d_state;
  }
  const float* B(int64_t t) const { return args_.b + GroupOffset(t); }
  const float* C(int64_t t) const { return args_.c + GroupOffset(t); }

  // y_t = sum over s <= t of exp(c_t - c_s) (C_t . B_s) x_s
  //     + exp(c_t) C_t S_start + D x_t.
  void Output(int64_t t, const double* state) const {
    std::vector<double> y(static_cast<size_t>(args_.head_dim));
    for (int64_t s = 0; s <= t; ++s) {
      double dot = 0;
      for (int64_t n = 0; n < args_.d_state; ++n) {
        dot += static_cast<double>(C(t)[n]) * B(s)[n];
      }
      AddScaled(std::exp(Sum(t) - Sum(s)) * dot, X(s), y);
    }
    for (int64_t n = 0; n < args_.d_state; ++n) {
      AddScaled(std::exp(Sum(t)) * C(t)[n], state + n * args_.head_dim, y);
    }
    AddScaled(args_.d[head_], X(t), y);
    std::copy(y.begin(), y.end(),
              args_.y + (t0_ + t) * args_.y_stride + head_ * args_.head_dim);
  }

  // S_end = exp(c_end) S_start + sum exp(c_end - c_s) B_s x_s^T.
  void Carry(double* state) const {
    const double total = Sum(length_ - 1);
    for (int64_t n = 0; n < args_.d_state; ++n) {
      for (int64_t p = 0; p < args_.head_dim; ++p) {
        double sum = std::exp(total) * state[n * args_.head_dim + p];
        for (int64_t s = 0; s < length_; ++s) {
          sum += std::exp(total - Sum(s)) * B(s)[n] * X(s)[p];
        }
        state[n * args_.head_dim + p] = sum;
      }
    }
  }

  template <typename T>
  static void AddScaled(double scale, const T* x, std::vector<double>& y) {
    for (size_t i = 0; i < y.size(); ++i) y[i] += scale * x[i];
  }

  const ScanArgs& args_;
  const int64_t head_, t0_, length_;
  std::vector<double> log_decay_;  // running sums, inclusive
};

}  // namespace

void ChunkedScan(const ScanArgs& args, int64_t chunk, int64_t begin,
                 int64_t end) {
  const int64_t size = args.d_state * args.head_dim;
  for (int64_t h = begin; h < end; ++h) {
    float* stored = args.state + h * size;
    std::vector<double> state(stored, stored + size);
    for (int64_t t = 0; t < args.n_tokens; t += chunk) {
      const int64_t length = std::min(chunk, args.n_tokens - t);
      HeadChunk(args, h, t, length).Run(state.data());
    }
    std::copy(state.begin(), state.end(), stored);
  }
}

}  // namespace llamba::reference
