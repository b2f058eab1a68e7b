#include <gmock/gmock.h>

#include <cstring>

#include "base/file.h"
#include "checkpoint/safetensors.h"
#include "model/fixtures_test.h"
#include "model/synthetic.h"

namespace llamba {
namespace {

using testing::HasSubstr;

// A small Llamba directory of which a test spoils one thing.
class SpoiledDirectory : public testing::Test {
 protected:
  void SetUp() override {
    config_ = SyntheticShape("tiny");
    WriteSafetensors(config_, SyntheticSource(config_, 1), dir_ / "good",
                     DType::kF32, nullptr);
  }

  // Rewrites model.safetensors with changed infos; bytes are zeros where the
  // size changes.
  std::string Rewrite(const std::function<bool(TensorInfo&)>& keep_and_change,
                      const std::vector<TensorInfo>& more = {}) {
    const TensorFile file = ReadSafetensors(dir_ / "good/model.safetensors");
    std::vector<TensorInfo> infos;
    std::vector<std::vector<std::byte>> data;
    for (const NamedTensor& tensor : file.tensors()) {
      TensorInfo info{tensor.name, tensor.view.dtype, tensor.view.shape};
      if (!keep_and_change(info)) continue;
      std::vector<std::byte> bytes(tensor.view.data,
                                   tensor.view.data + tensor.view.bytes);
      bytes.resize(BytesOf(info));
      infos.push_back(info);
      data.push_back(bytes);
    }
    for (const TensorInfo& info : more) {
      infos.push_back(info);
      data.emplace_back(BytesOf(info));
    }
    SafetensorsWriter writer(dir_ / "good/model.safetensors", infos);
    for (const auto& bytes : data) writer.Append(bytes);
    writer.Commit();
    return dir_ / "good";
  }

  static size_t BytesOf(const TensorInfo& info) {
    const size_t each =
        info.dtype == DType::kF32 || info.dtype == DType::kI32 ? 4 : 2;
    return static_cast<size_t>(NumElements(info.shape)) * each;
  }

  static std::string Refusal(const std::string& dir) {
    return MessageOf([&] { OpenCheckpoint(dir); });
  }

  TempDir dir_;
  ModelConfig config_;
};

TEST_F(SpoiledDirectory, TheGoodOneOpens) {
  const Checkpoint checkpoint = OpenCheckpoint(dir_ / "good");
  EXPECT_EQ(checkpoint.tensors.size(), Schema(config_).size());
}

TEST_F(SpoiledDirectory, MissingTensor) {
  const std::string name = "backbone.layers.1.mixer.D";
  const std::string message =
      Refusal(Rewrite([&](TensorInfo& info) { return info.name != name; }));
  EXPECT_THAT(message, HasSubstr(name));
  EXPECT_THAT(message, HasSubstr("(4)"));
}

TEST_F(SpoiledDirectory, WrongShape) {
  const std::string name = "backbone.layers.2.mlp.up_proj.weight";
  const std::string message = Refusal(Rewrite([&](TensorInfo& info) {
    if (info.name == name) info.shape = {64, 160};
    return true;
  }));
  EXPECT_THAT(message, HasSubstr(name));
  EXPECT_THAT(message, HasSubstr("(160, 64)"));
  EXPECT_THAT(message, HasSubstr("(64, 160)"));
}

TEST_F(SpoiledDirectory, WrongType) {
  const std::string name = "backbone.final_layernorm.weight";
  const std::string message = Refusal(Rewrite([&](TensorInfo& info) {
    if (info.name == name) info.dtype = DType::kI32;
    return true;
  }));
  EXPECT_THAT(message, HasSubstr(name));
  EXPECT_THAT(message, HasSubstr("I32"));
}

TEST_F(SpoiledDirectory, TiedHeadThatDiffers) {
  const auto keep = [](TensorInfo&) { return true; };
  const std::string message =
      Refusal(Rewrite(keep, {{"lm_head.weight", DType::kF32, {256, 64}}}));
  EXPECT_THAT(message, HasSubstr("lm_head.weight"));
  EXPECT_THAT(message, HasSubstr("backbone.embedding.weight"));
}

TEST_F(SpoiledDirectory, UntiedWithoutHead) {
  const std::string path = dir_ / "good/config.json";
  ModelConfig untied = config_;
  untied.tie_embeddings = false;
  WriteFileAtomically(path, ConfigToJson(untied));
  EXPECT_THAT(Refusal(dir_ / "good"), HasSubstr("lm_head.weight"));
}

TEST_F(SpoiledDirectory, ExtraTensorsAreIgnored) {
  const auto keep = [](TensorInfo&) { return true; };
  const Checkpoint checkpoint = OpenCheckpoint(
      Rewrite(keep, {{"layers.0.rotary_emb.inv_freq", DType::kF32, {8}},
                     {"backbone.layers.9.mixer.D", DType::kF32, {4}}}));
  EXPECT_EQ(checkpoint.tensors.size(), Schema(config_).size());
}

TEST_F(SpoiledDirectory, TruncatedFile) {
  const std::string path = dir_ / "good/model.safetensors";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 5);
  EXPECT_THAT(Refusal(dir_ / "good"), HasSubstr("model.safetensors"));
}

TEST_F(SpoiledDirectory, ConfigOfAnotherModel) {
  const std::string path = dir_ / "good/config.json";
  WriteFileAtomically(path, ConfigToJson(SyntheticShape("llamba-1b")));
  EXPECT_THAT(Refusal(dir_ / "good"), HasSubstr("expected shape"));
}

TEST_F(SpoiledDirectory, NoConfig) {
  std::filesystem::remove(dir_ / "good/config.json");
  EXPECT_THAT(Refusal(dir_ / "good"), HasSubstr("config.json"));
}

TEST_F(SpoiledDirectory, NoTensors) {
  std::filesystem::remove(dir_ / "good/model.safetensors");
  EXPECT_THAT(Refusal(dir_ / "good"), HasSubstr("model.safetensors"));
}

TEST_F(SpoiledDirectory, NothingThere) {
  EXPECT_THAT(Refusal(dir_ / "other"), HasSubstr("found nothing"));
  EXPECT_THAT(Refusal("/dev/null"), HasSubstr("found a pipe or device"));
  WriteFileAtomically(dir_ / "text.txt", "Hello");
  EXPECT_THAT(Refusal(dir_ / "text.txt"), HasSubstr("text.txt"));
}

// Element i of a tensor is i / 64 - 1, less 1000 for norms: see
// tools/make_model_fixtures.py.
float ExpectedValue(const StoredTensor& tensor, size_t i) {
  const bool norm = tensor.name().find("norm") != std::string::npos;
  return static_cast<float>(i) / 64 - (norm ? 1001.0f : 1.0f);
}

TEST(PyTorchDirectory, HoldsItsValues) {
  const Checkpoint checkpoint = OpenCheckpoint(TestData("model/pytorch"));
  EXPECT_EQ(checkpoint.config.vocab_size, 16);  // 13, padded to 8
  EXPECT_EQ(checkpoint.tensors.size(), 13u);    // the tied head is no tensor
  for (const auto& [id, tensor] : checkpoint.tensors) {
    const std::vector<float> values = tensor.DecodeAll();
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(values[i], ExpectedValue(tensor, i)) << tensor.name() << i;
    }
  }
  EXPECT_EQ(checkpoint.Get(TensorRole::kSsmConv, 0).shape(), (Shape{16, 4}));
}

TEST(ShardedDirectory, HoldsItsValues) {
  const Checkpoint checkpoint = OpenCheckpoint(TestData("model/sharded"));
  EXPECT_EQ(checkpoint.tensors.size(), 13u);
  for (const auto& [id, tensor] : checkpoint.tensors) {
    EXPECT_EQ(tensor.dtype(), DType::kBF16);
    const std::vector<float> values = tensor.DecodeAll();
    for (size_t i = 0; i < values.size(); ++i) {
      // The script cuts float32 to its upper half.
      const float exact = ExpectedValue(tensor, i);
      uint32_t bits = 0;
      std::memcpy(&bits, &exact, sizeof bits);
      bits &= 0xffff0000;
      float cut = 0;
      std::memcpy(&cut, &bits, sizeof cut);
      ASSERT_EQ(values[i], cut) << tensor.name() << i;
    }
  }
}

TEST(ShardedDirectory, AMissingShardIsNamed) {
  const TempDir dir;
  std::filesystem::copy(TestData("model/sharded"), dir / "model");
  std::filesystem::remove(dir / "model/model-00002-of-00002.safetensors");
  EXPECT_THAT(MessageOf([&] { OpenCheckpoint(dir / "model"); }),
              HasSubstr("model-00002-of-00002.safetensors"));
}

}  // namespace
}  // namespace llamba
