#ifndef LLAMBA_APPS_INSPECT_REPORT_H_
#define LLAMBA_APPS_INSPECT_REPORT_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "apps/teacher_cost.h"
#include "model/checkpoint.h"

namespace llamba {

// What `llamba inspect` says of a model, apart from how it prints it.
struct InspectReport {
  struct TypeUse {
    int64_t tensors = 0, elements = 0;
    uint64_t bytes = 0;
  };
  // Layers that have the same tensors, and what they have.
  struct Group {
    std::string layers;  // "layers 0-15 (Mamba-2)"; empty outside layers
    std::vector<const StoredTensor*> tensors;  // of the first of them
  };

  std::string architecture;              // "Llamba", "Llama", "hybrid"
  std::map<std::string, TypeUse> types;  // by type name
  uint64_t bytes = 0;
  std::vector<Group> groups;
  TeacherCost teacher;
};

// Points into the checkpoint.
InspectReport MakeInspectReport(const Checkpoint& checkpoint);

// "BF16", "MLX 4 bits": how a tensor is stored.
std::string StorageName(const StoredTensor& tensor);

// The lengths of context that costs are given for.
inline constexpr std::pair<const char*, int64_t> kContexts[] = {
    {"2k", 2048}, {"8k", 8192}, {"128k", 131072}};

}  // namespace llamba

#endif  // LLAMBA_APPS_INSPECT_REPORT_H_
