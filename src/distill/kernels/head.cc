#include <cmath>

#include "distill/kernels/support.h"

namespace llamba::distill {

bool TryCrossEntropyRows(const Tensor& teacher, Tensor student, Tensor sums,
                         double temperature, double scale) {
  if (!UseKernel(Kernel::kCrossEntropy, student) ||
      !Alike(student, {teacher}) || !teacher.is_contiguous() ||
      !student.is_contiguous() || !IsRows(teacher) || !IsRows(student) ||
      !sums.is_contiguous() || student.size(1) > (int64_t{1} << 30)) {
    return false;
  }
  CheckLaunch(cuda::CrossEntropyRows(teacher.data_ptr(), student.data_ptr(),
                                     sums.data_ptr<float>(),
                                     {student.size(0), student.size(1)},
                                     static_cast<float>(1 / temperature),
                                     static_cast<float>(scale),
                                     StorageOf(student), CurrentStream()),
              "cross_entropy");
  return true;
}

bool TryAdamW(Tensor weights, Tensor gradients, Tensor first_moment,
              Tensor second_moment, Tensor published,
              const AdamWNumbers& numbers) {
  if (!UseKernel(Kernel::kAdamW, weights) ||
      !UseKernel(Kernel::kAdamW, published) ||
      weights.scalar_type() != torch::kFloat32 || weights.numel() % 4 != 0) {
    return false;
  }
  const auto t = static_cast<double>(numbers.n_updates);
  cuda::AdamWStep step;
  step.scale = static_cast<float>(numbers.gradient_scale);
  step.beta1 = static_cast<float>(numbers.beta1);
  step.beta2 = static_cast<float>(numbers.beta2);
  step.eps = static_cast<float>(numbers.eps);
  step.step_size = static_cast<float>(numbers.learning_rate /
                                      (1 - std::pow(numbers.beta1, t)));
  step.inverse_sqrt_correction2 =
      static_cast<float>(1 / std::sqrt(1 - std::pow(numbers.beta2, t)));
  step.keep =
      static_cast<float>(1 - numbers.learning_rate * numbers.weight_decay);
  CheckLaunch(
      cuda::AdamW(weights.data_ptr<float>(), gradients.data_ptr<float>(),
                  first_moment.data_ptr<float>(),
                  second_moment.data_ptr<float>(), published.data_ptr(),
                  weights.numel(), numbers.n_decayed, step,
                  StorageOf(published), CurrentStream()),
      "adamw");
  return true;
}

}  // namespace llamba::distill
