#include "quantize/imatrix.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/file.h"
#include "model/fixtures_test.h"
#include "quantize/imatrix_collector.h"
#include "quantize/quantize_testing.h"

namespace llamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int64_t kCols = 3;

// Two matrices that share an input of two rows, and one that was not named.
struct Products {
  std::vector<float> w = std::vector<float>(4 * kCols, 1.0f);
  std::vector<float> v = std::vector<float>(5 * kCols, 1.0f);
  std::vector<float> x = {1, 2, 0, /* gap */ 99, 3, -2, 1};

  MatrixView View(const std::vector<float>& matrix) const {
    return {DType::kF32, static_cast<int64_t>(matrix.size()) / kCols, kCols,
            reinterpret_cast<const std::byte*>(matrix.data()),
            kCols * int64_t{sizeof(float)}};
  }
  MatMulArgs Of(const MatrixView& view) const {
    MatMulArgs args;
    args.w = view;
    args.x = x.data();
    args.x_stride = kCols + 1;
    args.m = 2;
    return args;
  }
};

std::string Gathered(const TempDir& dir, bool moments, int calls) {
  const Products products;
  const MatrixView gate = products.View(products.w);
  const MatrixView up = products.View(products.v);
  ImatrixCollector collector(moments);
  collector.Watch(gate, "blk.0.ffn_gate.weight");
  collector.Watch(up, "blk.0.ffn_up.weight");
  for (int i = 0; i < calls; ++i) {
    const MatMulArgs both[] = {products.Of(gate), products.Of(up)};
    collector.Observe(both);
  }
  collector.Write(dir / "imatrix.gguf", {"text.txt", 7, 512});
  return dir / "imatrix.gguf";
}

// Squares 1 + 9, 4 + 4, 0 + 1, scaled to a mean of 1.
TEST(Imatrix, SumsSquares) {
  const TempDir dir;
  const Imatrix imatrix = Imatrix::Open(Gathered(dir, false, 3));
  const std::vector<float> importance =
      imatrix.Importance("blk.0.ffn_up.weight", kCols);
  EXPECT_FLOAT_EQ(importance[0], 30.0f / 19);
  EXPECT_FLOAT_EQ(importance[1], 24.0f / 19);
  EXPECT_FLOAT_EQ(importance[2], 3.0f / 19);
  EXPECT_TRUE(imatrix.Moments("blk.0.ffn_up.weight", kCols).empty());
  EXPECT_FALSE(imatrix.Has("blk.1.ffn_up.weight"));
}

// As llama.cpp's tools read it.
TEST(Imatrix, FileIsInLlamaCppsForm) {
  const TempDir dir;
  const GgufFile file = ReadGguf(Gathered(dir, false, 3));
  EXPECT_EQ(file.metadata.GetString("general.type"), "imatrix");
  EXPECT_EQ(file.metadata.GetInt("imatrix.chunk_count"), 7);
  EXPECT_EQ(file.metadata.GetInt("imatrix.chunk_size"), 512);
  EXPECT_THAT(*file.metadata.FindStrings("imatrix.datasets"),
              ElementsAre("text.txt"));
  EXPECT_THAT(file.tensors.tensors(), SizeIs(4));
  const TensorView* sums = file.tensors.Find("blk.0.ffn_gate.weight.in_sum2");
  ASSERT_NE(sums, nullptr);
  EXPECT_EQ(sums->shape, (Shape{1, kCols}));
  std::vector<float> values(kCols);
  DecodeRow(sums->dtype, sums->data, values);
  EXPECT_THAT(values, ElementsAre(30, 24, 3));
  const TensorView* counts = file.tensors.Find("blk.0.ffn_gate.weight.counts");
  ASSERT_NE(counts, nullptr);
  DecodeRow(counts->dtype, counts->data, std::span(values).first(1));
  EXPECT_EQ(values[0], 6);  // two rows, three times
}

// x x^T summed: 10 -4 3; -4 8 -2; 3 -2 1, scaled to a trace of 3.
TEST(Imatrix, MomentsAreSharedByTheProductsOfAnInput) {
  const TempDir dir;
  const Imatrix imatrix = Imatrix::Open(Gathered(dir, true, 1));
  const std::vector<float> expected = {10, -4, 3, -4, 8, -2, 3, -2, 1};
  for (const char* name : {"blk.0.ffn_gate.weight", "blk.0.ffn_up.weight"}) {
    const std::vector<float> moments = imatrix.Moments(name, kCols);
    ASSERT_THAT(moments, SizeIs(9));
    for (size_t i = 0; i < 9; ++i) {
      EXPECT_FLOAT_EQ(moments[i], expected[i] * 3 / 19) << name << " " << i;
    }
  }
}

TEST(Imatrix, WhatIsMissingOrOddIsNamed) {
  const TempDir dir;
  const std::string path = Gathered(dir, true, 1);
  const Imatrix imatrix = Imatrix::Open(path);
  const std::string missing =
      MessageOf([&] { imatrix.Importance("blk.1.ffn_up.weight", kCols); });
  EXPECT_THAT(missing, HasSubstr(path));
  EXPECT_THAT(missing, HasSubstr("blk.1.ffn_up.weight.in_sum2"));
  EXPECT_THAT(MessageOf([&] { imatrix.Importance("blk.0.ffn_up.weight", 4); }),
              HasSubstr("4 columns"));
  EXPECT_THAT(MessageOf([&] { imatrix.Moments("blk.0.ffn_gate.weight", 4); }),
              HasSubstr("(4, 4)"));
  EXPECT_THAT(MessageOf([&] { Imatrix::Open(dir / "none"); }),
              HasSubstr("no such file"));
  WriteFileAtomically(dir / "text", "some text");
  EXPECT_THAT(MessageOf([&] { Imatrix::Open(dir / "text"); }),
              HasSubstr("importance matrix"));
}

void WriteSums(const std::string& path, const std::string& type,
               const std::vector<float>& sums) {
  GgufMetadata metadata;
  metadata.Set("general.type", type);
  GgufWriter writer(
      path, metadata,
      {{"m.in_sum2", DType::kF32, {1, static_cast<int64_t>(sums.size())}}});
  writer.Append(std::as_bytes(std::span(sums)));
  writer.Commit();
}

TEST(Imatrix, ValuesThatAreNoSumsOfSquaresAreRefused) {
  const TempDir dir;
  for (const float bad : {-1.0f, HUGE_VALF, std::nanf("")}) {
    WriteSums(dir / "i.gguf", "imatrix", {1, bad});
    const Imatrix imatrix = Imatrix::Open(dir / "i.gguf");
    EXPECT_THAT(MessageOf([&] { imatrix.Importance("m", 2); }),
                HasSubstr("sums of squares"));
  }
  WriteSums(dir / "i.gguf", "model", {1, 2});
  EXPECT_THAT(MessageOf([&] { Imatrix::Open(dir / "i.gguf"); }),
              HasSubstr("general.type"));
  WriteSums(dir / "i.gguf", "imatrix", {0, 0});
  EXPECT_THAT(Imatrix::Open(dir / "i.gguf").Importance("m", 2),
              ElementsAre(1, 1));
}

TEST(Imatrix, AFileCutShortIsRefused) {
  const TempDir dir;
  const std::string whole = ReadFile(Gathered(dir, true, 1));
  for (const size_t size : {whole.size() - 64, whole.size() / 2, size_t{20}}) {
    WriteFileAtomically(dir / "cut.gguf", whole.substr(0, size));
    EXPECT_THAT(MessageOf([&] { Imatrix::Open(dir / "cut.gguf"); }),
                HasSubstr("cut.gguf"));
  }
}

TEST(Imatrix, AMatrixThatWasNeverUsedIsNamed) {
  const Products products;
  ImatrixCollector collector(false);
  collector.Watch(products.View(products.w), "blk.0.ffn_down.weight");
  const TempDir dir;
  EXPECT_THAT(MessageOf([&] { collector.Write(dir / "i.gguf", {}); }),
              HasSubstr("blk.0.ffn_down.weight"));
  EXPECT_FALSE(FileExists(dir / "i.gguf"));
}

}  // namespace
}  // namespace llamba
