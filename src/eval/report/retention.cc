#include <algorithm>
#include <cmath>

#include "eval/report/report.h"

namespace llamba {
namespace {

// How many standard errors a score must lie above chance to count.
constexpr double kAboveChance = 2;

bool IsAboveChance(const Figure& figure) {
  return figure.chance.has_value() &&
         figure.value - *figure.chance >
             kAboveChance * figure.error.value_or(0);
}

}  // namespace

std::optional<Retention> RetentionOf(const Figure& student,
                                     const Figure& teacher) {
  if (!(teacher.value > 0) || !(student.higher_is_better || student.value > 0))
    return std::nullopt;
  Retention retention;
  retention.plain = student.higher_is_better ? student.value / teacher.value
                                             : teacher.value / student.value;
  if (student.chance && IsAboveChance(teacher)) {
    retention.over_chance =
        (student.value - *student.chance) / (teacher.value - *teacher.chance);
  }
  return retention;
}

const Figure* Headline(const TaskResult& result) {
  for (const char* name : {"acc_norm", "acc", "mcc", "f1"}) {
    if (const Figure* figure = result.Find(name)) return figure;
  }
  return nullptr;
}

const TaskResult* FindResult(const std::vector<TaskResult>& results,
                             const std::string& name) {
  const auto found =
      std::find_if(results.begin(), results.end(),
                   [&](const TaskResult& one) { return one.name == name; });
  return found == results.end() ? nullptr : &*found;
}

std::optional<Overall> OverallOf(const ModelReport& student,
                                 const ModelReport& teacher) {
  Overall overall;
  double student_gain = 0, teacher_gain = 0;
  for (const TaskResult& result : student.results) {
    const TaskResult* other = FindResult(teacher.results, result.name);
    const bool counts = result.parent.empty() && result.is_benchmark;
    if (!counts || other == nullptr) continue;
    const Figure* ours = Headline(result);
    const Figure* theirs = Headline(*other);
    if (ours == nullptr || theirs == nullptr) continue;
    ++overall.tasks;
    overall.student += ours->value;
    overall.teacher += theirs->value;
    if (!ours->chance || !IsAboveChance(*theirs)) continue;
    ++overall.tasks_above_chance;
    student_gain += ours->value - *ours->chance;
    teacher_gain += theirs->value - *theirs->chance;
  }
  if (overall.tasks == 0 || overall.teacher <= 0) return std::nullopt;
  overall.retention.plain = overall.student / overall.teacher;
  if (overall.tasks_above_chance > 0) {
    overall.retention.over_chance = student_gain / teacher_gain;
  }
  overall.student /= overall.tasks;
  overall.teacher /= overall.tasks;
  return overall;
}

}  // namespace llamba
