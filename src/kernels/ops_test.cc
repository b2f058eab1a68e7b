#include "kernels/ops.h"

#include <iterator>
#include <map>
#include <mutex>

#include "kernels/kernel_testing.h"
#include "kernels/split.h"

namespace llamba {
namespace {

using testing::Matrix;
using testing::Random;

TEST(WorkList, CoversEveryUnitOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    const std::vector<int64_t> sizes = {0, 1, 7, 0, 64, 3, 1000};
    for (const int64_t work : {1, 5000, 10'000'000}) {
      WorkList list;
      std::vector<std::vector<std::atomic<int>>> seen;
      for (const int64_t size : sizes) {
        list.Add(size, work);
        seen.emplace_back(static_cast<size_t>(size));
      }
      list.Run(pool, [&](size_t item, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          ++seen[item][static_cast<size_t>(i)];
        }
      });
      for (const auto& item : seen) {
        for (const auto& count : item) EXPECT_EQ(count, 1);
      }
    }
  }
}

// However long a thread is held up by its last task, it is a small one.
TEST(WorkList, TasksShrinkTowardsTheEnd) {
  ThreadPool pool(2);
  WorkList list;
  list.Add(10'000, 1'000'000);
  std::mutex mutex;
  std::map<int64_t, int64_t> sizes;  // by where they begin
  list.Run(pool, [&](size_t /*item*/, int64_t begin, int64_t end) {
    const std::lock_guard lock(mutex);
    sizes[begin] = end - begin;
  });
  EXPECT_LE(sizes.begin()->second, 2'500);
  EXPECT_LT(sizes.rbegin()->second, 200);
  int64_t before = sizes.begin()->second;
  for (auto it = sizes.begin(); it != std::prev(sizes.end()); ++it) {
    EXPECT_LE(it->second, before);
    before = it->second;
  }
}

MatrixView Float32(const Matrix& w) {
  return {DType::kF32, w.rows(), w.cols(),
          reinterpret_cast<const std::byte*>(w.data()),
          w.stride() * static_cast<int64_t>(sizeof(float))};
}

// The same work on pools of any size, over several items at once.
class OpsTest : public ::testing::TestWithParam<int> {
 protected:
  OpsTest() : pool_(GetParam()), ops_(GetKernels("auto"), pool_) {}
  ThreadPool pool_;
  ThreadPool serial_{1};
  Ops ops_;
  Ops serial_ops_{GetKernels("auto"), serial_};
};

TEST_P(OpsTest, MatMulsEqualSeparateOnes) {
  Random random(1);
  const Matrix x = Matrix::Normal(random, 9, 300);
  std::vector<Matrix> w, together, apart;
  std::vector<MatMulArgs> args;
  for (const int64_t n : {500, 3, 129}) {
    w.push_back(Matrix::Normal(random, n, 300));
    together.emplace_back(9, n);
    apart.emplace_back(9, n);
  }
  for (size_t i = 0; i < w.size(); ++i) {
    args.push_back({.w = Float32(w[i]),
                    .x = x.data(),
                    .x_stride = x.stride(),
                    .m = 9,
                    .bias = nullptr,
                    .y = together[i].data(),
                    .y_stride = together[i].stride(),
                    .accumulate = false});
  }
  ops_.MatMuls(args);
  for (size_t i = 0; i < w.size(); ++i) {
    args[i].y = apart[i].data();
    serial_ops_.MatMul(args[i]);
    together[i].ExpectWrittenExactly();
    ExpectSameBits(together[i], apart[i]);
  }
}

TEST_P(OpsTest, RowwiseEqualSerial) {
  Random random(2);
  const int64_t m = 33, n = 2000;
  const Matrix x = Matrix::Normal(random, m, n),
               z = Matrix::Normal(random, m, n);
  const std::vector<float> weight = random.Normals(n);
  Matrix results[2] = {Matrix(m, n), Matrix(m, n)};
  const Ops* const both[] = {&ops_, &serial_ops_};
  for (int i = 0; i < 2; ++i) {
    Matrix& y = results[i];
    both[i]->RmsNorm(
        {x.data(), x.stride(), weight.data(), n, 1e-5f, y.data(), y.stride()},
        m);
    both[i]->Gate(
        {y.data(), y.stride(), z.data(), z.stride(), weight.data(), n}, m);
    both[i]->Glu(
        {y.data(), y.stride(), z.data(), z.stride(), n, Activation::kGelu}, m);
    both[i]->Rope({y.data(), y.stride(), 4, 500, x.data(), z.data()}, 1);
    y.ExpectWrittenExactly();
  }
  ExpectSameBits(results[0], results[1]);
}

TEST_P(OpsTest, SequencesEqualSerial) {
  Random random(3);
  const int64_t heads = 6, dim = 16, states = 24, width = heads * dim;
  const Matrix xbc = Matrix::Normal(random, 90, width + 2 * heads * states);
  const Matrix a_log = Matrix::Normal(random, 90, heads);
  const Matrix weight = Matrix::Normal(random, 1, 4 * xbc.cols());
  const std::vector<float> d = random.Normals(heads);
  // Tokens of three sequences in one batch.
  const int64_t firsts[] = {0, 1, 30, 90};
  Matrix convs[2] = {Matrix(90, xbc.cols()), Matrix(90, xbc.cols())};
  Matrix ys[2] = {Matrix(90, width), Matrix(90, width)};
  std::vector<std::vector<float>> conv_states[2], scan_states[2];
  const Ops* const both[] = {&ops_, &serial_ops_};
  for (int i = 0; i < 2; ++i) {
    std::vector<Conv1dArgs> conv;
    std::vector<ScanArgs> scan;
    conv_states[i].assign(
        3, std::vector<float>(static_cast<size_t>(3 * xbc.cols()), 0.25f));
    scan_states[i].assign(
        3, std::vector<float>(static_cast<size_t>(width * states), 0.5f));
    for (size_t s = 0; s < 3; ++s) {
      const int64_t first = firsts[s], count = firsts[s + 1] - first;
      float* conv_y = convs[i].data() + first * convs[i].stride();
      conv.push_back({count, xbc.cols(), 4, xbc.data() + first * xbc.stride(),
                      xbc.stride(), weight.data(), nullptr,
                      Activation::kIdentity, conv_states[i][s].data(), conv_y,
                      convs[i].stride()});
      scan.push_back({count, heads, heads, dim, states, conv_y, conv_y + width,
                      conv_y + width + heads * states, convs[i].stride(),
                      a_log.data() + first * a_log.stride(), a_log.stride(),
                      d.data(), scan_states[i][s].data(),
                      ys[i].data() + first * ys[i].stride(), ys[i].stride()});
    }
    both[i]->Conv1d(conv);
    both[i]->Scan(scan);
    convs[i].ExpectWrittenExactly();
    ys[i].ExpectWrittenExactly();
  }
  ExpectSameBits(convs[0], convs[1]);
  ExpectSameBits(ys[0], ys[1]);
  EXPECT_EQ(conv_states[0], conv_states[1]);
  EXPECT_EQ(scan_states[0], scan_states[1]);
}

TEST_P(OpsTest, AttentionEqualsSerial) {
  Random random(4);
  const int64_t heads = 4, dim = 32, page_tokens = 128;
  std::vector<std::vector<float>> storage;
  std::vector<const float*> pages;
  for (int i = 0; i < 2; ++i) {
    storage.push_back(random.Normals(2 * 2 * page_tokens * dim));
    pages.push_back(storage.back().data());
  }
  const Matrix q = Matrix::Normal(random, 101, heads * dim);
  Matrix results[2] = {Matrix(101, heads * dim), Matrix(101, heads * dim)};
  const Ops* const both[] = {&ops_, &serial_ops_};
  for (int i = 0; i < 2; ++i) {
    const AttentionArgs first = {100,
                                 100,
                                 heads,
                                 2,
                                 dim,
                                 0.2f,
                                 q.data(),
                                 q.stride(),
                                 pages.data(),
                                 page_tokens,
                                 results[i].data(),
                                 results[i].stride()};
    AttentionArgs second = first;
    second.n_tokens = 1;
    second.first_position = 255;
    second.q += 100 * q.stride();
    second.y += 100 * results[i].stride();
    const AttentionArgs sequences[] = {first, second};
    both[i]->Attention(sequences);
    results[i].ExpectWrittenExactly();
  }
  ExpectSameBits(results[0], results[1]);
}

TEST_P(OpsTest, NothingToDo) {
  ops_.MatMuls({});
  ops_.Scan({});
  ops_.Conv1d({});
  ops_.Attention({});
  ops_.MatMul({});
  ops_.RmsNorm({}, 0);
}

INSTANTIATE_TEST_SUITE_P(Threads, OpsTest, ::testing::Values(1, 2, 3, 7));

}  // namespace
}  // namespace llamba
