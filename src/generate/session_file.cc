#include "generate/session_file.h"

#include <bit>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "runtime/state_file.h"

namespace llamba {
namespace {

static_assert(std::endian::native == std::endian::little);

using Sections = std::map<std::string, std::string>;

void PutString(const std::string& text, std::string* bytes) {
  const uint64_t size = text.size();
  bytes->append(reinterpret_cast<const char*>(&size), sizeof(size));
  *bytes += text;
}

// Role and content of each, with its length before it.
std::string EncodeMessages(const std::vector<Message>& messages) {
  std::string bytes;
  for (const Message& message : messages) {
    PutString(message.role, &bytes);
    PutString(message.content, &bytes);
  }
  return bytes;
}

// Takes one string off the front; nothing where the bytes are cut short.
std::optional<std::string> TakeString(std::string_view* bytes) {
  uint64_t size = 0;
  if (bytes->size() < sizeof(size)) return std::nullopt;
  std::memcpy(&size, bytes->data(), sizeof(size));
  bytes->remove_prefix(sizeof(size));
  if (bytes->size() < size) return std::nullopt;
  std::string text(bytes->substr(0, size));
  bytes->remove_prefix(size);
  return text;
}

std::vector<Message> DecodeMessages(std::string_view bytes,
                                    const std::string& path) {
  std::vector<Message> messages;
  while (!bytes.empty()) {
    auto role = TakeString(&bytes);
    auto content = role ? TakeString(&bytes) : std::nullopt;
    if (!content) Fail("{}: section messages: cut short", path);
    messages.push_back({std::move(*role), std::move(*content)});
  }
  return messages;
}

std::vector<int32_t> DecodeIds(std::string_view bytes, int64_t position,
                               int64_t vocab_size, const std::string& path) {
  if (bytes.size() % sizeof(int32_t) != 0) {
    Fail("{}: section ids: {} bytes are no whole ids", path, bytes.size());
  }
  std::vector<int32_t> ids(bytes.size() / sizeof(int32_t));
  if (!ids.empty()) std::memcpy(ids.data(), bytes.data(), bytes.size());
  for (int32_t id : ids) {
    if (id < 0 || id >= vocab_size) {
      Fail("{}: section ids: token {} does not exist (expected 0 to {})", path,
           id, vocab_size - 1);
    }
  }
  const auto n = static_cast<int64_t>(ids.size());
  if (position >= n && (position != 0 || n != 0)) {
    Fail(
        "{}: section ids: {} ids for a state that has read {}: at least one "
        "more was expected",
        path, n, position);
  }
  return ids;
}

const std::string& Section(const Sections& sections, const std::string& name,
                           const std::string& path) {
  const auto found = sections.find(name);
  if (found == sections.end()) {
    Fail(
        "{}: no section '{}': this state was not saved by `llamba run` or "
        "`llamba chat`",
        path, name);
  }
  return found->second;
}

}  // namespace

void SaveSession(const std::string& path, const SavedSession& session,
                 const LoadedModel& model) {
  const Sequence& sequence = session.sequence;
  Sections sections;
  sections["sampler"] = sequence.sampler.SaveState();
  sections["ids"].assign(reinterpret_cast<const char*>(sequence.ids.data()),
                         sequence.ids.size() * sizeof(int32_t));
  if (session.messages) {
    sections["messages"] = EncodeMessages(*session.messages);
    sections["rendered"] = session.rendered;
  }
  SaveStateFile(path, sequence.state, *model.model(), sections);
}

SavedSession LoadSession(const std::string& path, const LoadedModel& model,
                         const SamplerOptions& options) {
  SavedState saved = LoadStateFile(path, *model.model());
  const int64_t position = saved.state.position();
  SavedSession session{
      {std::move(saved.state), Sampler(options, model.n_valid()), {}},
      std::nullopt,
      ""};
  Sequence& sequence = session.sequence;
  try {
    sequence.sampler.RestoreState(Section(saved.sections, "sampler", path));
  } catch (const Error& error) {
    Fail("{}: {}", path, error.what());
  }
  sequence.ids = DecodeIds(Section(saved.sections, "ids", path), position,
                           model.model()->config().vocab_size, path);
  if (saved.sections.count("messages") != 0) {
    session.messages =
        DecodeMessages(Section(saved.sections, "messages", path), path);
    session.rendered = Section(saved.sections, "rendered", path);
  }
  return session;
}

}  // namespace llamba
