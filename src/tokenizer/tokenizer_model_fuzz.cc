#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_readers.h"

// A tokenizer.model of anything, SentencePiece or tiktoken.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const llamba::Tokenizer tokenizer(
        llamba::IsTiktoken(text)
            ? llamba::ReadTiktokenLlama3(text, "fuzz")
            : llamba::ReadSentencePieceModel(text, "fuzz"));
    tokenizer.Decode(tokenizer.Encode(text, {.parse_special = true}), false);
    llamba::WriteSentencePieceModel(tokenizer.spec());
  } catch (const llamba::Error&) {
  }
  return 0;
}
