#include <spdlog/spdlog.h>

#include <cstdint>
#include <span>

#include "base/error.h"
#include "checkpoint/parse.h"
#include "model/readers.h"

// A GGUF's keys and tensors as a model: every value of a model that opens can
// be read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace llamba;
  spdlog::set_level(spdlog::level::off);
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const Checkpoint checkpoint =
        ReadGgufModel(ParseGguf("fuzz.gguf", bytes), "fuzz.gguf");
    for (const auto& [id, tensor] : checkpoint.tensors) tensor.DecodeAll();
    checkpoint.Fingerprint();
    ConfigToJson(checkpoint.config);
  } catch (const Error&) {
  }
  return 0;
}
