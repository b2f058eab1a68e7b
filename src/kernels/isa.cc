#include <fmt/ranges.h>

#include "base/error.h"
#include "kernels/cpu/cpu_kernels.h"
#include "kernels/kernels.h"
#include "kernels/reference/reference.h"

// The one place where instruction sets meet.

namespace llamba {
namespace {

// Best first.
const std::vector<KernelTable>& Tables() {
  static const std::vector<KernelTable> tables = [] {
    std::vector<KernelTable> all = cpu::Kernels();
    all.push_back(reference::Kernels());
    return all;
  }();
  return tables;
}

}  // namespace

std::vector<std::string> AvailableIsas() {
  std::vector<std::string> names;
  for (const KernelTable& table : Tables()) names.push_back(table.isa);
  return names;
}

const KernelTable& GetKernels(std::string_view isa) {
  if (isa.empty() || isa == "auto") return Tables().front();
  for (const KernelTable& table : Tables()) {
    if (isa == table.isa) return table;
  }
  Fail("instruction set \"{}\" is not available here; this machine runs: {}",
       isa, fmt::join(AvailableIsas(), ", "));
}

}  // namespace llamba
