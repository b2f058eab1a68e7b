#include <gmock/gmock.h>

#include "base/file.h"
#include "checkpoint/safetensors.h"
#include "formats/formats.h"
#include "model/fixtures_test.h"
#include "tests/shared_material.h"

namespace llamba {
namespace {

using testing::HasSubstr;

TEST(Mlx, SizesComeFromShapes) {
  const Checkpoint checkpoint =
      OpenCheckpoint(TestData("model/mlx.safetensors"));
  const ModelConfig& c = checkpoint.config;
  EXPECT_EQ(checkpoint.layout, "MLX");
  EXPECT_EQ(c.n_layer, 1);
  EXPECT_EQ(c.d_model, 32);
  EXPECT_EQ(c.vocab_size, 16);
  EXPECT_EQ(c.mlp.intermediate_size, 24);
  EXPECT_EQ(c.ssm.d_inner, 32);
  EXPECT_EQ(c.ssm.n_v_heads, 2);
  EXPECT_EQ(c.ssm.n_qk_heads, 2);
  EXPECT_EQ(c.ssm.d_state, 4);
  EXPECT_EQ(c.ssm.activation, Activation::kSilu);
  EXPECT_FALSE(c.tie_embeddings);
}

// See tools/make_model_fixtures.py for the values.
TEST(Mlx, GroupsOfEightBitsAreDecoded) {
  const Checkpoint checkpoint =
      OpenCheckpoint(TestData("model/mlx.safetensors"));
  const StoredTensor& in_proj = checkpoint.Get(TensorRole::kSsmIn, 0);
  EXPECT_EQ(in_proj.mlx_bits(), 8);
  EXPECT_EQ(in_proj.PlainRows(), nullptr);
  EXPECT_EQ(in_proj.GgufType(), DType::kF32);  // 8 bits and an offset
  ASSERT_EQ(in_proj.shape(), (Shape{82, 32}));
  const std::vector<float> values = in_proj.DecodeAll();
  for (int r = 0; r < 82; ++r) {
    for (int j = 0; j < 32; ++j) {
      const auto q = static_cast<float>((7 * r + j) % 256);
      const float scale = (r % 2 == 1 ? -1.0f : 1.0f) / 128;
      // Exact in float32: small integers over powers of two.
      ASSERT_EQ(values[static_cast<size_t>(32 * r + j)],
                q * scale + static_cast<float>(r) / 4);
    }
  }
  std::vector<float> row(32);
  in_proj.DecodeRows(81, 82, row.data());
  EXPECT_EQ(row, std::vector<float>(values.end() - 32, values.end()));
}

TEST(Mlx, LayersMapOntoBlocks) {
  const Checkpoint checkpoint =
      OpenCheckpoint(TestData("model/mlx.safetensors"));
  const auto name = [&](TensorRole role) {
    return checkpoint.Get(role, 0).name();
  };
  // The gate that is activated is called in_proj there.
  EXPECT_EQ(name(TensorRole::kMlpGate), "model.layers.1.layer.in_proj.weight");
  EXPECT_EQ(name(TensorRole::kMlpUp), "model.layers.1.layer.gate_proj.weight");
  EXPECT_EQ(name(TensorRole::kMlpDown), "model.layers.1.layer.out_proj.weight");
  EXPECT_EQ(name(TensorRole::kPostNorm), "model.layers.1.norm.weight");
  EXPECT_EQ(checkpoint.Get(TensorRole::kSsmConv, 0).shape(), (Shape{48, 4}));
}

// Decoded by numpy from the same file.
TEST(Mlx, ThePublishedFourBitFileIsDecoded) {
  LLAMBA_NEED_SHARED(path, "published/mlx-4bit");
  const Checkpoint checkpoint = OpenCheckpoint(path);
  const StoredTensor& down = checkpoint.Get(TensorRole::kMlpDown, 1);
  EXPECT_EQ(down.mlx_bits(), 4);
  ASSERT_EQ(down.shape(), (Shape{128, 320}));
  const std::vector<float> values = down.DecodeAll();
  // q * scale + bias of float16 numbers: one rounding of the sum at most.
  EXPECT_NEAR(values[0], 2.288818359375e-05, 1e-8);
  EXPECT_NEAR(values[5 * 320 + 63], -0.041778564453125, 1e-8);
  EXPECT_NEAR(values[5 * 320 + 64], -0.10284423828125, 1e-8);
  EXPECT_NEAR(values[127 * 320 + 319], 0.0, 1e-8);
  double sum = 0, squares = 0;
  for (float value : values) {
    sum += value;
    squares += double{value} * value;
  }
  EXPECT_NEAR(sum, 1.0751113891601562, 1e-5);
  EXPECT_NEAR(squares, 185.57050093560247, 1e-5);
}

// Scales of both signs: 4 bits and halves are Q4_1, bit for bit.
TEST(Mlx, FourBitsBecomeQ41WithoutLoss) {
  LLAMBA_NEED_SHARED(path, "published/mlx-4bit");
  const Checkpoint mlx = OpenCheckpoint(path);
  const TempDir dir;
  WriteGgufModel(mlx, dir / "m.gguf", std::nullopt, {});
  const Checkpoint gguf = OpenCheckpoint(dir / "m.gguf");
  ExpectSameValues(mlx, gguf);
  for (const auto& [id, tensor] : mlx.tensors) {
    if (tensor.mlx_bits() != 4) continue;
    const StoredTensor& written = gguf.Get(id.role, id.layer);
    EXPECT_EQ(written.dtype(), DType::kQ4_1) << written.name();
    EXPECT_EQ(written.bytes(),
              TensorBytes(DType::kQ4_1, tensor.shape()).value());
  }
}

TEST(Mlx, ConvertsToThePublishedLayout) {
  const Checkpoint mlx = OpenCheckpoint(TestData("model/mlx.safetensors"));
  const TempDir dir;
  WriteSafetensorsModel(mlx, dir / "model", DType::kF32);
  const Checkpoint converted = OpenCheckpoint(dir / "model");
  EXPECT_EQ(converted.layout, "Hugging Face, llamba");
  ExpectSameValues(mlx, converted);
  WriteGgufModel(mlx, dir / "m.gguf", std::nullopt, {});
  ExpectSameValues(mlx, OpenCheckpoint(dir / "m.gguf"));
}

// The fixture with other metadata or other tensor types.
std::string Rewrite(const TempDir& dir,
                    const std::map<std::string, std::string>& changes,
                    const std::function<void(TensorInfo&)>& change = nullptr) {
  const TensorFile file = ReadSafetensors(TestData("model/mlx.safetensors"));
  std::map<std::string, std::string> metadata = file.metadata();
  for (const auto& [key, value] : changes) metadata[key] = value;
  std::vector<TensorInfo> infos;
  for (const NamedTensor& tensor : file.tensors()) {
    infos.push_back({tensor.name, tensor.view.dtype, tensor.view.shape});
    if (change) change(infos.back());
  }
  SafetensorsWriter writer(dir / "m.safetensors", infos, metadata);
  for (const NamedTensor& tensor : file.tensors()) {
    writer.Append({tensor.view.data, tensor.view.bytes});
  }
  writer.Commit();
  return dir / "m.safetensors";
}

TEST(Mlx, OtherClassesAreRefusedByName) {
  const TempDir dir;
  for (const char* name : {"models.rene.Rene", "models.mohawk.Mohawk",
                           "models.mamba2.Mamba2", "NotLlamba"}) {
    const std::string path =
        Rewrite(dir, {{"_class_", fmt::format("\"{}\"", name)}});
    const std::string message = MessageOf([&] { OpenCheckpoint(path); });
    EXPECT_THAT(message, HasSubstr(name));
    EXPECT_THAT(message, HasSubstr("_class_"));
  }
}

TEST(Mlx, DepthOfSettingsIsLimited) {
  constexpr int kDepth = 500'000;
  const TempDir dir;
  const std::string path = Rewrite(
      dir, {{"_class_", std::string(kDepth, '[') + std::string(kDepth, ']')}});
  EXPECT_THAT(MessageOf([&] { OpenCheckpoint(path); }),
              HasSubstr("_class_: expected JSON nested 100 deep"));
}

TEST(Mlx, SettingsThatContradictTheTensorsAreNamed) {
  const TempDir dir;
  const std::pair<const char*, const char*> cases[] = {
      {"model.n_layer_repeats", "2"},
      {"model.unique_layers.0.layer.n_heads", "4"},
      {"model.unique_layers.1.layer.glu", "false"},
      {"model.unique_layers.1.layer.activation", "\"tanh\""},
      {"model.norm_type", "\"layer\""},
      {"model.unique_layers.2._class_", "\"x.Attention\""}};
  for (const auto& [key, value] : cases) {
    const std::string path = Rewrite(dir, {{key, value}});
    const std::string message = MessageOf([&] { OpenCheckpoint(path); });
    EXPECT_THAT(message, HasSubstr(std::string(key).substr(0, 20)));
  }
}

TEST(Mlx, GroupsThatDoNotFitAreRefused) {
  const TempDir dir;
  const std::string weight = "model.layers.0.layer.in_proj.weight";
  const std::string path = Rewrite(dir, {}, [&](TensorInfo& info) {
    if (info.name == weight) info.dtype = DType::kF32;
  });
  EXPECT_THAT(MessageOf([&] { OpenCheckpoint(path); }), HasSubstr(weight));
}

}  // namespace
}  // namespace llamba
