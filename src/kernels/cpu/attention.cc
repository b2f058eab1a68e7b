#include <cmath>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention.cc"

#include "hwy/foreach_target.h"
#include "kernels/cpu/activation-inl.h"
#include "kernels/cpu/floats-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

// Softmax is computed online, over blocks of keys at absolute multiples of
// kKeys: so a query's result does not depend on how its prompt was cut.
constexpr int64_t kKeys = 64;
// Queries that share the keys and values of a block while they lie in cache.
constexpr int64_t kQueries = kAttentionTokens;
constexpr int kQueryTile = kManyRegisters ? 6 : 3;
static_assert(kQueries % kQueryTile == 0);
constexpr int kKeyTile = 4;
// Vectors of the output that stay in registers while values are added.
constexpr int kValueTile = 4;

struct Block {
  const float* keys[kKeys];
  const float* values[kKeys];
  int64_t first;  // position
  int64_t count;
};

// What the queries [0, kQueries) carry from block to block; the weighted sum of
// values stands in y.
struct Running {
  HWY_ALIGN float weights[kQueries][kKeys];  // of this block
  HWY_ALIGN float sums[kQueries][kLanes];    // of all weights, lane by lane
  float largest[kQueries];
};

HWY_INLINE void LoadBlock(const AttentionArgs& args, int64_t kv_head,
                          int64_t first, int64_t end, Block& block) {
  const int64_t values = args.n_kv_heads * args.page_tokens * args.head_dim;
  block.first = first;
  block.count = HWY_MIN(kKeys, end - first);
  for (int64_t j = 0; j < block.count; ++j) {
    const int64_t position = first + j;
    const int64_t row =
        kv_head * args.page_tokens + position % args.page_tokens;
    block.keys[j] =
        args.pages[position / args.page_tokens] + row * args.head_dim;
    block.values[j] = block.keys[j] + values;
  }
}

template <int kM, int kN>
HWY_INLINE void ScoreTile(const float* const (&q)[kM], const float* const* keys,
                          int64_t head_dim, float* const (&scores)[kM]) {
  Tile<Floats, kM, kN> tile;
  tile.Clear();
  for (int64_t i = 0; i < head_dim; i += kLanes) {
    const auto load = [=](const float* row) LLAMBA_INLINE_LAMBDA {
      return Floats::FromFloats(row + i, head_dim - i);
    };
    tile.Add([&](auto m) LLAMBA_INLINE_LAMBDA { return load(q[m]); },
             [&](auto n) LLAMBA_INLINE_LAMBDA { return load(keys[n]); });
  }
  Sums<Floats, kM> sums;
  tile.AddTo(sums, true);
  Repeat<kM>([&](auto i) LLAMBA_INLINE_LAMBDA {
    float four[4];
    Floats::StoreFour(sums.of[i], four);
    for (int j = 0; j < kN; ++j) scores[i][j] = four[j];
  });
}

// Dot products of kM queries with all keys of the block.
template <int kM>
HWY_INLINE void Scores(const AttentionArgs& args, const Block& block,
                       const float* q_row, float (*weights)[kKeys]) {
  const float* q[kM];
  for (int i = 0; i < kM; ++i) q[i] = q_row + i * args.q_stride;
  int64_t j = 0;
  for (; j < block.count;) {
    float* scores[kM];
    for (int i = 0; i < kM; ++i) scores[i] = weights[i] + j;
    if (j + kKeyTile <= block.count) {
      ScoreTile<kM, kKeyTile>(q, block.keys + j, args.head_dim, scores);
      j += kKeyTile;
    } else {
      ScoreTile<kM, 1>(q, block.keys + j, args.head_dim, scores);
      ++j;
    }
  }
}

// Turns the scores of one query into weights, against the largest score so far,
// and scales what it carries to match. Keys from `count` on weigh nothing.
HWY_INLINE void Softmax(const AttentionArgs& args, int64_t count, int64_t i,
                        Running& running, float* y) {
  const DF df;
  constexpr int64_t kFewer = HWY_MIN(kLanes, kKeys);
  static_assert(kKeys % kFewer == 0);
  float* w = running.weights[i];
  for (int64_t j = count; j < kKeys; ++j) w[j] = -HUGE_VALF;
  VF largest = hn::Set(df, running.largest[i]);
  const VF scale = hn::Set(df, args.scale);
  for (int64_t j = 0; j < kKeys; j += kLanes) {
    const VF scaled = hn::Mul(hn::Load(df, w + j), scale);
    hn::Store(scaled, df, w + j);
    largest = hn::Max(largest, scaled);
  }
  largest = hn::MaxOfLanes(df, largest);
  const float now = hn::GetLane(largest);
  const VF keep =
      hn::Exp(df, hn::Sub(hn::Set(df, running.largest[i]), largest));
  running.largest[i] = now;
  VF sum = hn::Mul(hn::Load(df, running.sums[i]), keep);
  for (int64_t j = 0; j < kKeys; j += kLanes) {
    const VF weight = hn::Exp(df, hn::Sub(hn::Load(df, w + j), largest));
    hn::Store(weight, df, w + j);
    sum = hn::Add(sum, weight);
  }
  hn::Store(sum, df, running.sums[i]);
  const float kept = hn::GetLane(keep);
  ForVectors(0, args.head_dim, [&](auto d, int64_t c) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::LoadU(d, y + c), hn::Set(d, kept)), d, y + c);
  });
}

// y[i] += sum over keys [begin, end), in order, of weight * value, for kM
// queries and kN vectors from element c on.
template <int kM, int kN, class D>
HWY_INLINE void ValueTile(D d, const Block& block, int64_t begin, int64_t end,
                          const float (*weights)[kKeys], int64_t c, float* y,
                          int64_t y_stride) {
  constexpr int64_t kStep = static_cast<int64_t>(hn::MaxLanes(D()));
  hn::Vec<D> acc[kM][kN];
  for (int i = 0; i < kM; ++i) {
    for (int j = 0; j < kN; ++j) {
      acc[i][j] = hn::LoadU(d, y + i * y_stride + c + j * kStep);
    }
  }
  for (int64_t key = begin; key < end; ++key) {
    hn::Vec<D> v[kN];
    for (int j = 0; j < kN; ++j) {
      v[j] = hn::LoadU(d, block.values[key] + c + j * kStep);
    }
    for (int i = 0; i < kM; ++i) {
      const hn::Vec<D> weight = hn::Set(d, weights[i][key]);
      for (int j = 0; j < kN; ++j) {
        acc[i][j] = hn::MulAdd(weight, v[j], acc[i][j]);
      }
    }
  }
  for (int i = 0; i < kM; ++i) {
    for (int j = 0; j < kN; ++j) {
      hn::StoreU(acc[i][j], d, y + i * y_stride + c + j * kStep);
    }
  }
}

template <int kM>
HWY_INLINE void AddValues(const AttentionArgs& args, const Block& block,
                          int64_t begin, int64_t end,
                          const float (*weights)[kKeys], float* y) {
  if (begin == end) return;
  int64_t c = 0;
  for (; c + kValueTile * kLanes <= args.head_dim; c += kValueTile * kLanes) {
    ValueTile<kM, kValueTile>(DF(), block, begin, end, weights, c, y,
                              args.y_stride);
  }
  ForVectors(c, args.head_dim, [&](auto d, int64_t i) HWY_ATTR {
    ValueTile<kM, 1>(d, block, begin, end, weights, i, y, args.y_stride);
  });
}

// kM queries, token t and after, against one block. The diagonal block holds
// keys that later ones of the queries see and earlier ones do not.
template <int kM>
HWY_NOINLINE void QueryTile(const AttentionArgs& args, const Block& block,
                            int64_t head, int64_t t, int64_t i,
                            Running& running) {
  const int64_t offset = head * args.head_dim;
  float* y = args.y + t * args.y_stride + offset;
  float(*weights)[kKeys] = running.weights + i;
  Scores<kM>(args, block, args.q + t * args.q_stride + offset, weights);
  int64_t seen[kM];
  for (int m = 0; m < kM; ++m) {
    const int64_t visible = args.first_position + t + m + 1 - block.first;
    seen[m] = HWY_MIN(visible, block.count);
    Softmax(args, seen[m], i + m, running, y + m * args.y_stride);
  }
  AddValues<kM>(args, block, 0, seen[0], weights, y);
  for (int m = 1; m < kM; ++m) {
    AddValues<1>(args, block, seen[0], seen[m], weights + m,
                 y + m * args.y_stride);
  }
}

HWY_INLINE void Start(const AttentionArgs& args, int64_t head, int64_t t,
                      int64_t i, Running& running) {
  running.largest[i] = -HUGE_VALF;
  std::memset(running.sums[i], 0, sizeof(running.sums[i]));
  std::memset(args.y + t * args.y_stride + head * args.head_dim, 0,
              static_cast<size_t>(args.head_dim) * sizeof(float));
}

HWY_INLINE void Normalise(const AttentionArgs& args, int64_t head, int64_t t,
                          const float* sums) {
  const DF df;
  float* y = args.y + t * args.y_stride + head * args.head_dim;
  const float scale = 1 / SumLanes(hn::Load(df, sums));
  ForVectors(0, args.head_dim, [&](auto d, int64_t c) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::LoadU(d, y + c), hn::Set(d, scale)), d, y + c);
  });
}

// All tokens of [t_begin, t_end) that see the block, at most kQueryTile at a
// time, as even as can be.
HWY_INLINE void BlockQueries(const AttentionArgs& args, const Block& block,
                             int64_t head, int64_t t_begin, int64_t t_end,
                             Running& running) {
  int64_t t = HWY_MAX(t_begin, block.first - args.first_position);
  while (t < t_end) {
    const int64_t tiles = (t_end - t + kQueryTile - 1) / kQueryTile;
    const int64_t rows = (t_end - t + tiles - 1) / tiles;
    WithRows<kQueryTile>(rows, [&](auto m) LLAMBA_INLINE_LAMBDA {
      QueryTile<m>(args, block, head, t, t - t_begin, running);
    });
    t += rows;
  }
}

void Attention(const AttentionArgs& args, int64_t head, int64_t t_begin,
               int64_t t_end) {
  const int64_t kv_head = head / (args.n_heads / args.n_kv_heads);
  Running running;
  Block block;
  for (int64_t t0 = t_begin; t0 < t_end; t0 += kQueries) {
    const int64_t t1 = HWY_MIN(t0 + kQueries, t_end);
    const int64_t end = args.first_position + t1;
    for (int64_t t = t0; t < t1; ++t) Start(args, head, t, t - t0, running);
    for (int64_t key = 0; key < end; key += kKeys) {
      LoadBlock(args, kv_head, key, end, block);
      BlockQueries(args, block, head, t0, t1, running);
    }
    for (int64_t t = t0; t < t1; ++t) {
      Normalise(args, head, t, running.sums[t - t0]);
    }
  }
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace llamba::cpu {
HWY_EXPORT(Attention);
decltype(KernelTable::attention) AttentionFor(int64_t target) {
  return PickTarget(HWY_DISPATCH_TABLE(Attention), target);
}
}  // namespace llamba::cpu
#endif  // HWY_ONCE
