#include "distill/teacher/sample_shard.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "distill/data/token_shard.h"
#include "distill/data/tokenize.h"
#include "template/chat_template.h"
#include "tokenizer/utf8.h"

namespace llamba::distill {
namespace {

// A conversation up to where the user speaks: the template around a marker, cut
// before it.
std::vector<int32_t> UserPrefix(const Tokenizer& tokenizer) {
  constexpr std::string_view kMarker = "\x01";
  const std::string* text = tokenizer.chat_template();
  if (text == nullptr) Fail("sample: the teacher has no chat template");
  ChatInput input;
  input.messages = nlohmann::ordered_json::array(
      {{{"role", "user"}, {"content", std::string(kMarker)}}});
  input.bos_token = tokenizer.bos_token();
  input.eos_token = tokenizer.eos_token();
  const std::string chat =
      RenderChat(Template::Parse(*text, "chat template"), input);
  const size_t at = chat.find(kMarker);
  if (at == std::string::npos) {
    Fail("sample: the chat template leaves out what the user says");
  }
  return tokenizer.Encode(chat.substr(0, at), {.parse_special = true});
}

// A text begins as in training: after the token that begins texts, or the one
// that ended the text before.
std::vector<int32_t> TextPrefix(const Tokenizer& tokenizer,
                                const std::string& prompt) {
  CheckUtf8(prompt, "the prompt");
  std::vector<int32_t> prefix = tokenizer.Encode(prompt, {});
  prefix.insert(prefix.begin(), tokenizer.adds_bos() && tokenizer.bos_id()
                                    ? *tokenizer.bos_id()
                                    : DocumentEndToken(tokenizer));
  return prefix;
}

void SetEnds(const Tokenizer& tokenizer, const SampleShardOptions& shard,
             SampleOptions* options) {
  options->document_end = DocumentEndToken(tokenizer);
  if (!shard.conversations) {
    options->prefix = TextPrefix(tokenizer, shard.prompt);
    return;
  }
  options->prefix = UserPrefix(tokenizer);
  for (const char* name : {"<|im_end|>", "<|eot_id|>"}) {
    const auto id = tokenizer.FindToken(name);
    if (id && tokenizer.IsSpecial(*id)) options->turn_end = *id;
  }
}

}  // namespace

SampleShardResult SampleShard(const LayerStack& teacher,
                              const Tokenizer& tokenizer,
                              const SampleShardOptions& options,
                              const std::string& path) {
  PrepareShard(path);
  SampleOptions sampling = options.sampling;
  SetEnds(tokenizer, options, &sampling);
  sampling.length = std::min(
      sampling.length, teacher.config().attention.max_position_embeddings);
  if (static_cast<int64_t>(sampling.prefix.size()) >= sampling.length) {
    Fail("sample: a prompt of {} tokens leaves no room in texts of {}",
         sampling.prefix.size(), sampling.length);
  }
  // Not more rows than the tokens fill: with most rows cut off early, the texts
  // that end soon would be all there is.
  const int64_t full = (options.tokens + sampling.length - 1) / sampling.length;
  sampling.rows = std::clamp<int64_t>(full, 1, sampling.rows);
  TokenShardWriter writer(tokenizer.vocab_size(), VocabularyHash(tokenizer));
  Progress progress("sample", "tokens", static_cast<double>(options.tokens));
  SampleDocuments(teacher, sampling, [&](std::span<const int32_t> document) {
    // The token before a text may be the end of the one before it: not its own.
    const bool shared = document[0] == sampling.document_end;
    writer.Add(document.subspan(shared ? 1 : 0));
    progress.Update(static_cast<double>(writer.n_tokens()));
    return writer.n_tokens() < options.tokens && !InterruptGuard::Interrupted();
  });
  progress.Finish();
  if (InterruptGuard::Interrupted() &&
      (!options.keep_partial || writer.n_documents() == 0)) {
    Fail("interrupted while the teacher wrote {}", path);
  }
  const SampleShardResult result{writer.n_documents(), writer.n_tokens()};
  writer.Flush(path);
  return result;
}

}  // namespace llamba::distill
