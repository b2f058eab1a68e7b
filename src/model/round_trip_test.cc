#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>

#include "formats/formats.h"
#include "model/fixtures_test.h"
#include "model/synthetic.h"
#include "tests/shared_material.h"

namespace llamba {
namespace {

using testing::HasSubstr;

// A directory, written as one file, written as a directory again: the same
// values, bit for bit, and the same bytes in the same type.
void ExpectRoundTrip(const Checkpoint& original, DType dtype) {
  const TempDir dir;
  const std::string file = dir / "model.gguf";
  WriteGgufModel(original, file, dtype, {});
  const Checkpoint one_file = OpenCheckpoint(file);
  ExpectSameValues(original, one_file);
  WriteSafetensorsModel(one_file, dir / "back", dtype);
  const Checkpoint back = OpenCheckpoint(dir / "back");
  ExpectSameValues(original, back);
  for (const auto& [id, tensor] : back.tensors) {
    const TensorView& before = original.Get(id.role, id.layer).data();
    ASSERT_EQ(tensor.dtype(), dtype);
    ASSERT_EQ(before.bytes, tensor.data().bytes);
    EXPECT_EQ(std::memcmp(before.data, tensor.data().data, before.bytes), 0)
        << tensor.name();
  }
  ModelConfig config = original.config;
  config.ssm.chunk_size = back.config.ssm.chunk_size;  // a note, not kept
  config.pad_vocab_size_multiple = back.config.pad_vocab_size_multiple;
  config.context_length = back.config.context_length;
  EXPECT_EQ(ConfigToJson(config), ConfigToJson(back.config));
}

struct RealModel {
  const char* path;
  DType dtype;  // as it is stored
};

class RealRoundTrip : public testing::TestWithParam<RealModel> {};

TEST_P(RealRoundTrip, ThereAndBack) {
  LLAMBA_NEED_SHARED(path, GetParam().path);
  ExpectRoundTrip(OpenCheckpoint(path), GetParam().dtype);
}

INSTANTIATE_TEST_SUITE_P(
    All, RealRoundTrip,
    testing::Values(RealModel{"models/llama-mini", DType::kBF16},
                    RealModel{"models/llamba-mini-ref", DType::kBF16},
                    RealModel{"models/stories260k", DType::kF32},
                    RealModel{"models/stories260k-llamba", DType::kF32},
                    RealModel{"published/pt-groups-silu", DType::kF32},
                    RealModel{"published/pt-odd", DType::kF32}));

class SyntheticRoundTrip : public testing::TestWithParam<const char*> {};

TEST_P(SyntheticRoundTrip, ThereAndBack) {
  const ModelConfig config = SyntheticShape(GetParam());
  for (DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const TempDir dir;
    WriteSafetensors(config, SyntheticSource(config, 3), dir / "model", dtype,
                     nullptr);
    ExpectRoundTrip(OpenCheckpoint(dir / "model"), dtype);
  }
}

INSTANTIATE_TEST_SUITE_P(All, SyntheticRoundTrip,
                         testing::Values("tiny", "tiny-llama", "tiny-hybrid"));

// Biases of every kind, in the order that llama.cpp gives q and k.
TEST(RoundTrip, OfBiases) {
  ModelConfig llama = SyntheticShape("tiny-llama");
  llama.attention.bias = llama.mlp.bias = true;
  ModelConfig hybrid = SyntheticShape("tiny-hybrid");
  hybrid.attention.bias = hybrid.mlp.bias = hybrid.lm_head_bias = true;
  hybrid.ssm.bias = true;
  hybrid.ssm.conv_bias = false;
  for (const ModelConfig& config : {llama, hybrid}) {
    const TempDir dir;
    WriteSafetensors(config, SyntheticSource(config, 3), dir / "model",
                     DType::kF32, nullptr);
    ExpectRoundTrip(OpenCheckpoint(dir / "model"), DType::kF32);
  }
}

TEST(LlamaGguf, RowsOfQAndKStandAsLlamaCppHasThem) {
  LLAMBA_NEED_SHARED(path, "models/llama-mini");
  const Checkpoint original = OpenCheckpoint(path);
  const TempDir dir;
  WriteGgufModel(original, dir / "m.gguf", DType::kF32, {});
  const GgufFile file = ReadGguf(dir / "m.gguf");
  EXPECT_EQ(file.metadata.GetString("general.architecture"), "llama");
  const int64_t head_dim = original.config.attention.head_dim;
  const auto d = static_cast<size_t>(original.config.d_model);
  const struct {
    TensorRole role;
    const char* name;
    int64_t heads;
  } cases[] = {{TensorRole::kAttnQ, "blk.3.attn_q.weight", 8},
               {TensorRole::kAttnK, "blk.3.attn_k.weight", 4}};
  for (const auto& c : cases) {
    const std::vector<float> ours = original.Get(c.role, 3).DecodeAll();
    const TensorView* view = file.tensors.Find(c.name);
    ASSERT_NE(view, nullptr);
    ASSERT_EQ(view->dtype, DType::kF32);
    // The converter: (heads, 2, D/2, d) with the middle two swapped.
    for (int64_t h = 0; h < c.heads; ++h) {
      for (int64_t half = 0; half < 2; ++half) {
        for (int64_t j = 0; j < head_dim / 2; ++j) {
          const auto from =
              static_cast<size_t>(h * head_dim + half * head_dim / 2 + j);
          const auto to = static_cast<size_t>(h * head_dim + 2 * j + half);
          ASSERT_EQ(
              std::memcmp(&ours[from * d], view->data + to * d * 4, d * 4), 0)
              << c.name << " " << from;
        }
      }
    }
  }
}

TEST(LlamaGguf, ScalingIsATensorAndComesBack) {
  ModelConfig config = SyntheticShape("tiny-llama");
  const std::vector<float> divisors = config.attention.RopeDivisors();
  // Of these 8, the slowest must be scaled and the fastest not, else the test
  // shows nothing.
  ASSERT_EQ(divisors.front(), 1);
  ASSERT_GT(divisors.back(), 1);
  const TempDir dir;
  const SyntheticSource source(config, 1);
  WriteGguf(config, source, dir / "m.gguf", DType::kF32, {}, nullptr);
  const GgufFile file = ReadGguf(dir / "m.gguf");
  const TensorView* view = file.tensors.Find("rope_freqs.weight");
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->shape, Shape{8});
  std::vector<float> found(8);
  DecodeRow(view->dtype, view->data, found);
  EXPECT_EQ(found, divisors);
  EXPECT_FALSE(file.metadata.Has("llama.rope.scaling.type"));
  EXPECT_EQ(OpenCheckpoint(dir / "m.gguf").config.attention.rope_scaling,
            config.attention.rope_scaling);

  // Parameters that are not Llama 3's own come back as well.
  config.attention.rope_scaling =
      RopeScaling{.factor = 5.5,
                  .low_freq_factor = 2,
                  .high_freq_factor = 3,
                  .original_max_position_embeddings = 100};
  WriteGguf(config, SyntheticSource(config, 1), dir / "o.gguf", DType::kF32, {},
            nullptr);
  EXPECT_EQ(OpenCheckpoint(dir / "o.gguf").config.attention.rope_scaling,
            config.attention.rope_scaling);
}

TEST(LlamaGguf, DivisorsOfNoKnownScalingAreKeptAsTheyAre) {
  ModelConfig config = SyntheticShape("tiny-llama");
  config.attention.rope_scaling.reset();
  config.attention.rope_freq_factors = {1, 2, 1, 3, 1, 4, 1, 5};
  const TempDir dir;
  WriteGguf(config, SyntheticSource(config, 1), dir / "m.gguf", DType::kF32, {},
            nullptr);
  const Checkpoint checkpoint = OpenCheckpoint(dir / "m.gguf");
  EXPECT_FALSE(checkpoint.config.attention.rope_scaling.has_value());
  EXPECT_EQ(checkpoint.config.attention.rope_freq_factors,
            config.attention.rope_freq_factors);
  EXPECT_THAT(MessageOf([&] {
                WriteSafetensorsModel(checkpoint, dir / "d", DType::kF32);
              }),
              HasSubstr("rope_freqs"));
  EXPECT_FALSE(std::filesystem::exists(dir / "d"));
}

TEST(QuantizedGguf, StaysAsStoredUnlessAsked) {
  LLAMBA_NEED_SHARED(
      path, "models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
  const Checkpoint original = OpenCheckpoint(path);
  const TempDir dir;
  WriteGgufModel(original, dir / "m.gguf", std::nullopt, {});
  const Checkpoint copy = OpenCheckpoint(dir / "m.gguf");
  for (const auto& [id, tensor] : original.tensors) {
    const StoredTensor& other = copy.Get(id.role, id.layer);
    ASSERT_EQ(tensor.dtype(), other.dtype()) << tensor.name();
    ASSERT_EQ(
        std::memcmp(tensor.data().data, other.data().data, tensor.data().bytes),
        0)
        << tensor.name();
  }
  EXPECT_EQ(copy.gguf->GetInt("general.file_type"), 3);  // mostly Q4_1
  EXPECT_EQ(copy.Fingerprint(), original.Fingerprint());
}

TEST(Writing, StopsWhenToldAndLeavesNothing) {
  const ModelConfig config = SyntheticShape("tiny");
  const SyntheticSource source(config, 1);
  const TempDir dir;
  int calls = 0;
  const WriteProgress stop = [&](uint64_t done, uint64_t total) {
    EXPECT_LT(done, total);
    return ++calls < 5;
  };
  EXPECT_THROW(WriteSafetensors(config, source, dir / "new", DType::kF32, stop),
               Error);
  calls = 0;
  EXPECT_THROW(WriteGguf(config, source, dir / "m.gguf", DType::kF32, {}, stop),
               Error);
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(Writing, ReportsEveryByteOnce) {
  const ModelConfig config = SyntheticShape("tiny");
  const TempDir dir;
  uint64_t last = 0, whole = 0;
  WriteGguf(config, SyntheticSource(config, 1), dir / "m.gguf", DType::kF32, {},
            [&](uint64_t done, uint64_t total) {
              EXPECT_GT(done, last);
              last = done;
              whole = total;
              return true;
            });
  EXPECT_EQ(last, whole);
  EXPECT_EQ(whole, static_cast<uint64_t>(config.NumParameters()) * 4);
}

TEST(Fingerprint, TellsModelsApart) {
  const ModelConfig config = SyntheticShape("tiny");
  const TempDir dir;
  std::vector<uint64_t> prints;
  for (uint64_t seed : {1, 2, 1}) {
    const std::string file = dir / fmt::format("{}.gguf", prints.size());
    WriteGguf(config, SyntheticSource(config, seed), file, DType::kF32, {},
              nullptr);
    prints.push_back(OpenCheckpoint(file).Fingerprint());
  }
  EXPECT_NE(prints[0], prints[1]);
  EXPECT_EQ(prints[0], prints[2]);
  ModelConfig other = config;
  other.norm_epsilon = 1e-6;  // same tensors, other results
  WriteGguf(other, SyntheticSource(other, 1), dir / "o.gguf", DType::kF32, {},
            nullptr);
  EXPECT_NE(OpenCheckpoint(dir / "o.gguf").Fingerprint(), prints[0]);
}

}  // namespace
}  // namespace llamba
