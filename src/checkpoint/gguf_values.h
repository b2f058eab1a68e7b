#ifndef LLAMBA_CHECKPOINT_GGUF_VALUES_H_
#define LLAMBA_CHECKPOINT_GGUF_VALUES_H_

#include <string_view>

#include "checkpoint/byte_reader.h"
#include "checkpoint/gguf.h"

namespace llamba::gguf {

// A length (64 bits), then the bytes. `what` names it in errors.
std::string_view ReadString(ByteReader& reader, std::string_view what);

// A type, then the value: a scalar, or an array with its element type and
// count. No count is believed before the file is seen to be as long.
GgufValue ReadValue(ByteReader& reader, std::string_view what);

}  // namespace llamba::gguf

#endif  // LLAMBA_CHECKPOINT_GGUF_VALUES_H_
