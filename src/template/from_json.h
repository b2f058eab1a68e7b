#ifndef LLAMBA_TEMPLATE_FROM_JSON_H_
#define LLAMBA_TEMPLATE_FROM_JSON_H_

#include <nlohmann/json_fwd.hpp>

#include "template/value.h"

namespace llamba::jinja {

// Raises for what nests deeper than kMaxValueDepth, integers beyond int64 and
// binary values.
Value FromJson(const nlohmann::ordered_json& json, int depth = 0);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_FROM_JSON_H_
