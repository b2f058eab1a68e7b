#include "apps/inspect_report.h"

#include <fmt/format.h>

namespace llamba {
namespace {

std::string ArchitectureOf(const ModelConfig& config) {
  if (!config.HasMixer(MixerKind::kAttention)) return "Llamba";
  return config.IsLlama() ? "Llama" : "hybrid of Mamba-2 and attention";
}

std::string KindName(MixerKind kind) {
  return kind == MixerKind::kMamba2 ? "Mamba-2" : "attention";
}

std::vector<const StoredTensor*> TensorsOfLayer(const Checkpoint& checkpoint,
                                                int layer) {
  std::vector<const StoredTensor*> tensors;
  for (const TensorSpec& spec : Schema(checkpoint.config)) {
    if (spec.id.layer == layer) {
      tensors.push_back(&checkpoint.Get(spec.id.role, layer));
    }
  }
  return tensors;
}

bool SameStorage(const std::vector<const StoredTensor*>& a,
                 const std::vector<const StoredTensor*>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i]->shape() != b[i]->shape() ||
        StorageName(*a[i]) != StorageName(*b[i])) {
      return false;
    }
  }
  return true;
}

// "0-3, 5, 7" of ascending numbers.
std::string Ranges(const std::vector<int>& numbers) {
  std::string text;
  for (size_t i = 0; i < numbers.size();) {
    size_t last = i;
    while (last + 1 < numbers.size() &&
           numbers[last + 1] == numbers[last] + 1) {
      ++last;
    }
    text += text.empty() ? "" : ", ";
    text += last == i ? fmt::format("{}", numbers[i])
                      : fmt::format("{}-{}", numbers[i], numbers[last]);
    i = last + 1;
  }
  return text;
}

std::vector<InspectReport::Group> GroupsOf(const Checkpoint& checkpoint) {
  struct Pending {
    MixerKind kind;
    std::vector<int> layers;
    std::vector<const StoredTensor*> tensors;
  };
  std::vector<Pending> pending;
  const ModelConfig& config = checkpoint.config;
  for (int layer = 0; layer < config.n_layer; ++layer) {
    const MixerKind kind = config.mixers[static_cast<size_t>(layer)];
    auto tensors = TensorsOfLayer(checkpoint, layer);
    bool known = false;
    for (Pending& group : pending) {
      known = group.kind == kind && SameStorage(group.tensors, tensors);
      if (!known) continue;
      group.layers.push_back(layer);
      break;
    }
    if (!known) pending.push_back({kind, {layer}, std::move(tensors)});
  }
  std::vector<InspectReport::Group> groups;
  groups.push_back({"", TensorsOfLayer(checkpoint, -1)});
  for (Pending& group : pending) {
    groups.push_back({fmt::format("{} {} ({})",
                                  group.layers.size() == 1 ? "layer" : "layers",
                                  Ranges(group.layers), KindName(group.kind)),
                      std::move(group.tensors)});
  }
  return groups;
}

}  // namespace

std::string StorageName(const StoredTensor& tensor) {
  if (tensor.mlx_bits() > 0) {
    return fmt::format("MLX {} bits", tensor.mlx_bits());
  }
  return std::string(DTypeName(tensor.dtype()));
}

InspectReport MakeInspectReport(const Checkpoint& checkpoint) {
  InspectReport report;
  report.architecture = ArchitectureOf(checkpoint.config);
  for (const auto& [id, tensor] : checkpoint.tensors) {
    InspectReport::TypeUse& use = report.types[StorageName(tensor)];
    ++use.tensors;
    use.elements += tensor.rows() * tensor.cols();
    use.bytes += tensor.bytes();
    report.bytes += tensor.bytes();
  }
  report.groups = GroupsOf(checkpoint);
  report.teacher = CostOfTeacher(checkpoint.config);
  return report;
}

}  // namespace llamba
