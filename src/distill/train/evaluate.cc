#include "distill/train/evaluate.h"

#include <algorithm>
#include <cmath>

#include "distill/layers/layers.h"

namespace llamba::distill {
namespace {

enum Sum { kTeacherNll, kStudentNll, kKl, kAgreed, kCount, kSums };

// One block of rows: hidden states of both, and the next token of each.
void AddRows(const LayerStack& teacher, const LayerStack& student,
             const Tensor& teacher_hidden, const Tensor& student_hidden,
             const Tensor& next, Tensor sums) {
  const auto log_probabilities = [](const LayerStack& stack, const Tensor& h) {
    return at::log_softmax(
        Linear(h, stack.HeadWeight(), stack.HeadBias()).to(torch::kFloat32), 1);
  };
  const Tensor t = log_probabilities(teacher, teacher_hidden);
  const Tensor s = log_probabilities(student, student_hidden);
  const Tensor index = next.unsqueeze(1);
  sums[kTeacherNll] -= t.gather(1, index).sum(torch::kFloat64);
  sums[kStudentNll] -= s.gather(1, index).sum(torch::kFloat64);
  sums[kKl] += (t.exp() * (t - s)).sum(torch::kFloat64);
  sums[kAgreed] += (t.argmax(1) == s.argmax(1)).sum();
  sums[kCount] += next.size(0);
}

// Positions whose next token lies in the same document, flat.
Tensor HasNext(const Batch& batch) {
  const int64_t t = batch.ids.size(1);
  Tensor same = torch::zeros_like(batch.segments, torch::kBool);
  same.slice(1, 0, t - 1)
      .copy_(batch.segments.slice(1, 1, t) ==
             batch.segments.slice(1, 0, t - 1));
  return same.flatten().nonzero().squeeze(1);
}

Evaluation EvaluateSet(const LayerStack& teacher, const LayerStack& student,
                       Mixture& data, int64_t n_sequences, int64_t micro_batch,
                       int64_t logits_rows, Communicator& communicator) {
  const torch::NoGradGuard no_grad;
  const torch::Device device = student.HeadWeight().device();
  Tensor sums = torch::zeros(
      {kSums}, torch::TensorOptions(torch::kFloat64).device(device));
  const int64_t stride = communicator.size();
  for (int64_t first = communicator.rank(); first < n_sequences;
       first += micro_batch * stride) {
    const int64_t left = (n_sequences - first + stride - 1) / stride;
    Batch batch = data.Read(first, std::min(micro_batch, left), stride);
    batch = {batch.ids.to(device), batch.segments.to(device)};
    const Tensor rows = HasNext(batch);
    const Tensor next = batch.ids.flatten().index_select(0, rows + 1);
    const auto hidden = [&](const LayerStack& stack) {
      return stack.Hidden(batch).flatten(0, 1).index_select(0, rows);
    };
    const Tensor t = hidden(teacher), s = hidden(student);
    for (int64_t begin = 0; begin < rows.size(0); begin += logits_rows) {
      const int64_t end = std::min(begin + logits_rows, rows.size(0));
      AddRows(teacher, student, t.slice(0, begin, end), s.slice(0, begin, end),
              next.slice(0, begin, end), sums);
    }
  }
  communicator.AllReduce(sums);
  const Tensor host = sums.cpu();
  const double* sum = host.data_ptr<double>();
  const double n = std::max(1.0, sum[kCount]);
  return {std::exp(sum[kTeacherNll] / n), std::exp(sum[kStudentNll] / n),
          sum[kKl] / n, sum[kAgreed] / n, static_cast<int64_t>(sum[kCount])};
}

}  // namespace

std::vector<SetEvaluation> Evaluate(const LayerStack& teacher,
                                    const LayerStack& student,
                                    const std::vector<HeldOutSet>& sets,
                                    int64_t n_sequences, int64_t micro_batch,
                                    int64_t logits_rows,
                                    Communicator& communicator) {
  const auto n_sets = static_cast<int64_t>(sets.size());
  std::vector<SetEvaluation> all;
  for (const HeldOutSet& set : sets) {
    all.push_back(
        {set.name, EvaluateSet(teacher, student, *set.data,
                               (n_sequences + n_sets - 1) / n_sets, micro_batch,
                               logits_rows, communicator)});
  }
  return all;
}

Evaluation MeanOf(const std::vector<SetEvaluation>& sets) {
  if (sets.size() == 1) return sets[0].evaluation;
  Evaluation mean;
  for (const SetEvaluation& set : sets) {
    mean.n_tokens += set.evaluation.n_tokens;
  }
  double teacher_nll = 0, student_nll = 0;
  for (const auto& [name, e] : sets) {
    const double share =
        static_cast<double>(e.n_tokens) /
        static_cast<double>(std::max<int64_t>(1, mean.n_tokens));
    teacher_nll += share * std::log(e.teacher_ppl);
    student_nll += share * std::log(e.student_ppl);
    mean.kl += share * e.kl;
    mean.top1_agreement += share * e.top1_agreement;
  }
  mean.teacher_ppl = std::exp(teacher_nll);
  mean.student_ppl = std::exp(student_nll);
  return mean;
}

}  // namespace llamba::distill
