#include "distill/teacher/sampler.h"

#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "distill/teacher/cached_teacher.h"

namespace llamba::distill {
namespace {

// Tokens between two looks at what the rows hold: a look waits for the device.
constexpr int64_t kTokensALook = 16;

// The documents in the making, all rows side by side, where the teacher is: the
// next token never waits for the host.
class Rows {
 public:
  Rows(const SampleOptions& options, torch::Device device)
      : options_(options),
        n_prefix_(static_cast<int64_t>(options.prefixes[0].size())) {
    const auto integers = torch::TensorOptions(torch::kInt64).device(device);
    std::vector<int64_t> prefixes;
    for (const std::vector<int32_t>& prefix : options.prefixes) {
      prefixes.insert(prefixes.end(), prefix.begin(), prefix.end());
    }
    prefixes_ = torch::tensor(prefixes, torch::kInt64).to(device);
    document_ = torch::arange(options.rows, integers);
    ids_ = torch::zeros({options.rows, options.length}, integers);
    ends_ = torch::zeros_like(ids_, torch::kBool);
    starts_ = torch::zeros_like(document_);
    place_ = torch::zeros_like(document_);
    turns_ = torch::zeros_like(document_);
  }

  // Leaves what is unfinished: every row begins a document.
  void BeginRound() {
    document_.add_(place_ > 0, options_.rows);
    place_.zero_();
    turns_.zero_();
  }

  // The rows' tokens at `position`, (rows): what the teacher drew, or what a
  // document begins with.
  Tensor Take(const Tensor& drawn, int64_t position) {
    const Tensor in_prefix = place_ < n_prefix_;
    const Tensor at = (document_ * n_prefix_ + place_.clamp_max(n_prefix_ - 1))
                          .remainder(prefixes_.numel());
    const Tensor id =
        torch::where(in_prefix, prefixes_.index_select(0, at), drawn);
    starts_.masked_fill_(place_ == 0, position);
    Tensor ends = id == options_.document_end;
    if (options_.turn_end >= 0) {
      const Tensor turned =
          (id == options_.turn_end).logical_and_(in_prefix.logical_not());
      turns_.add_(turned);
      ends.logical_or_(turned.logical_and(turns_ == options_.turns));
    } else {
      ends.logical_or_(id == options_.prefixes[0][0]);
    }
    ends.logical_and_(in_prefix.logical_not());
    place_.add_(1).masked_fill_(ends, 0);
    turns_.masked_fill_(ends, 0);
    document_.add_(ends, options_.rows);
    ids_.select(1, position).copy_(id);
    ends_.select(1, position).copy_(ends);
    return id;
  }

  // (rows) where the rows' documents begin.
  const Tensor& starts() const { return starts_; }
  // (rows, length) int64 and bool: the tokens, and which of them ended a
  // document.
  const Tensor& ids() const { return ids_; }
  const Tensor& ends() const { return ends_; }

 private:
  const SampleOptions& options_;
  const int64_t n_prefix_;
  Tensor prefixes_;  // one behind another
  Tensor ids_, ends_, starts_;
  Tensor document_;       // (rows): which one the row holds, of all rows'
  Tensor place_, turns_;  // (rows): tokens and ended turns of the document
};

// What the host makes of the rows: documents, in the order in which they end.
class Documents {
 public:
  Documents(const SampleOptions& options, const DocumentSink& sink)
      : options_(options), sink_(sink), rows_(options.rows) {}

  // Takes the tokens from `begin` to `end` of each row; false when the sink
  // has enough.
  bool Take(const Rows& rows, int64_t begin, int64_t end) {
    const auto host = [&](const Tensor& all) {
      return all.slice(1, begin, end).t().contiguous().cpu();
    };
    const Tensor ids = host(rows.ids()), ends = host(rows.ends());
    const int64_t* id = ids.data_ptr<int64_t>();
    const bool* ended = ends.data_ptr<bool>();
    for (int64_t i = 0; i < ids.numel(); ++i) {
      std::vector<int32_t>& row = rows_[i % options_.rows];
      if (!ended[i]) {
        row.push_back(static_cast<int32_t>(id[i]));
        continue;
      }
      End(static_cast<int32_t>(id[i]), row);
      if (!sink_(row)) return false;
      row.clear();
    }
    return true;
  }

  // Gives what is unfinished, where the teacher wrote some of it.
  bool Flush() {
    for (std::vector<int32_t>& row : rows_) {
      if (row.size() > options_.prefixes[0].size() && !sink_(row)) return false;
      row.clear();
    }
    return true;
  }

 private:
  // A document's last token: the beginning of the next is not its own.
  void End(int32_t id, std::vector<int32_t>& document) const {
    const bool is_end = id == options_.document_end;
    const bool is_next = options_.turn_end < 0 && id == options_.prefixes[0][0];
    if (is_end || !is_next) document.push_back(id);
    if (!is_end && !is_next) document.push_back(options_.document_end);
  }

  const SampleOptions& options_;
  const DocumentSink& sink_;
  std::vector<std::vector<int32_t>> rows_;
};

// argmax(p / Exp(1)) draws from p; one pass over the vocabulary.
Tensor Draw(const Tensor& logits, double temperature) {
  Tensor p = (logits.to(torch::kFloat32) / temperature).softmax(1);
  const Tensor noise = torch::empty_like(p).exponential_();
  return p.div_(noise).argmax(1);
}

void CheckPrefixes(const std::vector<std::vector<int32_t>>& prefixes) {
  if (prefixes.empty() || prefixes[0].empty()) {
    Fail("sample: documents need a first token");
  }
  for (const std::vector<int32_t>& prefix : prefixes) {
    if (prefix.size() != prefixes[0].size() || prefix[0] != prefixes[0][0]) {
      Fail("sample: expected prefixes of one length and one first token");
    }
  }
}

}  // namespace

void SampleDocuments(const LayerStack& teacher, const SampleOptions& options,
                     const DocumentSink& sink) {
  CheckPrefixes(options.prefixes);
  if (!(options.temperature > 0)) {
    Fail("sample: expected a temperature above 0, found {}",
         options.temperature);
  }
  const torch::NoGradGuard no_grad;
  torch::manual_seed(options.seed);
  CachedTeacher cached(teacher, options.rows, options.length);
  const torch::Device device = teacher.HeadWeight().device();
  Documents documents(options, sink);
  Rows rows(options, device);
  int64_t n_tokens = 0;
  do {
    rows.BeginRound();
    Tensor drawn = torch::zeros_like(rows.starts());
    int64_t seen = 0;
    for (int64_t position = 0; position < options.length; ++position) {
      if (InterruptGuard::Interrupted()) return;
      const Tensor ids = rows.Take(drawn, position);
      drawn =
          Draw(cached.Step(ids, rows.starts(), position), options.temperature);
      const int64_t end = position + 1;
      n_tokens += options.rows;
      if (end % kTokensALook == 0 || end == options.length) {
        if (options.progress) options.progress(n_tokens);
        if (!documents.Take(rows, std::exchange(seen, end), end)) return;
      }
    }
  } while (documents.Flush());
}

}  // namespace llamba::distill
