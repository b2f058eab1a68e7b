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

void CheckSame(const ParameterMap& first, const ParameterMap& other,
               const std::string& path) {
  bool same = first.size() == other.size();
  for (const auto& [id, tensor] : first) {
    const auto it = other.find(id);
    same = same && it != other.end() && it->second.sizes() == tensor.sizes();
  }
  if (!same) Fail("{}: its tensors are not those of the first student", path);
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
    CheckSame(mean.parameters(), student.parameters(), students[i].path);
    for (auto& [id, tensor] : mean.parameters()) {
      tensor.add_(student.parameters().at(id), students[i].weight / total);
    }
  }
  return mean;
}

}  // namespace llamba::distill
