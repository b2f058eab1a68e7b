#ifndef LLAMBA_MODEL_GGUF_MODEL_H_
#define LLAMBA_MODEL_GGUF_MODEL_H_

#include <string>

#include "checkpoint/gguf.h"
#include "model/config.h"

// A model's keys in GGUF. What the architectures "llama" and "llamba" share
// stands in gguf_model.cc, the rest in a file each.
namespace llamba {

ModelConfig ReadLlamaKeys(const GgufFile& file);
void WriteLlamaKeys(const ModelConfig& config, GgufMetadata* metadata);

ModelConfig ReadLlambaKeys(const GgufFile& file);
void WriteLlambaKeys(const ModelConfig& config, GgufMetadata* metadata);

inline constexpr const char* kRopeFreqs = "rope_freqs.weight";

// Shared parts. `arch` is "llama" or "llamba", the prefix of the keys.
void ReadSizes(const GgufFile& file, const std::string& arch,
               ModelConfig* config);
void WriteSizes(const ModelConfig& config, const std::string& arch,
                GgufMetadata* metadata);
// Head counts, lengths and rotary settings; config->mixers is set, and
// max_position_embeddings follows context_length.
void ReadAttention(const GgufFile& file, const std::string& arch,
                   int64_t n_heads, int64_t n_kv_heads, ModelConfig* config);
void WriteRope(const AttentionConfig& attention, const std::string& arch,
               GgufMetadata* metadata);

// One value a layer: an array of n_layer, or one number for all of them.
std::vector<int64_t> PerLayer(const GgufMetadata& metadata,
                              const std::string& key, int64_t n_layer,
                              int64_t fallback);

// A float32 of the file as the decimal number it was made from: 1e-5, not
// 9.99999975e-6, so that a config survives the way there and back.
double FromFloat32(double value);

}  // namespace llamba

#endif  // LLAMBA_MODEL_GGUF_MODEL_H_
