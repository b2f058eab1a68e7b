#include <cstdint>
#include <string>

#include "base/error.h"
#include "model/config.h"

// config.json: a config or an Error, and what is written reads back the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace llamba;
  ModelConfig config;
  try {
    config = ParseConfigJson(
        std::string(reinterpret_cast<const char*>(data), size), "fuzz.json");
  } catch (const Error&) {
    return 0;
  }
  const std::string once = ConfigToJson(config);
  const std::string twice = ConfigToJson(ParseConfigJson(once, "again.json"));
  LLAMBA_ASSERT(once == twice);
  LLAMBA_ASSERT(config.NumParameters() > 0);
  LLAMBA_ASSERT(config.StateBytes(1 << 20, 4) >= 0);
  return 0;
}
