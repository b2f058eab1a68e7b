#include "distill/train/run.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "distill/report/report.h"
#include "distill/student/spread_decays.h"
#include "distill/teacher/teacher_tokenizer.h"
#include "distill/train/flops.h"
#include "distill/train/stop_notice.h"

namespace llamba::distill {
namespace {

double Now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::array<const StageRecipe*, 3> Stages(const Recipe& recipe) {
  return {&recipe.stage1, &recipe.stage2, &recipe.stage3};
}

int64_t NumSteps(const StageRecipe& stage, int64_t sequence_length) {
  if (stage.tokens == 0) return 0;
  return std::max<int64_t>(1, stage.tokens / (stage.batch * sequence_length));
}

std::unique_ptr<Stage> MakeStage(int number, const Recipe& recipe) {
  if (number == 1) return MatrixOrientation();
  if (number == 2) return HiddenStateAlignment();
  return KnowledgeDistillation({.temperature = recipe.stage3.temperature,
                                .hidden_weight = recipe.stage3.hidden_weight,
                                .mixer_weight = recipe.stage3.mixer_weight,
                                .recall_weight = recipe.stage3.recall_weight,
                                .recompute = recipe.recompute,
                                .logits_rows = recipe.logits_rows});
}

torch::ScalarType WorkingType(const std::string& precision,
                              const torch::Device& device) {
  if (precision == "auto") {
    return device.is_cuda() ? torch::kBFloat16 : torch::kFloat32;
  }
  return precision == "bf16" ? torch::kBFloat16 : torch::kFloat32;
}

// Past its context a teacher writes nothing worth learning.
void CheckSequenceLength(const Recipe& recipe, const ModelConfig& teacher) {
  const int64_t context = teacher.attention.max_position_embeddings;
  if (recipe.sequence_length <= context) return;
  Fail(
      "recipe: sequence_length: expected {} (the context length of {}) at "
      "most, found {}",
      context, recipe.teacher, recipe.sequence_length);
}

// A resumed run may have other rates on purpose, or by oversight.
void WarnOfChanges(const Recipe& before, const Recipe& now) {
  for (const std::string& change : RecipeDifferences(before, now)) {
    spdlog::warn("recipe differs from the checkpoint's: {}", change);
  }
}

// At full precision, on the CPU, to start from.
LayerStack LoadPrecisely(const std::string& path) {
  return LoadStack(OpenCheckpoint(path), torch::kFloat32);
}

}  // namespace

Run::Run(Recipe recipe, RunOptions options, Communicator& communicator)
    : recipe_(std::move(recipe)),
      options_(std::move(options)),
      communicator_(communicator),
      working_(
          torch::TensorOptions(WorkingType(recipe_.precision, options_.device))
              .device(options_.device)) {
  started_ = Now();
  for (const StageRecipe* s : Stages(recipe_)) {
    if (s->tokens > 0 && s->batch % communicator_.size() != 0) {
      Fail("recipe: batch {} is no multiple of the {} workers", s->batch,
           communicator_.size());
    }
  }
  LoadTeacher();
  LoadStudent();
  if (position_.stage > 3) return;
  data_ = OpenRunData(recipe_, {*teacher_, *tokenizer_, communicator_},
                      options_.output, resumed_.has_value());
  StartMemories();
  MeasureAllPeaks();
  if (communicator_.rank() == 0) {
    std::filesystem::create_directories(options_.output);
    WriteFileAtomically(options_.output + "/recipe.json",
                        RecipeToJson(recipe_));
    // A new run keeps nothing of what an earlier one logged in its folder.
    log_ = std::make_unique<RunLog>(
        options_.output, resumed_ ? position_.stage : 0, position_.step);
  }
}

Run::~Run() = default;

void Run::LoadTeacher() {
  if (recipe_.teacher.empty()) {
    Fail("recipe: no teacher given (name one with --teacher)");
  }
  const Checkpoint checkpoint = OpenLlama(recipe_.teacher);
  config_ = StudentConfig(checkpoint.config, recipe_.student);
  CheckSequenceLength(recipe_, checkpoint.config);
  teacher_ = std::make_unique<LayerStack>(LoadStack(checkpoint, working_));
  tokenizer_ = LoadTeacherTokenizer(recipe_.teacher, teacher_->config());
}

void Run::LoadStudent() {
  const auto folder = FindCheckpoint(options_.output);
  if (folder && !options_.resume) {
    Fail(
        "{}: holds a checkpoint of an earlier run; pass --resume to go on "
        "from it, or another folder",
        *folder);
  }
  if (folder) {
    resumed_ = ReadCheckpoint(*folder, config_);
    position_ = resumed_->position;
    precise_ = std::move(resumed_->precise);
    spdlog::info("going on from {}", *folder);
    if (communicator_.rank() == 0) WarnOfChanges(resumed_->recipe, recipe_);
    return;
  }
  // The run would end by writing over it.
  RefuseStudent(options_.output);
  if (options_.resume && communicator_.rank() == 0) {
    spdlog::warn("{}: no checkpoint to go on from: the run begins anew",
                 options_.output);
  }
  const auto open_teacher = [this] { return LoadPrecisely(recipe_.teacher); };
  precise_ =
      options_.init.empty()
          ? MakeStudent(open_teacher(), recipe_.student).parameters()
          : ContinueStudent(open_teacher, LoadPrecisely(options_.init), config_,
                            options_.init, recipe_.student.seed);
}

void Run::StartMemories() {
  const bool is_new = position_.next_sequence == 0 && options_.init.empty();
  if (!is_new || recipe_.student.memory == 0) return;
  const Batch host = data_.train->Read(0, recipe_.stage1.micro_batch, 1);
  SpreadDecays(
      *teacher_, config_,
      {host.ids.to(options_.device), host.segments.to(options_.device)},
      recipe_.student.memory, communicator_, precise_);
}

void Run::MeasureAllPeaks() {
  // In Tflop/s, which float32 holds on any device.
  Tensor peak = torch::full(
      {1}, MeasurePeak(options_.device) * 1e-12,
      torch::TensorOptions(torch::kFloat32).device(options_.device));
  communicator_.AllReduce(peak);
  peak_ = peak.item<double>() * 1e12;
}

bool Run::MustStop() {
  const bool stop =
      InterruptGuard::Interrupted() ||
      (options_.minutes > 0 && Now() - started_ > options_.minutes * 60);
  if (communicator_.size() == 1) return stop;
  Tensor any = torch::full({1}, stop ? 1.0F : 0.0F, options_.device);
  communicator_.AllReduce(any);
  return any.item<float>() > 0;
}

bool Run::Train() {
  std::optional<StopNotice> notice;
  if (communicator_.rank() == 0) {
    notice.emplace(
        "stopping when this update is done; a second signal stops at once, "
        "without a checkpoint");
  }
  if (position_.stage > 3) WriteResult();  // resumed when all was done
  while (position_.stage <= 3) {
    const StageRecipe& settings = *Stages(recipe_)[position_.stage - 1];
    const auto stage = MakeStage(position_.stage, recipe_);
    if (settings.tokens > 0 && !TrainStage(settings, *stage)) {
      WriteOwnReport();
      return false;
    }
    ++position_.stage;
    position_.step = 0;
    resumed_.reset();  // the next stage has an optimizer of its own
    if (settings.tokens > 0) Save(nullptr);
    // After the checkpoint: a student that cannot be written costs no training.
    if (position_.stage > 3) WriteResult();
  }
  WriteOwnReport();
  return true;
}

void Run::WriteOwnReport() const {
  if (communicator_.rank() != 0) return;
  try {
    WriteReport(options_.output, options_.output + "/report.html");
  } catch (const Error& e) {
    // The student is there without it.
    spdlog::warn("no report: {}", e.what());
  }
}

void Run::WriteResult() {
  if (communicator_.rank() != 0) return;
  WriteStudent(options_.output, config_, precise_, *tokenizer_);
  WriteFileAtomically(options_.output + "/recipe.json", RecipeToJson(recipe_));
}

bool Run::TrainStage(const StageRecipe& settings, const Stage& stage) {
  const int64_t n_steps = NumSteps(settings, recipe_.sequence_length);
  const Schedule schedule{settings.lr, settings.final_lr, settings.warmup,
                          settings.decay, n_steps};
  LayerStack student(config_, {});
  ShardedAdamW optimizer(
      precise_, student.parameters(), working_,
      [&](const TensorId& id) { return stage.Trains(id, config_); },
      recipe_.optimizer, communicator_);
  if (resumed_ && resumed_->optimizer) {
    optimizer.Restore(*resumed_->optimizer, resumed_->n_updates);
  }
  resumed_.reset();
  if (log_) {
    const int64_t step_tokens = settings.batch * recipe_.sequence_length;
    log_->BeginStage(stage.name(), n_steps * step_tokens,
                     position_.step * step_tokens);
  }
  if (position_.next_sequence == 0) {
    StepMetrics start;
    start.stage = position_.stage;
    Report(settings, student, start);
  }
  while (position_.step < n_steps) {
    const double begin = Now();
    const StageLoss loss = AccumulateBatch(settings, stage, student, optimizer);
    const double rate = schedule.LearningRate(position_.step);
    const auto [norm] = optimizer.Step(rate);
    RefuseNotFinite(norm, stage);
    ++position_.step;
    const double seconds = Now() - begin;
    position_.seconds += seconds;
    Report(settings, student, Measure(settings, loss, norm, rate, seconds));
    const bool stop = MustStop();
    if (position_.step < n_steps &&
        (stop || position_.step % recipe_.checkpoint_steps == 0)) {
      Save(&optimizer);
    }
    if (stop && position_.step < n_steps) return false;
  }
  optimizer.Extract(precise_);
  if (log_) log_->EndStage();
  return true;
}

void Run::RefuseNotFinite(double gradient_norm, const Stage& stage) const {
  if (std::isfinite(gradient_norm)) return;
  Fail(
      "{}, step {}: the gradient is not finite: lower {}.lr or "
      "optimizer.clip_norm, and {}",
      stage.name(), position_.step, stage.name(),
      FindCheckpoint(options_.output)
          ? "go on from the last checkpoint with --resume"
          : "begin anew");
}

// Forward and backward of this worker's share of a batch, cut into
// micro-batches whose losses count by their number of sequences. Their
// gradients meet in the optimizer, in float32.
StageLoss Run::AccumulateBatch(const StageRecipe& settings, const Stage& stage,
                               const LayerStack& student,
                               ShardedAdamW& optimizer) {
  const int64_t workers = communicator_.size();
  const int64_t share = settings.batch / workers;
  StageLoss sum;
  for (int64_t done = 0; done < share; done += settings.micro_batch) {
    const int64_t count = std::min(settings.micro_batch, share - done);
    const int64_t first =
        position_.next_sequence + communicator_.rank() + done * workers;
    const Batch host = data_.train->Read(first, count, workers);
    const Batch batch{host.ids.to(options_.device),
                      host.segments.to(options_.device)};
    const double weight =
        static_cast<double>(count) / static_cast<double>(settings.batch);
    const StageLoss loss = stage.Accumulate(*teacher_, student, batch, weight);
    optimizer.GatherGradients();
    const auto add = [weight](Tensor& total, const Tensor& part) {
      if (!part.defined()) return;
      total = total.defined() ? total + part * weight : part * weight;
    };
    add(sum.total, loss.total);
    add(sum.per_layer, loss.per_layer);
    add(sum.kl, loss.kl);
    add(sum.top1, loss.top1);
  }
  position_.next_sequence += settings.batch;
  for (Tensor* part : {&sum.total, &sum.per_layer, &sum.kl, &sum.top1}) {
    if (part->defined()) communicator_.AllReduce(*part);
  }
  return sum;
}

StepMetrics Run::Measure(const StageRecipe& settings, const StageLoss& loss,
                         double gradient_norm, double learning_rate,
                         double seconds) const {
  const int64_t batch_tokens = settings.batch * recipe_.sequence_length;
  StepMetrics metrics;
  metrics.stage = position_.stage;
  metrics.step = position_.step;
  metrics.tokens = position_.step * batch_tokens;
  metrics.loss = loss.total.item<double>();
  metrics.gradient_norm = gradient_norm;
  metrics.learning_rate = learning_rate;
  metrics.tokens_per_second = static_cast<double>(batch_tokens) / seconds;
  metrics.peak_share = metrics.tokens_per_second *
                       FlopsPerToken(position_.stage, teacher_->config(),
                                     config_, recipe_.sequence_length) /
                       peak_;
  if (loss.per_layer.defined()) {
    const Tensor host = loss.per_layer.to(torch::kCPU, torch::kFloat64);
    metrics.per_layer.assign(host.data_ptr<double>(),
                             host.data_ptr<double>() + host.numel());
  }
  if (loss.kl.defined()) metrics.kl = loss.kl.item<double>();
  if (loss.top1.defined()) metrics.top1 = loss.top1.item<double>();
  return metrics;
}

void Run::Report(const StageRecipe& settings, const LayerStack& student,
                 StepMetrics metrics) {
  const bool evaluate =
      position_.step % recipe_.evaluate_steps == 0 ||
      position_.step == NumSteps(settings, recipe_.sequence_length);
  if (!data_.held_out.empty() && evaluate) {
    metrics.sets =
        Evaluate(*teacher_, student, data_.held_out, recipe_.evaluate_sequences,
                 settings.micro_batch, recipe_.logits_rows, communicator_);
    metrics.evaluation = MeanOf(metrics.sets);
  }
  if (!log_) return;
  // At its start a run has an evaluation alone.
  if (metrics.step > 0 || metrics.evaluation) log_->Write(metrics);
  if (!evaluate) return;
  Mixture& shown =
      data_.held_out.empty() ? *data_.train : *data_.held_out[0].data;
  const Batch host = shown.Read(0, 1, 1);
  log_->Write(TakeMaps(*teacher_, student,
                       {host.ids.to(options_.device),
                        host.segments.to(options_.device)}),
              position_.stage, position_.step);
}

void Run::Save(ShardedAdamW* optimizer) {
  RunCheckpoint checkpoint;
  checkpoint.position = position_;
  if (optimizer != nullptr) {
    optimizer->Extract(precise_);
    checkpoint.optimizer = optimizer->Gather();
    checkpoint.n_updates = optimizer->n_updates();
  }
  if (communicator_.rank() == 0) {
    checkpoint.precise = precise_;
    checkpoint.recipe = recipe_;
    WriteCheckpoint(options_.output, config_, checkpoint, *tokenizer_);
  }
  communicator_.Barrier();
}

}  // namespace llamba::distill
