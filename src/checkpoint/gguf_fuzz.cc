#include "checkpoint/fuzz.h"
#include "checkpoint/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return llamba::FuzzReader(data, size, [](auto bytes) {
    return llamba::ParseGguf("fuzz.gguf", bytes).tensors;
  });
}
