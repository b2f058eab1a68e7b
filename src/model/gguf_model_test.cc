#include <gmock/gmock.h>

#include "model/fixtures_test.h"
#include "model/synthetic.h"

namespace llamba {
namespace {

using testing::HasSubstr;

struct Change {
  const char* shape;  // of the model whose file is changed
  const char* key;
  GgufValue value;
  std::vector<std::string> message;
};

const Change kChanges[] = {
    {"tiny-llama",
     "general.architecture",
     std::string("mamba2"),
     {"general.architecture", "llamba", "mamba2"}},
    {"tiny-llama",
     "llama.block_count",
     uint64_t{4000000000},
     {"llama.block_count", "4000000000"}},
    {"tiny-llama", "llama.block_count", uint64_t{3}, {"blk.2."}},
    {"tiny-llama", "llama.embedding_length", uint64_t{128}, {"128"}},
    {"tiny-llama",
     "llama.embedding_length",
     std::string("64"),
     {"llama.embedding_length"}},
    {"tiny-llama",
     "llama.vocab_size",
     uint64_t{300},
     {"token_embd.weight", "300", "256"}},
    {"tiny-llama",
     "llama.attention.head_count",
     uint64_t{0},
     {"llama.attention.head_count", "0"}},
    {"tiny-llama",
     "llama.attention.head_count_kv",
     uint64_t{3},
     {"num_attention_heads", "3"}},
    {"tiny-llama",
     "llama.attention.head_count",
     std::vector<int64_t>{4, 2},
     {"llama.attention.head_count", "one value for all layers"}},
    {"tiny-llama",
     "llama.attention.head_count",
     std::vector<int64_t>{4, 4, 4},
     {"llama.attention.head_count", "expected 2", "found 3"}},
    {"tiny-llama",
     "llama.attention.value_length",
     uint64_t{8},
     {"llama.attention.value_length", "16", "8"}},
    {"tiny-llama",
     "llama.rope.dimension_count",
     uint64_t{8},
     {"llama.rope.dimension_count", "16", "8"}},
    {"tiny-llama",
     "llama.rope.scaling.type",
     std::string("yarn"),
     {"llama.rope.scaling.type", "yarn"}},
    {"tiny-llama",
     "llama.rope.scaling.factor",
     4.0,
     {"llama.rope.scaling.factor", "4"}},
    {"tiny-llama",
     "llama.expert_count",
     uint64_t{8},
     {"llama.expert_count", "8"}},
    {"tiny-llama",
     "llama.attention.layer_norm_rms_epsilon",
     -1.0,
     {"rms_norm_eps", "-1"}},
    {"tiny", "llamba.ssm.inner_size", uint64_t{96}, {"d_model", "64", "96"}},
    {"tiny", "llamba.ssm.time_step_rank", uint64_t{8}, {"ssm_in.weight"}},
    {"tiny", "llamba.ssm.group_count", uint64_t{3}, {"n_qk_heads", "3"}},
    {"tiny",
     "llamba.ssm.activation",
     std::string("tanh"),
     {"llamba.ssm.activation", "tanh"}},
    {"tiny",
     "llamba.hidden_activation",
     std::string("tanh"),
     {"llamba.hidden_activation", "tanh"}},
    {"tiny",
     "llamba.attention.head_count",
     std::vector<int64_t>{0, 4, 0},
     {"num_heads_kv", "0"}},
    {"tiny-hybrid",
     "llamba.attention.head_count",
     std::vector<int64_t>{0, 4, 0, 2},
     {"llamba.attention.head_count", "4"}},
};

TEST(GgufKeys, ALieIsRefusedByName) {
  const TempDir dir;
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.key);
    const ModelConfig config = SyntheticShape(change.shape);
    WriteGguf(config, SyntheticSource(config, 1), dir / "good.gguf",
              DType::kF32, {}, nullptr);
    GgufFile file = ReadGguf(dir / "good.gguf");
    file.metadata.Set(change.key, change.value);
    std::vector<TensorInfo> infos;
    for (const NamedTensor& tensor : file.tensors.tensors()) {
      infos.push_back({tensor.name, tensor.view.dtype, tensor.view.shape});
    }
    GgufWriter writer(dir / "bad.gguf", file.metadata, infos);
    for (const NamedTensor& tensor : file.tensors.tensors()) {
      writer.Append({tensor.view.data, tensor.view.bytes});
    }
    writer.Commit();
    const std::string message =
        MessageOf([&] { OpenCheckpoint(dir / "bad.gguf"); });
    EXPECT_THAT(message, HasSubstr("bad.gguf"));
    for (const std::string& part : change.message) {
      EXPECT_THAT(message, HasSubstr(part));
    }
  }
}

// The names and keys that SPEC.md lists for one file.
TEST(LlambaGguf, HasTheNamesAndKeysOfTheSpecification) {
  ModelConfig config = SyntheticShape("tiny-hybrid");
  config.ssm.n_qk_heads = 2;
  const TempDir dir;
  WriteGguf(config, SyntheticSource(config, 1), dir / "m.gguf", DType::kBF16,
            {}, nullptr);
  const GgufFile file = ReadGguf(dir / "m.gguf");
  const auto shape = [&](const std::string& name) {
    const TensorView* view = file.tensors.Find(name);
    return view == nullptr ? Shape{-1} : view->shape;
  };
  EXPECT_EQ(shape("token_embd.weight"), (Shape{256, 64}));
  EXPECT_EQ(shape("output_norm.weight"), Shape{64});
  EXPECT_EQ(shape("output.weight"), (Shape{256, 64}));
  EXPECT_EQ(shape("blk.0.attn_norm.weight"), Shape{64});
  EXPECT_EQ(shape("blk.0.ssm_in.weight"), (Shape{64 + 64 + 64 + 4, 64}));
  EXPECT_EQ(shape("blk.0.ssm_conv1d.weight"), (Shape{128, 4}));
  EXPECT_EQ(shape("blk.0.ssm_conv1d.bias"), Shape{128});
  EXPECT_EQ(shape("blk.0.ssm_z.bias"), Shape{64});
  EXPECT_EQ(shape("blk.0.ssm_d"), Shape{4});
  EXPECT_EQ(shape("blk.0.ssm_out.weight"), (Shape{64, 64}));
  EXPECT_EQ(shape("blk.0.ffn_norm.weight"), Shape{64});
  EXPECT_EQ(shape("blk.0.ffn_gate.weight"), (Shape{160, 64}));
  EXPECT_EQ(shape("blk.0.ffn_up.weight"), (Shape{160, 64}));
  EXPECT_EQ(shape("blk.0.ffn_down.weight"), (Shape{64, 160}));
  EXPECT_EQ(shape("blk.1.attn_k.weight"), (Shape{32, 64}));
  EXPECT_EQ(file.tensors.Find("blk.0.ssm_in.weight")->dtype, DType::kBF16);
  EXPECT_EQ(file.tensors.Find("blk.0.ssm_conv1d.weight")->dtype, DType::kF32);

  const GgufMetadata& keys = file.metadata;
  EXPECT_EQ(keys.GetString("general.architecture"), "llamba");
  EXPECT_EQ(keys.GetInt("general.file_type"), 32);
  EXPECT_EQ(keys.GetInt("llamba.block_count"), 4);
  EXPECT_EQ(keys.GetInt("llamba.embedding_length"), 64);
  EXPECT_EQ(keys.GetInt("llamba.feed_forward_length"), 160);
  EXPECT_EQ(keys.GetInt("llamba.context_length"), 512);
  EXPECT_EQ(keys.GetInt("llamba.vocab_size"), 256);
  EXPECT_FLOAT_EQ(static_cast<float>(
                      keys.GetFloat("llamba.attention.layer_norm_rms_epsilon")),
                  1e-5f);
  EXPECT_EQ(keys.GetInt("llamba.ssm.conv_kernel"), 4);
  EXPECT_EQ(keys.GetInt("llamba.ssm.inner_size"), 64);
  EXPECT_EQ(keys.GetInt("llamba.ssm.state_size"), 16);
  EXPECT_EQ(keys.GetInt("llamba.ssm.time_step_rank"), 4);
  EXPECT_EQ(keys.GetInt("llamba.ssm.group_count"), 2);
  EXPECT_EQ(keys.FindInts("llamba.attention.head_count"),
            (std::vector<int64_t>{0, 4, 0, 4}));
  EXPECT_EQ(keys.FindInts("llamba.attention.head_count_kv"),
            (std::vector<int64_t>{0, 2, 0, 2}));
}

TEST(LlambaGguf, ALlamaThatLlamaCppCannotRunIsNotCalledLlama) {
  ModelConfig config = SyntheticShape("tiny-llama");
  config.mlp.activation = Activation::kRelu;
  const TempDir dir;
  WriteGguf(config, SyntheticSource(config, 1), dir / "m.gguf", DType::kF32, {},
            nullptr);
  const Checkpoint checkpoint = OpenCheckpoint(dir / "m.gguf");
  EXPECT_EQ(checkpoint.layout, "GGUF, llamba");
  EXPECT_TRUE(checkpoint.config.IsLlama());
  EXPECT_EQ(checkpoint.config.mlp.activation, Activation::kRelu);
  // A block's epsilon that no llamba file can hold is an error instead.
  config.norm_epsilon = config.block_norm_epsilon = 1e-6;
  EXPECT_THAT(MessageOf([&] {
                WriteGguf(config, SyntheticSource(config, 1), dir / "n.gguf",
                          DType::kF32, {}, nullptr);
              }),
              HasSubstr("epsilon"));
}

}  // namespace
}  // namespace llamba
