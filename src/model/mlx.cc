#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_depth.h"
#include "model/activation_names.h"
#include "model/checkpoint_builder.h"
#include "model/config_json.h"
#include "model/readers.h"

// The layout of cartesia-ai's MLX files (SPEC 3, "The MLX layout"): block i is
// layer 2i (the mixer) and 2i + 1 (the MLP).
namespace llamba {
namespace {

using Role = TensorRole;

constexpr const char* kEmbedding = "embedding.encoder.weight";

struct MlxName {
  Role role;
  int half;  // 0: mixer, 1: MLP; -1: the name stands alone
  std::string_view name;
};

constexpr MlxName kNames[] = {
    {Role::kEmbedding, -1, kEmbedding},
    {Role::kFinalNorm, -1, "model.norm.weight"},
    {Role::kHead, -1, "head.linear.weight"},
    {Role::kHeadBias, -1, "head.linear.bias"},
    {Role::kInputNorm, 0, "norm.weight"},
    {Role::kSsmIn, 0, "layer.in_proj.weight"},
    {Role::kSsmInBias, 0, "layer.in_proj.bias"},
    {Role::kSsmConv, 0, "layer.conv_weight"},
    {Role::kSsmConvBias, 0, "layer.conv_bias"},
    {Role::kSsmZBias, 0, "layer.z_bias"},
    {Role::kSsmD, 0, "layer.D"},
    {Role::kSsmOut, 0, "layer.out_proj.weight"},
    {Role::kSsmOutBias, 0, "layer.out_proj.bias"},
    {Role::kPostNorm, 1, "norm.weight"},
    {Role::kMlpGate, 1, "layer.in_proj.weight"},
    {Role::kMlpGateBias, 1, "layer.in_proj.bias"},
    {Role::kMlpUp, 1, "layer.gate_proj.weight"},
    {Role::kMlpUpBias, 1, "layer.gate_proj.bias"},
    {Role::kMlpDown, 1, "layer.out_proj.weight"},
    {Role::kMlpDownBias, 1, "layer.out_proj.bias"},
};

std::string NameOf(const TensorId& id) {
  for (const MlxName& entry : kNames) {
    if (entry.role != id.role) continue;
    if (entry.half < 0) return std::string(entry.name);
    return fmt::format("model.layers.{}.{}", 2 * id.layer + entry.half,
                       entry.name);
  }
  AssertionFailed(__FILE__, __LINE__, "a role that MLX has");
}

// __metadata__ holds the config as "a.b.c": JSON text.
class MlxSettings {
 public:
  explicit MlxSettings(const TensorFile& file)
      : path_(file.path()), metadata_(file.metadata()) {}

  // The value of a key that is there and holds JSON; else null. Infinity and
  // NaN are no JSON, and no key that is asked for has them.
  nlohmann::json Get(const std::string& key) const {
    const auto it = metadata_.find(key);
    if (it == metadata_.end()) return nullptr;
    nlohmann::json value =
        nlohmann::json::parse(it->second, LimitJsonDepth(Where(key)), false);
    return value.is_discarded() ? nlohmann::json() : value;
  }
  // Refuses a key that is there and says something else.
  void Expect(const std::string& key, const nlohmann::json& expected) const {
    const nlohmann::json found = Get(key);
    if (!found.is_null() && found != expected) {
      Fail("{}: expected {}, found {}", Where(key), expected.dump(),
           metadata_.at(key));
    }
  }
  void ExpectNone(const std::string& key) const {
    const auto it = metadata_.find(key);
    if (it == metadata_.end()) return;
    Fail("{}: expected no such layer, found {}", Where(key), it->second);
  }
  std::string Where(const std::string& key) const {
    return path_ + ": __metadata__ " + key;
  }

 private:
  const std::string& path_;
  const std::map<std::string, std::string>& metadata_;
};

void RefuseOtherClasses(const MlxSettings& settings, const std::string& path) {
  const nlohmann::json found = settings.Get("_class_");
  if (found.is_null()) return;
  const std::string name =
      found.is_string() ? found.get<std::string>() : found.dump();
  if (name != "Llamba" && !name.ends_with(".Llamba")) {
    Fail("{}: __metadata__ _class_: expected a Llamba, found \"{}\"", path,
         name);
  }
  settings.Expect("model.norm_type", "rms");
  settings.Expect("model.final_proj", false);
  settings.Expect("model.unique_layers.1.layer.glu", true);
  settings.Expect("model.unique_layers.1.layer.bugged", false);
  for (const char* layer : {"0", "1"}) {
    settings.Expect(fmt::format("model.unique_layers.{}.norm_point", layer),
                    "pre");
  }
  settings.ExpectNone("model.unique_layers.2._class_");
}

// Sizes by the shapes of the tensors.
class MlxShapes {
 public:
  explicit MlxShapes(const TensorFile& file) : file_(file) {}

  bool Has(Role role, int layer = -1) const {
    return file_.Find(NameOf({role, layer})) != nullptr;
  }
  // Dimension 0 or 1 of a tensor that must be there.
  int64_t Size(Role role, int layer, size_t dimension) const {
    const std::string name = NameOf({role, layer});
    const TensorView* view = file_.Find(name);
    if (view == nullptr) {
      Fail("{}: expected a tensor {}, found none", file_.path(), name);
    }
    if (view->shape.size() <= dimension) {
      Fail("{}: {}: expected {} dimensions, found shape {}", file_.path(), name,
           dimension + 1, ShapeString(view->shape));
    }
    return view->shape[dimension];
  }
  int64_t Layers() const {
    int layers = 0;
    while (Has(Role::kInputNorm, layers)) ++layers;
    return BoundedLayers(layers, file_.path() + ": blocks by model.layers.*");
  }

 private:
  const TensorFile& file_;
};

void ReadSsm(const MlxShapes& shapes, const std::string& path, SsmConfig* ssm) {
  const int64_t rows = shapes.Size(Role::kSsmIn, 0, 0);
  const int64_t channels = shapes.Size(Role::kSsmConv, 0, 0);
  ssm->d_conv = shapes.Size(Role::kSsmConv, 0, 1);
  ssm->n_v_heads = shapes.Size(Role::kSsmD, 0, 0);
  ssm->n_qk_heads = ssm->n_v_heads;  // this layout has no groups
  ssm->d_inner = rows - channels - ssm->n_v_heads;
  const int64_t both = channels - ssm->d_inner;  // B and C
  if (ssm->n_v_heads < 1 || ssm->d_inner < 1 || both < 1 ||
      both % (2 * ssm->n_v_heads) != 0) {
    Fail(
        "{}: model.layers.0: expected in_proj to have the convolution's "
        "channels, a gate and {} heads as rows, found {} rows and {} channels",
        path, ssm->n_v_heads, rows, channels);
  }
  ssm->d_state = both / (2 * ssm->n_v_heads);
  ssm->bias = shapes.Has(Role::kSsmInBias, 0);
  ssm->conv_bias = shapes.Has(Role::kSsmConvBias, 0);
}

ModelConfig ReadConfig(const TensorFile& file, const MlxSettings& settings) {
  const MlxShapes shapes(file);
  ModelConfig config;
  config.n_layer = shapes.Layers();
  config.mixers.assign(static_cast<size_t>(config.n_layer), MixerKind::kMamba2);
  config.vocab_size = shapes.Size(Role::kEmbedding, -1, 0);
  config.pad_vocab_size_multiple = config.vocab_size % 8 == 0 ? 8 : 1;
  config.d_model = shapes.Size(Role::kFinalNorm, -1, 0);
  config.lm_head_bias = shapes.Has(Role::kHeadBias);
  config.mlp.intermediate_size = shapes.Size(Role::kMlpGate, 0, 0);
  config.mlp.bias = shapes.Has(Role::kMlpGateBias, 0);
  const std::string activation = "model.unique_layers.1.layer.activation";
  if (const auto name = settings.Get(activation); name.is_string()) {
    config.mlp.activation =
        ParseMlpActivation(name.get<std::string>(), settings.Where(activation));
  }
  ReadSsm(shapes, file.path(), &config.ssm);
  if (settings.Get("model.unique_layers.0.layer.conv_swish") == true) {
    config.ssm.activation = Activation::kSilu;
  }
  settings.Expect("model.n_layer_repeats", config.n_layer);
  settings.Expect("model.unique_layers.0.layer.n_heads", config.ssm.n_v_heads);
  settings.Expect("model.unique_layers.0.layer.d_state", config.ssm.d_state);
  settings.Expect("model.unique_layers.0.layer.kernel_size", config.ssm.d_conv);
  ValidateConfig(config, file.path());
  return config;
}

}  // namespace

bool IsMlx(const TensorFile& file) {
  return file.Find(kEmbedding) != nullptr ||
         file.metadata().contains("_class_");
}

Checkpoint ReadMlx(std::shared_ptr<const TensorFile> file) {
  const MlxSettings settings(*file);
  RefuseOtherClasses(settings, file->path());
  ModelConfig config = ReadConfig(*file, settings);
  CheckpointBuilder builder(std::move(file), std::move(config), "MLX");
  builder.AddAllMlx([](const TensorId& id) { return NameOf(id); });
  return builder.Build();
}

}  // namespace llamba
