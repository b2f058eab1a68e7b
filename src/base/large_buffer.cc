#include "base/large_buffer.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace llamba {

LargeBuffer::LargeBuffer(size_t size) : size_(size) {
  constexpr size_t kHugePage = size_t{2} << 20;
  if (size == 0) return;
  // Room to start at a huge page, where there is at least one to fill.
  const size_t slack = size >= kHugePage ? kHugePage : 0;
  mapped_ = size + slack;
  mapping_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) throw std::bad_alloc();
  auto address = reinterpret_cast<uintptr_t>(mapping_);
  if (slack != 0) address = (address + slack - 1) / slack * slack;
  data_ = reinterpret_cast<std::byte*>(address);
#ifdef MADV_HUGEPAGE
  if (slack != 0) madvise(data_, size, MADV_HUGEPAGE);
#endif
}

LargeBuffer::~LargeBuffer() {
  if (mapping_ != nullptr) munmap(mapping_, mapped_);
}

}  // namespace llamba
