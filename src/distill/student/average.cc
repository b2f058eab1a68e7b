#include "distill/student/average.h"

#include "base/error.h"
#include "model/checkpoint.h"

namespace llamba::distill {
namespace {

LayerStack Load(const std::string& path) {
  const Checkpoint checkpoint = OpenCheckpoint(path);
  if (checkpoint.config.IsLlama()) {
    Fail("{}: expected a student, found a Llama", path);
  }
  return LoadStack(checkpoint, torch::kFloat32);
}

std::string ShapeOf(const LayerStack& student, const TensorId& id) {
  const auto it = student.parameters().find(id);
  if (it == student.parameters().end()) return "none";
  return ShapeString(it->second.sizes().vec());
}

// The first difference ends it.
void CheckSame(const LayerStack& first, const LayerStack& other,
               const std::string& path) {
  for (const LayerStack* either : {&first, &other}) {
    for (const TensorSpec& spec : Schema(either->config())) {
      const std::string expected = ShapeOf(first, spec.id);
      const std::string found = ShapeOf(other, spec.id);
      if (expected == found) continue;
      Fail("{}: tensor '{}': expected {} as in the first student, found {}",
           path, TensorName(Layout::kHuggingFaceLlamba, spec.id), expected,
           found);
    }
  }
}

}  // namespace

LayerStack AverageStudents(const std::vector<WeightedStudent>& students) {
  double total = 0;
  for (const WeightedStudent& student : students) {
    if (!(student.weight > 0)) {
      Fail("{}: expected a weight above zero, found {}", student.path,
           student.weight);
    }
    total += student.weight;
  }
  const torch::NoGradGuard no_grad;
  LayerStack mean = Load(students.front().path);
  for (auto& [id, tensor] : mean.parameters()) {
    tensor = tensor * (students.front().weight / total);
  }
  for (size_t i = 1; i < students.size(); ++i) {
    const LayerStack student = Load(students[i].path);
    CheckSame(mean, student, students[i].path);
    for (auto& [id, tensor] : mean.parameters()) {
      tensor.add_(student.parameters().at(id), students[i].weight / total);
    }
  }
  return mean;
}

}  // namespace llamba::distill
