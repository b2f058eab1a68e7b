#ifndef LLAMBA_RUNTIME_HASH64_H_
#define LLAMBA_RUNTIME_HASH64_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace llamba {

// XXH64 with seed 0 (Collet's specification, xxhash_spec.md): a checksum that
// runs at memory speed. No protection against forgery.
uint64_t Hash64(std::span<const std::byte> bytes);

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_HASH64_H_
