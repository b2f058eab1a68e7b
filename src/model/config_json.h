#ifndef LLAMBA_MODEL_CONFIG_JSON_H_
#define LLAMBA_MODEL_CONFIG_JSON_H_

#include <nlohmann/json.hpp>
#include <string>

#include "model/config.h"
#include "model/json_fields.h"

// The two forms of config.json, a file each; only this room includes this.
namespace llamba {

// SPEC 3 and "Hybrids"; not yet validated.
ModelConfig ParseLlambaJson(const JsonFields& fields);
nlohmann::ordered_json LlambaToJson(const ModelConfig& config);

// A Hugging Face Llama; not yet validated.
ModelConfig ParseLlamaJson(const JsonFields& fields);
nlohmann::ordered_json LlamaToJson(const ModelConfig& config);

// `rope_scaling` or `rope_parameters`: sets config->rope_scaling where its
// type is llama3, leaves it empty where that is "default" or absent, and
// throws Error naming any other type.
void ParseRopeScaling(const JsonFields& fields, AttentionConfig* config);
nlohmann::ordered_json RopeScalingToJson(const RopeScaling& scaling);

// ConfigToJson before it is text.
nlohmann::ordered_json ConfigDocument(const ModelConfig& config);

// A Llamba's blocks have an epsilon of 1e-5 whatever its config says: throws
// Error, `where` first, for a model that has another and must be written as
// one.
void RequireLlambaEpsilon(const ModelConfig& config, const std::string& where);

// The sizes that both kinds of document may make absurd are bounded before
// anything is allocated by them.
int64_t BoundedLayers(int64_t n_layer, const std::string& where);

}  // namespace llamba

#endif  // LLAMBA_MODEL_CONFIG_JSON_H_
