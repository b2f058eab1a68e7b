#ifndef LLAMBA_CHECKPOINT_FUZZ_H_
#define LLAMBA_CHECKPOINT_FUZZ_H_

// For the fuzz targets of this room.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "checkpoint/tensor_file.h"

namespace llamba {

// Reads the first and the last byte of every tensor: a view that leaves the
// input is then an error of the address sanitizer.
inline void TouchAll(const TensorFile& file) {
  unsigned sum = 0;
  for (const NamedTensor& t : file.tensors()) {
    if (t.view.bytes == 0) continue;
    sum += std::to_integer<unsigned>(t.view.data[0]);
    sum += std::to_integer<unsigned>(t.view.data[t.view.bytes - 1]);
  }
  volatile unsigned sink = sum;
  (void)sink;
}

// Parses the input and touches the tensors; an Error is the right answer to a
// bad file. `parse` gives a TensorFile.
template <typename Parse>
int FuzzReader(const uint8_t* data, size_t size, Parse parse) {
  try {
    TouchAll(parse(std::as_bytes(std::span(data, size))));
  } catch (const Error&) {
  }
  return 0;
}

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_FUZZ_H_
