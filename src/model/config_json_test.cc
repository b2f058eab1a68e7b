#include <gmock/gmock.h>

#include "model/config.h"
#include "model/fixtures_test.h"
#include "tests/shared_material.h"

namespace llamba {
namespace {

using testing::HasSubstr;

ModelConfig Parse(const std::string& json) {
  return ParseConfigJson(json, "config.json");
}

TEST(LlambaJson, DefaultsAreThoseOfThePublishedClasses) {
  const ModelConfig c = Parse(R"({"vocab_size": 1000, "d_model": 2048})");
  EXPECT_EQ(c.n_layer, 32);
  EXPECT_EQ(c.norm_epsilon, 1e-5);
  EXPECT_EQ(c.block_norm_epsilon, 1e-5);
  EXPECT_FALSE(c.tie_embeddings);
  EXPECT_FALSE(c.lm_head_bias);
  EXPECT_EQ(c.pad_vocab_size_multiple, 8);
  EXPECT_EQ(c.mlp.intermediate_size, 14336);
  EXPECT_FALSE(c.mlp.bias);
  EXPECT_EQ(c.mlp.activation, Activation::kSilu);
  EXPECT_EQ(c.ssm.d_inner, 2048);
  EXPECT_EQ(c.ssm.d_state, 64);
  EXPECT_EQ(c.ssm.n_v_heads, 32);
  EXPECT_EQ(c.ssm.n_qk_heads, 32);
  EXPECT_EQ(c.ssm.d_conv, 4);
  EXPECT_EQ(c.ssm.activation, Activation::kIdentity);
  EXPECT_FALSE(c.ssm.bias);
  EXPECT_TRUE(c.ssm.conv_bias);
  EXPECT_EQ(c.ssm.chunk_size, 128);
  EXPECT_FALSE(c.HasMixer(MixerKind::kAttention));
}

TEST(LlambaJson, EveryKeyIsRead) {
  const ModelConfig c = Parse(R"({
    "model_type": "llamba", "vocab_size": 1001, "d_model": 96, "n_layer": 3,
    "norm_epsilon": 0.01, "tie_embeddings": true, "lm_head_bias": true,
    "pad_vocab_size_multiple": 64, "resid_dropout": 0.5, "anything": [1],
    "mlp_cfg": {"intermediate_size": 100, "bias": true, "act_fn": "gelu_new"},
    "ssm_cfg": {"d_state": 16, "n_v_heads": 8, "n_qk_heads": 4, "d_conv": 3,
      "expand": 2, "activation": "swish", "bias": true, "conv_bias": false,
      "chunk_size": 7}})");
  EXPECT_EQ(c.vocab_size, 1024);  // padded up to 64
  EXPECT_EQ(c.d_model, 96);
  EXPECT_EQ(c.n_layer, 3);
  EXPECT_EQ(c.norm_epsilon, 0.01);
  EXPECT_EQ(c.block_norm_epsilon, 1e-5);  // whatever the config says
  EXPECT_TRUE(c.tie_embeddings);
  EXPECT_TRUE(c.lm_head_bias);
  EXPECT_EQ(c.mlp.intermediate_size, 100);
  EXPECT_TRUE(c.mlp.bias);
  EXPECT_EQ(c.mlp.activation, Activation::kGeluTanh);
  EXPECT_EQ(c.ssm.d_inner, 192);
  EXPECT_EQ(c.ssm.head_dim(), 24);
  EXPECT_EQ(c.ssm.conv_channels(), 192 + 2 * 4 * 16);
  EXPECT_EQ(c.ssm.in_proj_rows(), 192 + 2 * 4 * 16 + 192 + 8);
  EXPECT_EQ(c.ssm.activation, Activation::kSilu);
  EXPECT_TRUE(c.ssm.bias);
  EXPECT_FALSE(c.ssm.conv_bias);
  EXPECT_EQ(c.ssm.chunk_size, 7);
}

TEST(LlambaJson, AHybridNamesItsAttentionLayers) {
  const ModelConfig c = Parse(R"({
    "vocab_size": 64, "d_model": 64, "n_layer": 4, "attn_layer_idx": [1, 3],
    "ssm_cfg": {"n_v_heads": 4, "n_qk_heads": 4},
    "attn_cfg": {"num_heads": 4, "num_heads_kv": 2, "head_dim": 8,
      "rope_theta": 500000, "max_position_embeddings": 4096,
      "rope_scaling": {"rope_type": "llama3", "factor": 32,
        "low_freq_factor": 1, "high_freq_factor": 4,
        "original_max_position_embeddings": 512}}})");
  using enum MixerKind;
  EXPECT_EQ(c.mixers,
            (std::vector<MixerKind>{kMamba2, kAttention, kMamba2, kAttention}));
  EXPECT_EQ(c.attention.n_heads, 4);
  EXPECT_EQ(c.attention.n_kv_heads, 2);
  EXPECT_EQ(c.attention.head_dim, 8);
  EXPECT_EQ(c.attention.rope_theta, 500000);
  ASSERT_TRUE(c.attention.rope_scaling.has_value());
  EXPECT_EQ(c.attention.rope_scaling->factor, 32);
  EXPECT_EQ(c.context_length, 4096);
  EXPECT_EQ(c.block_norm_epsilon, 1e-5);
}

constexpr char kLlamaSizes[] = R"("model_type": "llama", "vocab_size": 100,
  "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
  "intermediate_size": 96)";

ModelConfig ParseLlama(const std::string& more) {
  return Parse(std::string("{") + kLlamaSizes + more + "}");
}

TEST(LlamaJson, DefaultsAreThoseOfTransformers) {
  const ModelConfig c = ParseLlama("");
  EXPECT_TRUE(c.IsLlama());
  EXPECT_EQ(c.attention.n_kv_heads, 4);
  EXPECT_EQ(c.attention.head_dim, 16);
  EXPECT_EQ(c.attention.rope_theta, 10000);
  EXPECT_EQ(c.norm_epsilon, 1e-6);
  EXPECT_EQ(c.block_norm_epsilon, 1e-6);
  EXPECT_EQ(c.context_length, 2048);
  EXPECT_FALSE(c.tie_embeddings);
  EXPECT_EQ(c.vocab_size, 100);  // never padded
}

TEST(LlamaJson, EveryKeyIsRead) {
  const ModelConfig c = ParseLlama(R"(, "num_key_value_heads": 2,
    "head_dim": 32, "rms_norm_eps": 1e-5, "tie_word_embeddings": true,
    "hidden_act": "gelu", "attention_bias": true, "mlp_bias": true,
    "max_position_embeddings": 999, "rope_theta": 5e5, "rope_scaling": null)");
  EXPECT_EQ(c.attention.n_kv_heads, 2);
  EXPECT_EQ(c.attention.head_dim, 32);
  EXPECT_EQ(c.block_norm_epsilon, 1e-5);
  EXPECT_TRUE(c.tie_embeddings);
  EXPECT_EQ(c.mlp.activation, Activation::kGelu);
  EXPECT_TRUE(c.attention.bias);
  EXPECT_TRUE(c.mlp.bias);
  EXPECT_EQ(c.context_length, 999);
  EXPECT_EQ(c.attention.rope_theta, 5e5);
  EXPECT_FALSE(c.attention.rope_scaling.has_value());
}

constexpr char kLlama3[] = R"("factor": 8.0, "low_freq_factor": 1.0,
  "high_freq_factor": 4.0, "original_max_position_embeddings": 8192)";

TEST(LlamaJson, BothFormsOfRotarySettingsAreOne) {
  const std::string values = kLlama3;
  const ModelConfig old_form =
      ParseLlama(R"(, "rope_theta": 5e5, "rope_scaling": {"rope_type":
        "llama3", )" +
                 values + "}");
  const ModelConfig older_form =
      ParseLlama(R"(, "rope_theta": 5e5, "rope_scaling": {"type": "llama3", )" +
                 values + "}");
  const ModelConfig new_form =
      ParseLlama(R"(, "rope_parameters": {"rope_type": "llama3",
        "rope_theta": 5e5, )" +
                 values + R"(}, "dtype": "bfloat16")");
  for (const ModelConfig& c : {old_form, older_form, new_form}) {
    EXPECT_EQ(c.attention.rope_theta, 5e5);
    ASSERT_TRUE(c.attention.rope_scaling.has_value());
    EXPECT_EQ(c.attention.rope_scaling->factor, 8);
  }
  const ModelConfig plain = ParseLlama(
      R"(, "rope_parameters": {"rope_type": "default", "rope_theta": 7e4})");
  EXPECT_EQ(plain.attention.rope_theta, 7e4);
  EXPECT_FALSE(plain.attention.rope_scaling.has_value());
}

struct Bad {
  const char* name;
  std::string json;
  std::vector<std::string> message;  // each must be in it
};

std::string Llama(const std::string& more) {
  return std::string("{") + kLlamaSizes + ", " + more + "}";
}

std::string Llamba(const std::string& more) {
  return R"({"vocab_size": 64, "d_model": 64, "n_layer": 2)" +
         (more.empty() ? "" : ", " + more) + "}";
}

std::vector<Bad> BadConfigs() {
  const std::string ssm4 = R"("ssm_cfg": {"n_v_heads": 4, "n_qk_heads": 4})";
  return {
      {"Empty", "", {"config.json: expected JSON, found an empty file"}},
      {"NoJson", "{\"a\": ", {"config.json: expected JSON: parse error at"}},
      {"NoObject", "[1]", {"a JSON object", "[1]"}},
      {"NoFamily", "{}", {"d_model", "hidden_size"}},
      {"OtherFamily",
       R"({"model_type": "mistral"})",
       {"model_type", "mistral"}},
      {"NoVocab", R"({"d_model": 64})", {"vocab_size", "found nothing"}},
      {"StringSize",
       R"({"vocab_size": "64", "d_model": 64})",
       {"vocab_size", "an integer", "\"64\""}},
      {"FloatSize",
       R"({"vocab_size": 64.5, "d_model": 64})",
       {"vocab_size", "an integer", "64.5"}},
      {"HugeSize",
       R"({"vocab_size": 99999999999999999999, "d_model": 64})",
       {"vocab_size", "an integer"}},
      {"BoolAsInt",
       Llamba(R"("tie_embeddings": 1)"),
       {"tie_embeddings", "true or false", "1"}},
      {"NumberAsObject",
       Llamba(R"("mlp_cfg": 3)"),
       {"mlp_cfg", "an object", "3"}},
      {"NestedType",
       Llamba(R"("ssm_cfg": {"d_state": true})"),
       {"ssm_cfg.d_state", "an integer", "true"}},
      {"AbsurdLayers",
       R"({"vocab_size": 64, "d_model": 64,
        "n_layer": 4000000000})",
       {"n_layer", "4000000000"}},
      {"AbsurdVocab",
       R"({"vocab_size": 9223372036854775807, "d_model": 64})",
       {"vocab_size", "9223372036854775807"}},
      {"AbsurdExpand",
       Llamba(R"("ssm_cfg": {"expand": 4611686018427387904})"),
       {"expand", "4611686018427387904"}},
      {"ZeroWidth", R"({"vocab_size": 64, "d_model": 0})", {"d_model", "0"}},
      {"ZeroPadding",
       Llamba(R"("pad_vocab_size_multiple": 0)"),
       {"pad_vocab_size_multiple", "0"}},
      {"Groups",
       Llamba(R"("ssm_cfg": {"n_v_heads": 4, "n_qk_heads": 3})"),
       {"n_v_heads", "4", "n_qk_heads", "3"}},
      {"Heads",
       Llamba(R"("ssm_cfg": {"n_v_heads": 5, "n_qk_heads": 5})"),
       {"n_v_heads", "5", "d_model", "64"}},
      {"ConvActivation",
       Llamba(R"("ssm_cfg": {"activation": "gelu"})"),
       {"ssm_cfg.activation", "gelu", "identity"}},
      {"MlpActivation",
       Llamba(R"("mlp_cfg": {"act_fn": "mish"})"),
       {"mlp_cfg.act_fn", "mish", "gelu_pytorch_tanh"}},
      {"Epsilon",
       Llamba(ssm4 + R"(, "norm_epsilon": -1)"),
       {"norm_epsilon", "-1"}},
      {"AttentionLayer",
       Llamba(ssm4 + R"(, "attn_layer_idx": [2])"),
       {"attn_layer_idx", "n_layer", "2"}},
      {"AttentionConfig",
       Llamba(ssm4 + R"(, "attn_layer_idx": [1])"),
       {"attn_cfg", "found nothing"}},
      {"AttentionHeads",
       Llamba(ssm4 + R"(, "attn_layer_idx": [1],
        "attn_cfg": {"num_heads": 5})"),
       {"attn_cfg.num_heads", "64", "5"}},
      {"NoHidden",
       R"({"model_type": "llama", "vocab_size": 9})",
       {"hidden_size", "found nothing"}},
      {"KvHeads",
       Llama(R"("num_key_value_heads": 3)"),
       {"num_attention_heads", "4", "num_key_value_heads", "3"}},
      {"OddHead", Llama(R"("head_dim": 7)"), {"head_dim", "7"}},
      {"Yarn",
       Llama(R"("rope_scaling": {"rope_type": "yarn", "factor": 4})"),
       {"rope_scaling.rope_type", "yarn", "llama3"}},
      {"Linear",
       Llama(R"("rope_scaling": {"type": "linear", "factor": 4})"),
       {"rope_scaling.rope_type", "linear"}},
      {"NewYarn",
       Llama(R"("rope_parameters": {"rope_type": "yarn"})"),
       {"rope_parameters.rope_type", "yarn"}},
      {"TwoThetas",
       Llama(R"("rope_theta": 1e4, "rope_parameters":
        {"rope_type": "default", "rope_theta": 5e5})"),
       {"rope_theta", "10000", "500000"}},
      {"NoFactor",
       Llama(R"("rope_scaling": {"rope_type": "llama3"})"),
       {"rope_scaling.factor", "found nothing"}},
      {"Frequencies",
       Llama(R"("rope_scaling": {"rope_type": "llama3",
        "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4,
        "original_max_position_embeddings": 10})"),
       {"high_freq_factor", "low_freq_factor", "4"}},
      {"PartialRotary",
       Llama(R"("rope_parameters":
        {"partial_rotary_factor": 0.5})"),
       {"partial_rotary_factor", "0.5"}},
  };
}

TEST(BadConfig, IsRefusedByFieldAndValues) {
  for (const Bad& bad : BadConfigs()) {
    SCOPED_TRACE(bad.name);
    const std::string message = MessageOf([&] { Parse(bad.json); });
    EXPECT_THAT(message, HasSubstr("config.json"));
    for (const std::string& part : bad.message) {
      EXPECT_THAT(message, HasSubstr(part));
    }
  }
}

// What is shown of it, or compared with it, must not take all of the stack.
TEST(BadConfig, DepthIsLimited) {
  constexpr int kDepth = 500'000;
  const std::string deep = std::string(kDepth, '[') + std::string(kDepth, ']');
  for (const std::string& json : {deep, Llama("\"head_dim\": " + deep)}) {
    EXPECT_THAT(MessageOf([&] { Parse(json); }),
                HasSubstr("config.json: expected JSON nested 100 deep"));
  }
}

TEST(ConfigToJson, ReadsBackTheSame) {
  const std::string llamba = Llamba(
      R"("ssm_cfg": {"n_v_heads": 8, "n_qk_heads": 4, "d_conv": 3,
        "bias": true, "conv_bias": false, "activation": "silu", "expand": 2},
        "mlp_cfg": {"act_fn": "gelu", "bias": true}, "norm_epsilon": 0.25,
        "attn_layer_idx": [0], "attn_cfg": {"num_heads": 2, "bias": true})");
  const std::string llama = Llama(
      R"("head_dim": 20, "rms_norm_eps": 1e-5, "hidden_act": "relu",
        "rope_scaling": {"rope_type": "llama3", )" +
      std::string(kLlama3) + "}");
  for (const std::string& json : {llamba, llama}) {
    const std::string once = ConfigToJson(Parse(json));
    EXPECT_EQ(ConfigToJson(Parse(once)), once);
    EXPECT_NE(once.find(json == llama ? "rope_scaling" : "attn_layer_idx"),
              std::string::npos);
  }
}

// Against the formula as transformers' modeling_rope_utils writes it, in
// float64 (Llama-3.2-1B: theta 500000, factor 32).
TEST(Rope, ScaledFrequencies) {
  AttentionConfig attention;
  attention.head_dim = 64;
  attention.rope_theta = 500000;
  attention.rope_scaling = RopeScaling{};
  attention.rope_scaling->factor = 32;
  const std::vector<double> found = attention.RopeFrequencies();
  ASSERT_EQ(found.size(), 32u);
  const std::pair<size_t, double> expected[] = {{0, 1.0},
                                                {1, 0.6636012376960885},
                                                {14, 0.003211445994752591},
                                                {15, 0.001290547928209264},
                                                {16, 0.00042955679655935816},
                                                {17, 9.70828780262767e-05},
                                                {18, 1.9461638184831125e-05},
                                                {31, 9.41830672543491e-08}};
  for (const auto& [j, frequency] : expected) {
    EXPECT_NEAR(found[j], frequency, 1e-12 * frequency) << j;
  }
  EXPECT_FLOAT_EQ(attention.RopeDivisors()[16], 3.2922621029408843f);
  EXPECT_EQ(attention.RopeDivisors()[31], 32);
}

TEST(Sizes, OfLlamba1bAreThoseOfTheSpecification) {
  const ModelConfig c = Parse(R"({"vocab_size": 128256, "d_model": 2048,
    "n_layer": 16, "tie_embeddings": true,
    "mlp_cfg": {"intermediate_size": 8192}})");
  // SPEC 2: 16 * (32*64*64 + 3*6144) values of 4 bytes, whatever the context.
  EXPECT_EQ(c.StateBytes(0, 2), 16 * (32 * 64 * 64 + 3 * 6144) * 4);
  EXPECT_EQ(c.StateBytes(1 << 20, 2), c.StateBytes(0, 2));
}

TEST(Sizes, OfLlama1bAreThoseOfTheSpecification) {
  const ModelConfig c = Parse(R"({"model_type": "llama", "vocab_size": 128256,
    "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 8192,
    "tie_word_embeddings": true})");
  EXPECT_EQ(c.StateBytes(1, 2), 32 * 1024);  // SPEC 2: 32 KB a token
  EXPECT_EQ(c.NumParameters(), 1235814400);  // as Meta's model card counts
}

}  // namespace
}  // namespace llamba
