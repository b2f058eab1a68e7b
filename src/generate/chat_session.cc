#include "generate/chat_session.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "tokenizer/utf8.h"

namespace llamba {
namespace {

// The end token that closed a reply: sampled, but not read yet.
bool EndsOpen(const Sequence& sequence, const Tokenizer& tokenizer) {
  return !sequence.ids.empty() && tokenizer.IsEnd(sequence.ids.back()) &&
         sequence.state.position() < static_cast<int64_t>(sequence.ids.size());
}

}  // namespace

ChatSession::ChatSession(std::shared_ptr<const LoadedModel> model,
                         const SamplerOptions& options, std::string system)
    : model_(std::move(model)), options_(options), random_(options.seed) {
  model_->chat_template();
  CheckUtf8(system, "the system message");
  if (!system.empty()) messages_.push_back({"system", std::move(system)});
  points_.push_back(Start());
}

ChatSession::Point ChatSession::Start() const {
  return {
      {model_->model()->NewState(), Sampler(options_, model_->n_valid()), {}},
      "",
      0};
}

Sequence ChatSession::Prepare(const std::string& rendered) const {
  // The start fits always.
  const auto point = std::find_if(
      points_.rbegin(), points_.rend(),
      [&](const Point& p) { return rendered.starts_with(p.rendered); });
  Sequence sequence = point->sequence;
  sequence.sampler.SetRandom(random_);
  if (sequence.ids.empty()) {
    sequence.Append(model_->EncodeRendered(rendered));
    return sequence;
  }
  const Tokenizer& tokenizer = model_->tokenizer();
  std::string_view rest = rendered;
  rest.remove_prefix(point->rendered.size());
  if (EndsOpen(sequence, tokenizer)) {
    // Most templates write the same token there; it counts once.
    const std::string_view name = tokenizer.TokenBytes(sequence.ids.back());
    if (rest.starts_with(name)) {
      rest.remove_prefix(name.size());
    } else {
      sequence.ids.pop_back();
    }
  }
  sequence.Append(model_->EncodeMoreRendered(rest));
  if (sequence.state.position() == static_cast<int64_t>(sequence.ids.size())) {
    // The template made nothing of the new turn: nothing to read but all.
    sequence = points_.front().sequence;
    sequence.sampler.SetRandom(random_);
    sequence.Append(model_->EncodeRendered(rendered));
  }
  return sequence;
}

ChatSession::Point ChatSession::PointBehind(Sequence sequence,
                                            std::string rendered,
                                            size_t n_prompt) const {
  const Tokenizer& tokenizer = model_->tokenizer();
  size_t end = sequence.ids.size();
  if (end > n_prompt && EndsOpen(sequence, tokenizer)) --end;
  for (size_t i = n_prompt; i < end; ++i) {
    rendered += tokenizer.TokenBytes(sequence.ids[i]);
  }
  return {std::move(sequence), std::move(rendered), messages_.size()};
}

GenerateResult ChatSession::Send(
    Generator& generator, const std::string& text,
    const GenerateOptions& options,
    FunctionRef<void(const GeneratedToken&)> sink) {
  CheckUtf8(text, "the message");
  std::vector<Message> messages = messages_;
  messages.push_back({"user", text});
  const std::string rendered = RenderMessages(*model_, messages);
  Sequence sequence = Prepare(rendered);
  const size_t n_prompt = sequence.ids.size();
  GenerateResult result = generator.Run(sequence, options, sink);
  if (result.new_tokens == 0) return result;  // nothing was said

  messages.push_back({"assistant", result.text});
  messages_ = std::move(messages);
  random_ = sequence.sampler.random();
  points_.push_back(PointBehind(std::move(sequence), rendered, n_prompt));
  return result;
}

bool ChatSession::Undo() {
  const auto user =
      std::find_if(messages_.rbegin(), messages_.rend(),
                   [](const Message& m) { return m.role == "user"; });
  if (user == messages_.rend()) return false;
  messages_.erase(std::prev(user.base()), messages_.end());
  while (points_.back().n_messages > messages_.size()) points_.pop_back();
  return true;
}

void ChatSession::Reset() {
  std::erase_if(messages_, [](const Message& m) { return m.role != "system"; });
  points_.resize(1, points_.front());
}

void ChatSession::Save(const std::string& path) const {
  const Point& last = points_.back();
  SavedSession session{last.sequence, messages_, last.rendered};
  session.sequence.sampler.SetRandom(random_);
  SaveSession(path, session, *model_);
}

void ChatSession::Load(const std::string& path) {
  SavedSession session = LoadSession(path, *model_, options_);
  if (!session.messages) {
    Fail(
        "{}: holds a text, not a conversation: go on with `llamba run "
        "--load-state`",
        path);
  }
  messages_ = std::move(*session.messages);
  random_ = session.sequence.sampler.random();
  points_.resize(1, points_.front());
  points_.push_back({std::move(session.sequence), std::move(session.rendered),
                     messages_.size()});
}

}  // namespace llamba
