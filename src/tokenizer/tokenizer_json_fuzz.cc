#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "tokenizer/json_reader.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_readers.h"

// A tokenizer.json of anything: an Error, or a tokenizer that encodes and
// decodes without a crash.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const llamba::Tokenizer tokenizer(
        llamba::ReadTokenizerJson(llamba::JsonDocument(text, "fuzz")));
    tokenizer.Decode(tokenizer.Encode(text, {.parse_special = true}), false);
    llamba::GgufMetadata metadata;
    llamba::WriteTokenizerMetadata(tokenizer, tokenizer.vocab_size(),
                                   &metadata);
  } catch (const llamba::Error&) {
  }
  return 0;
}
