#include "runtime/executor.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "formats/formats.h"
#include "runtime/attention_mixer.h"
#include "runtime/mamba2_mixer.h"
#include "runtime/mlp.h"
#include "runtime/plan.h"
#include "runtime/projection.h"

namespace llamba {
namespace {

// Bound of the buffer of logits: kAll over a long prompt goes through it a
// block of rows at a time.
constexpr int64_t kLogitsBytes = 64 << 20;

// Bound of the buffers of a pass, so that memory while decoding is weights,
// states and less than 64 MB, of which a tokenizer of 128,256 tokens and the
// program take 35 to 40. Wide models take fewer rows at a time (Llamba-1B's
// shape 256, or 208 in float32), which costs reading the weights more often.
constexpr int64_t kRowBytes = 24 << 20;
constexpr int64_t kRowStep = 16;

// What the widest rows of activations are multiplied by.
const MatrixView& Widest(const Model& model) {
  return model.weights().layers[0].mlp.down.view;
}

// A row of the pass whose logits the caller asked for.
struct Wanted {
  size_t sequence;
  int64_t index;
  int64_t row;
};

}  // namespace

struct Executor::Workspace {
  explicit Workspace(const ModelConfig& config)
      : x(config.d_model),
        u(config.d_model),
        logits(config.vocab_size),
        mlp(config, scratch) {
    if (config.HasMixer(MixerKind::kMamba2)) mamba2.emplace(config, scratch);
    if (config.HasMixer(MixerKind::kAttention)) {
      attention.emplace(config, scratch);
    }
  }

  // Rows that pass through the layers together.
  int64_t MaxRows(const Model& model) const {
    const int64_t floats =
        x.width() + u.width() + scratch.first.width() + scratch.second.width();
    const auto arranged =
        static_cast<int64_t>(model.ops().RowBytesFor(Widest(model)));
    const int64_t fit =
        kRowBytes / (floats * int64_t{sizeof(float)} + arranged);
    return std::clamp(fit / kRowStep * kRowStep, kRowStep, kMaxRows);
  }

  Scratch scratch;
  RowBuffer x;       // (rows, d): the residual stream
  RowBuffer u;       // (rows, d): normed
  RowBuffer logits;  // (a block of rows, vocab)
  std::optional<Mamba2Mixer> mamba2;
  std::optional<AttentionMixer> attention;
  Mlp mlp;

  // Of the pass under way.
  std::vector<Piece> pieces;
  std::vector<Segment> segments;
  std::vector<Wanted> wanted;
  Batch batch;
};

Executor::Executor(std::shared_ptr<const Model> model)
    : model_(std::move(model)),
      workspace_(std::make_unique<Workspace>(model_->config())) {}

Executor::~Executor() = default;

void Executor::Check(std::span<const SequenceInput> sequences) const {
  const ModelConfig& config = model_->config();
  std::vector<const State*> states;
  for (const SequenceInput& sequence : sequences) {
    LLAMBA_ASSERT(sequence.state != nullptr && sequence.state->Fits(config));
    states.push_back(sequence.state);
    for (size_t i = 0; i < sequence.ids.size(); ++i) {
      const int32_t id = sequence.ids[i];
      if (id < 0 || id >= config.vocab_size) {
        Fail("token {} of the input: expected an id of 0 to {}, found {}", i,
             config.vocab_size - 1, id);
      }
    }
    sequence.state->CheckContext(static_cast<int64_t>(sequence.ids.size()));
  }
  std::sort(states.begin(), states.end());
  LLAMBA_ASSERT(std::adjacent_find(states.begin(), states.end()) ==
                states.end());
}

void Executor::Embed(std::span<const SequenceInput> sequences) {
  Workspace& work = *workspace_;
  const MatrixView& embedding = model_->weights().embedding.view;
  float* row = work.x.Resize(work.batch.rows);
  for (const Piece& piece : work.pieces) {
    const auto ids = sequences[piece.sequence].ids.subspan(
        static_cast<size_t>(piece.begin), static_cast<size_t>(piece.n_tokens));
    for (const int32_t id : ids) {
      DecodeMatrixRow(embedding, id,
                      {row, static_cast<size_t>(embedding.cols)});
      row += embedding.cols;
    }
  }
}

void Executor::RunLayers() {
  Workspace& work = *workspace_;
  const Weights& weights = model_->weights();
  const Ops& ops = model_->ops();
  const int64_t rows = work.batch.rows;
  RmsNormArgs norm;
  norm.x = work.x.Row(0);
  norm.x_stride = work.x.width();
  norm.d = work.x.width();
  norm.eps = static_cast<float>(model_->config().block_norm_epsilon);
  norm.y = work.u.Resize(rows);
  norm.y_stride = work.u.width();

  if (work.attention) work.attention->Prepare(work.batch);
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    const LayerWeights& layer = weights.layers[i];
    norm.weight = layer.input_norm.data();
    ops.RmsNorm(norm, rows);
    if (layer.mamba2) {
      work.mamba2->Run(ops, *layer.mamba2, static_cast<int>(i), work.batch,
                       work.u.Row(0), work.x.Row(0));
    } else {
      work.attention->Run(ops, *layer.attention, static_cast<int>(i),
                          work.batch, work.u.Row(0), work.x.Row(0));
    }
    norm.weight = layer.post_norm.data();
    ops.RmsNorm(norm, rows);
    work.mlp.Run(ops, layer.mlp, work.batch, work.u.Row(0), work.x.Row(0));
  }
}

void Executor::ChooseRows(std::span<const SequenceInput> sequences) {
  Workspace& work = *workspace_;
  work.wanted.clear();
  int64_t row = 0;
  for (const Piece& piece : work.pieces) {
    const SequenceInput& sequence = sequences[piece.sequence];
    for (int64_t i = 0; i < piece.n_tokens; ++i, ++row) {
      const int64_t index = piece.begin + i;
      const bool last = index + 1 == static_cast<int64_t>(sequence.ids.size());
      if (sequence.logits == LogitsFor::kAll ||
          (sequence.logits == LogitsFor::kLast && last)) {
        work.wanted.push_back({piece.sequence, index, row});
      }
    }
  }
}

void Executor::NormWanted() {
  Workspace& work = *workspace_;
  const ModelConfig& config = model_->config();
  // Gathered in place: the i-th wanted row never lies before row i.
  for (size_t i = 0; i < work.wanted.size(); ++i) {
    const auto to = static_cast<int64_t>(i);
    if (work.wanted[i].row == to) continue;
    std::memcpy(work.x.Row(to), work.x.Row(work.wanted[i].row),
                static_cast<size_t>(config.d_model) * sizeof(float));
  }
  RmsNormArgs norm;
  norm.x = work.x.Row(0);
  norm.x_stride = work.x.width();
  norm.weight = model_->weights().final_norm.data();
  norm.d = config.d_model;
  norm.eps = static_cast<float>(config.norm_epsilon);
  norm.y = work.u.Row(0);
  norm.y_stride = work.u.width();
  model_->ops().RmsNorm(norm, static_cast<int64_t>(work.wanted.size()));
}

void Executor::EmitLogits(LogitsSink sink) {
  Workspace& work = *workspace_;
  const int64_t vocab = model_->config().vocab_size;
  const auto n_wanted = static_cast<int64_t>(work.wanted.size());
  if (n_wanted == 0) return;
  NormWanted();
  const int64_t block = std::clamp<int64_t>(
      kLogitsBytes / (vocab * int64_t{sizeof(float)}), 1, n_wanted);
  for (int64_t first = 0; first < n_wanted; first += block) {
    const int64_t rows = std::min(block, n_wanted - first);
    model_->ops().MatMul(
        Projection(model_->weights().head, model_->weights().head_bias,
                   work.u.Row(first), {{}, rows}, work.logits));
    for (int64_t i = 0; i < rows; ++i) {
      const Wanted& wanted = work.wanted[static_cast<size_t>(first + i)];
      sink(wanted.sequence, wanted.index,
           {work.logits.Row(i), static_cast<size_t>(vocab)});
    }
  }
}

void Executor::Read(std::span<const SequenceInput> sequences, bool prompt,
                    LogitsSink sink) {
  Workspace& work = *workspace_;
  std::vector<int64_t> done(sequences.size(), 0);
  std::vector<int64_t> total;
  for (const SequenceInput& sequence : sequences) {
    const bool takes_part = ReadsAsPrompt(sequence) == prompt;
    total.push_back(takes_part ? static_cast<int64_t>(sequence.ids.size()) : 0);
  }
  work.batch.prompt = prompt;
  for (;;) {
    work.pieces = NextPass(done, total, work.MaxRows(*model_));
    if (work.pieces.empty()) return;
    work.segments.clear();
    work.batch.rows = 0;
    for (const Piece& piece : work.pieces) {
      State* state = sequences[piece.sequence].state;
      state->Reserve(piece.n_tokens);
      work.segments.push_back({state, work.batch.rows, piece.n_tokens});
      work.batch.rows += piece.n_tokens;
    }
    work.batch.segments = work.segments;
    Embed(sequences);
    RunLayers();
    for (const Piece& piece : work.pieces) {
      sequences[piece.sequence].state->Advance(piece.n_tokens);
      done[piece.sequence] += piece.n_tokens;
    }
    ChooseRows(sequences);
    EmitLogits(sink);
  }
}

bool Executor::ReadsAsPrompt(const SequenceInput& sequence) const {
  return sequence.prompt && model_->ops().TakesSegments(Widest(*model_));
}

void Executor::Forward(std::span<const SequenceInput> sequences,
                       LogitsSink sink) {
  Check(sequences);
  // Passes apart: their products differ.
  for (const bool prompt : {false, true}) {
    const bool some = std::any_of(sequences.begin(), sequences.end(),
                                  [&](const SequenceInput& sequence) {
                                    return ReadsAsPrompt(sequence) == prompt;
                                  });
    if (some) Read(sequences, prompt, sink);
  }
}

std::span<const float> Executor::Forward(State& state,
                                         std::span<const int32_t> ids) {
  if (ids.empty()) Fail("no tokens: expected at least one, found none");
  const SequenceInput sequence = {&state, ids};
  std::span<const float> last;
  Forward({&sequence, 1},
          [&](size_t, int64_t, std::span<const float> row) { last = row; });
  return last;
}

}  // namespace llamba
