#include "model/gguf_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "formats/formats.h"
#include "model/config_json.h"
#include "model/layout_names.h"

namespace llamba {
namespace {

bool HasTensor(const GgufFile& file, Layout layout, TensorId id) {
  return file.tensors.Find(TensorName(layout, id)) != nullptr;
}

// Notes of ours on scaling parameters that rope_freqs alone would not tell.
std::string NoteKey(const std::string& arch, const char* name) {
  return arch + ".rope.llama3." + name;
}

// Whether this scaling gives the divisors. They were computed in float32: an
// error of a few 1e-6 in the frequency grows by `factor` where a divisor
// changes fastest.
bool Gives(const AttentionConfig& attention, const RopeScaling& scaling,
           const std::vector<float>& divisors) {
  AttentionConfig trial = attention;
  trial.rope_scaling = scaling;
  const std::vector<float> expected = trial.RopeDivisors();
  for (size_t i = 0; i < divisors.size(); ++i) {
    const double tolerance = 3e-6 * scaling.factor * expected[i];
    if (!(std::abs(expected[i] - divisors[i]) <= tolerance)) return false;
  }
  return true;
}

// rope_freqs.weight says the divisors; config.json wants the parameters. These
// are Llama 3's own (low 1, high 4, 8192) with any factor, or our notes'.
void ReadRopeFreqs(const GgufFile& file, const std::string& arch,
                   AttentionConfig* attention) {
  const TensorView* view = file.tensors.Find(kRopeFreqs);
  if (view == nullptr) return;
  if (NumElements(view->shape) != attention->head_dim / 2 ||
      !IsFloat(view->dtype)) {
    Fail("{}: {}: expected {} floating-point values, found {} {}",
         file.metadata.path, kRopeFreqs, attention->head_dim / 2,
         DTypeName(view->dtype), ShapeString(view->shape));
  }
  std::vector<float> divisors(static_cast<size_t>(attention->head_dim / 2));
  DecodeRow(view->dtype, view->data, divisors);
  if (std::all_of(divisors.begin(), divisors.end(),
                  [](float divisor) { return divisor == 1; })) {
    return;
  }
  RopeScaling scaling;
  scaling.factor = *std::max_element(divisors.begin(), divisors.end());
  const GgufMetadata& keys = file.metadata;
  scaling.factor =
      FromFloat32(keys.GetFloatOr(NoteKey(arch, "factor"), scaling.factor));
  scaling.low_freq_factor = FromFloat32(keys.GetFloatOr(
      NoteKey(arch, "low_freq_factor"), scaling.low_freq_factor));
  scaling.high_freq_factor = FromFloat32(keys.GetFloatOr(
      NoteKey(arch, "high_freq_factor"), scaling.high_freq_factor));
  scaling.original_max_position_embeddings =
      keys.GetIntOr(NoteKey(arch, "original_context_length"),
                    scaling.original_max_position_embeddings);
  if (Gives(*attention, scaling, divisors)) {
    attention->rope_scaling = scaling;
  } else {
    attention->rope_freq_factors = divisors;
  }
}

void RefuseOtherScaling(const GgufMetadata& keys, const std::string& arch) {
  const std::string type =
      keys.GetStringOr(arch + ".rope.scaling.type", "none");
  const double factor =
      keys.GetFloatOr(arch + ".rope.scaling.factor",
                      keys.GetFloatOr(arch + ".rope.scale_linear", 1));
  if (type != "none" && (type != "linear" || factor != 1)) {
    Fail("{}: {}.rope.scaling.type: expected none, found \"{}\"", keys.path,
         arch, type);
  }
  if (factor != 1) {
    Fail("{}: {}.rope.scaling.factor: expected 1, found {}", keys.path, arch,
         factor);
  }
}

}  // namespace

double FromFloat32(double value) {
  const std::string shortest = fmt::format("{}", static_cast<float>(value));
  return std::strtod(shortest.c_str(), nullptr);
}

std::vector<int64_t> PerLayer(const GgufMetadata& metadata,
                              const std::string& key, int64_t n_layer,
                              int64_t fallback) {
  std::vector<int64_t> values =
      metadata.FindInts(key).value_or(std::vector<int64_t>{fallback});
  if (values.size() == 1) {
    values.assign(static_cast<size_t>(n_layer), values[0]);
  }
  if (static_cast<int64_t>(values.size()) != n_layer) {
    Fail("{}: {}: expected {} values, one a layer, found {}", metadata.path,
         key, n_layer, values.size());
  }
  return values;
}

void ReadSizes(const GgufFile& file, const std::string& arch,
               ModelConfig* config) {
  const GgufMetadata& keys = file.metadata;
  const Layout layout =
      arch == "llama" ? Layout::kGgufLlama : Layout::kGgufLlamba;
  config->n_layer = BoundedLayers(keys.GetInt(arch + ".block_count"),
                                  keys.path + ": " + arch + ".block_count");
  config->d_model = keys.GetInt(arch + ".embedding_length");
  config->mlp.intermediate_size = keys.GetInt(arch + ".feed_forward_length");
  config->context_length = keys.GetIntOr(arch + ".context_length", 0);
  config->norm_epsilon =
      FromFloat32(keys.GetFloat(arch + ".attention.layer_norm_rms_epsilon"));
  const std::string embedding = TensorName(layout, {TensorRole::kEmbedding});
  const TensorView* view = file.tensors.Find(embedding);
  if (view == nullptr || view->shape.size() != 2) {
    Fail("{}: expected a matrix {}, found {}", keys.path, embedding,
         view == nullptr ? "none" : ShapeString(view->shape));
  }
  config->vocab_size = keys.GetIntOr(arch + ".vocab_size", view->shape[0]);
  config->pad_vocab_size_multiple = 1;
  config->tie_embeddings = !HasTensor(file, layout, {TensorRole::kHead});
  config->lm_head_bias = HasTensor(file, layout, {TensorRole::kHeadBias});
  config->mlp.bias = HasTensor(file, layout, {TensorRole::kMlpGateBias, 0});
}

void WriteSizes(const ModelConfig& config, const std::string& arch,
                GgufMetadata* metadata) {
  const auto set = [&](const char* name, int64_t value) {
    metadata->Set(arch + name, static_cast<uint64_t>(value));
  };
  set(".block_count", config.n_layer);
  if (config.context_length > 0) set(".context_length", config.context_length);
  set(".embedding_length", config.d_model);
  set(".feed_forward_length", config.mlp.intermediate_size);
  set(".vocab_size", config.vocab_size);
  metadata->Set(arch + ".attention.layer_norm_rms_epsilon",
                config.norm_epsilon);
}

void ReadAttention(const GgufFile& file, const std::string& arch,
                   int64_t n_heads, int64_t n_kv_heads, ModelConfig* config) {
  const GgufMetadata& keys = file.metadata;
  const Layout layout =
      arch == "llama" ? Layout::kGgufLlama : Layout::kGgufLlamba;
  AttentionConfig& attention = config->attention;
  attention.n_heads = n_heads;
  attention.n_kv_heads = n_kv_heads;
  const std::string key_length = arch + ".attention.key_length";
  if (n_heads < 1 ||
      (!keys.Has(key_length) && config->d_model % n_heads != 0)) {
    Fail("{}: {}.attention.head_count: expected a divisor of {}, found {}",
         keys.path, arch, config->d_model, n_heads);
  }
  attention.head_dim = keys.GetIntOr(key_length, config->d_model / n_heads);
  for (const char* name :
       {".attention.value_length", ".rope.dimension_count"}) {
    const int64_t found = keys.GetIntOr(arch + name, attention.head_dim);
    if (found != attention.head_dim) {
      Fail("{}: {}{}: expected the head's size ({}), found {}", keys.path, arch,
           name, attention.head_dim, found);
    }
  }
  if (config->context_length > 0) {
    attention.max_position_embeddings = config->context_length;
  } else {
    config->context_length = attention.max_position_embeddings;
  }
  const auto first = std::find(config->mixers.begin(), config->mixers.end(),
                               MixerKind::kAttention);
  const auto layer = static_cast<int>(first - config->mixers.begin());
  attention.bias = HasTensor(file, layout, {TensorRole::kAttnQBias, layer});
  attention.rope_theta =
      FromFloat32(keys.GetFloatOr(arch + ".rope.freq_base", 10000));
  RefuseOtherScaling(keys, arch);
  // Sizes are checked before the frequencies are computed by them.
  ValidateConfig(*config, keys.path);
  ReadRopeFreqs(file, arch, &attention);
}

void WriteRope(const AttentionConfig& attention, const std::string& arch,
               GgufMetadata* metadata) {
  metadata->Set(arch + ".rope.freq_base", attention.rope_theta);
  metadata->Set(arch + ".rope.dimension_count",
                static_cast<uint64_t>(attention.head_dim));
  if (!attention.rope_scaling) return;
  const RopeScaling& scaling = *attention.rope_scaling;
  RopeScaling usual;
  const std::vector<float> divisors = attention.RopeDivisors();
  usual.factor =
      FromFloat32(*std::max_element(divisors.begin(), divisors.end()));
  if (scaling == usual) return;
  metadata->Set(NoteKey(arch, "factor"), scaling.factor);
  metadata->Set(NoteKey(arch, "low_freq_factor"), scaling.low_freq_factor);
  metadata->Set(NoteKey(arch, "high_freq_factor"), scaling.high_freq_factor);
  metadata->Set(
      NoteKey(arch, "original_context_length"),
      static_cast<uint64_t>(scaling.original_max_position_embeddings));
}

}  // namespace llamba
