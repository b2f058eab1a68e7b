#include "distill/teacher/sample_shard.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "distill/data/hash.h"
#include "distill/data/packed_source.h"
#include "distill/data/token_shard.h"
#include "distill/data/tokenize.h"
#include "template/chat_template.h"
#include "tokenizer/utf8.h"

namespace llamba::distill {
namespace {

// Tokens before and behind what the user says, up to where the answer begins.
struct Turn {
  std::vector<int32_t> before, behind;
};

// The template around a marker, with `request`, if any, a paragraph below it.
Turn UserTurn(const Tokenizer& tokenizer, const std::string& request) {
  constexpr std::string_view kMarker = "\x01";
  const std::string* text = tokenizer.chat_template();
  if (text == nullptr) Fail("sample: the teacher has no chat template");
  CheckUtf8(request, "what is asked");
  std::string said(kMarker);
  if (!request.empty()) said += "\n\n" + request;
  ChatInput input;
  input.messages =
      nlohmann::ordered_json::array({{{"role", "user"}, {"content", said}}});
  input.bos_token = tokenizer.bos_token();
  input.eos_token = tokenizer.eos_token();
  const std::string chat =
      RenderChat(Template::Parse(*text, "chat template"), input);
  const size_t at = chat.find(kMarker);
  if (at == std::string::npos) {
    Fail("sample: the chat template leaves out what the user says");
  }
  const auto encode = [&](const std::string& part) {
    return tokenizer.Encode(part, {.parse_special = true});
  };
  return {encode(chat.substr(0, at)), encode(chat.substr(at + 1))};
}

// A text begins as in training: after the token that begins texts, or the one
// that ended the text before.
int32_t FirstToken(const Tokenizer& tokenizer) {
  return tokenizer.adds_bos() && tokenizer.bos_id()
             ? *tokenizer.bos_id()
             : DocumentEndToken(tokenizer);
}

std::vector<int32_t> PromptPrefix(const Tokenizer& tokenizer,
                                  const std::string& prompt) {
  CheckUtf8(prompt, "the prompt");
  std::vector<int32_t> prefix = tokenizer.Encode(prompt, {});
  prefix.insert(prefix.begin(), FirstToken(tokenizer));
  return prefix;
}

// Pieces within a document, drawn alike from all tokens of the shards.
std::vector<std::vector<int32_t>> Pieces(const Tokenizer& tokenizer,
                                         const SampleShardOptions& options) {
  constexpr int64_t kMost = int64_t{1} << 17;
  const int64_t length = options.opening_tokens;
  const auto source = PackedSource::Open(
      options.openings,
      {.sequence_length = length, .seed = options.sampling.seed},
      tokenizer.vocab_size(), VocabularyHash(tokenizer));
  const int32_t first = FirstToken(tokenizer);
  const int32_t end = DocumentEndToken(tokenizer);
  const int64_t n = std::min(kMost, options.tokens / length + 1);
  std::vector<std::vector<int32_t>> pieces;
  std::vector<int64_t> ids(length);
  std::vector<int32_t> segments(length);
  for (int64_t draw = 0; draw < 4 * n; ++draw) {
    const uint64_t number =
        Hash({options.sampling.seed, static_cast<uint64_t>(draw)});
    source->Read(static_cast<int64_t>(number % source->sequences_per_epoch()),
                 ids, segments);
    // A document's beginning has the first token already.
    if (segments.back() != 0 || ids.back() == end || ids[0] == first) continue;
    pieces.emplace_back(ids.begin(), ids.end());
    if (std::ssize(pieces) == n) break;
  }
  if (pieces.empty()) {
    Fail("{}: expected documents of more than {} tokens to open texts with",
         options.openings[0], length);
  }
  return pieces;
}

std::vector<std::vector<int32_t>> OpeningPrefixes(
    const Tokenizer& tokenizer, const SampleShardOptions& options) {
  const Turn turn = options.ask ? UserTurn(tokenizer, *options.ask)
                                : Turn{{FirstToken(tokenizer)}, {}};
  std::vector<std::vector<int32_t>> prefixes = Pieces(tokenizer, options);
  for (std::vector<int32_t>& prefix : prefixes) {
    prefix.insert(prefix.begin(), turn.before.begin(), turn.before.end());
    prefix.insert(prefix.end(), turn.behind.begin(), turn.behind.end());
  }
  return prefixes;
}

std::vector<std::vector<int32_t>> Prefixes(const Tokenizer& tokenizer,
                                           const SampleShardOptions& options) {
  if (options.conversations) return {UserTurn(tokenizer, "").before};
  if (!options.openings.empty()) return OpeningPrefixes(tokenizer, options);
  return {PromptPrefix(tokenizer, options.prompt)};
}

void SetEnds(const Tokenizer& tokenizer, const SampleShardOptions& shard,
             SampleOptions* options) {
  options->document_end = DocumentEndToken(tokenizer);
  options->prefixes = Prefixes(tokenizer, shard);
  if (!shard.conversations && !shard.ask) return;
  options->turns = shard.conversations ? 2 : 1;
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
  SampleOptions sampling = options.sampling;
  SetEnds(tokenizer, options, &sampling);
  sampling.length = std::min(
      sampling.length, teacher.config().attention.max_position_embeddings);
  const int64_t n_prefix = std::ssize(sampling.prefixes[0]);
  if (n_prefix >= sampling.length) {
    Fail("sample: a beginning of {} tokens leaves no room in texts of {}",
         n_prefix, sampling.length);
  }
  CheckShardWritable(path);
  // Not more rows than the tokens fill: with most rows cut off early, the texts
  // that end soon would be all there is.
  const int64_t full = (options.tokens + sampling.length - 1) / sampling.length;
  sampling.rows = std::clamp<int64_t>(full, 1, sampling.rows);
  TokenShardWriter writer(tokenizer.vocab_size(), VocabularyHash(tokenizer));
  Progress progress("sample", "tokens", static_cast<double>(options.tokens));
  sampling.progress = [&progress](int64_t n_tokens) {
    progress.Update(static_cast<double>(n_tokens));
  };
  SampleDocuments(teacher, sampling, [&](std::span<const int32_t> document) {
    // The token before a text may be the end of the one before it: not its own.
    const bool shared = document[0] == sampling.document_end;
    writer.Add(document.subspan(shared ? 1 : 0));
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
