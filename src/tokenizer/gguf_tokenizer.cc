#include "base/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_readers.h"

namespace llamba {
namespace {

constexpr std::string_view kModel = "tokenizer.ggml.model";
constexpr std::string_view kPre = "tokenizer.ggml.pre";
constexpr std::string_view kTokens = "tokenizer.ggml.tokens";
constexpr std::string_view kScores = "tokenizer.ggml.scores";
constexpr std::string_view kTypes = "tokenizer.ggml.token_type";
constexpr std::string_view kMerges = "tokenizer.ggml.merges";
constexpr std::string_view kBosId = "tokenizer.ggml.bos_token_id";
constexpr std::string_view kEosId = "tokenizer.ggml.eos_token_id";
constexpr std::string_view kEotId = "tokenizer.ggml.eot_token_id";
constexpr std::string_view kEomId = "tokenizer.ggml.eom_token_id";
constexpr std::string_view kUnknownId = "tokenizer.ggml.unknown_token_id";
constexpr std::string_view kAddBos = "tokenizer.ggml.add_bos_token";
constexpr std::string_view kAddEos = "tokenizer.ggml.add_eos_token";
constexpr std::string_view kAddSpace = "tokenizer.ggml.add_space_prefix";
constexpr std::string_view kRemoveSpaces =
    "tokenizer.ggml.remove_extra_whitespaces";
constexpr std::string_view kTemplate = "tokenizer.chat_template";
constexpr std::string_view kTemplateNames = "tokenizer.chat_templates";
constexpr std::string_view kDefault = "default";

std::string PadName(int64_t id) { return fmt::format("[PAD{}]", id); }

class Reader {
 public:
  explicit Reader(const GgufMetadata& metadata) : metadata_(metadata) {}

  TokenizerSpec Read() {
    spec_.source = metadata_.path;
    const std::string& model = metadata_.GetString(kModel);
    if (model == "gpt2") {
      spec_.family = TokenizerFamily::kByteLevelBpe;
      ReadPreTokenizer();
    } else if (model == "llama") {
      spec_.family = TokenizerFamily::kSentencePiece;
    } else {
      Fail("{}: {}: expected gpt2 or llama, found {}", spec_.source, kModel,
           model);
    }
    ReadTokens();
    if (model == "gpt2") ReadMerges();
    ReadFlags();
    ReadSpecialIds();
    ReadTemplates();
    return std::move(spec_);
  }

 private:
  bool sentence_piece() const {
    return spec_.family == TokenizerFamily::kSentencePiece;
  }

  void ReadPreTokenizer() {
    const std::string& name = metadata_.GetString(kPre);
    const auto pre = ParsePreTokenizer(name);
    if (!pre) {
      Fail("{}: {}: pre-tokenizer {} is not known here; known: {}",
           spec_.source, kPre, name, KnownPreTokenizers());
    }
    spec_.byte_level.pre = *pre;
    spec_.byte_level.ignore_merges = *pre == PreTokenizer::kLlama3;
  }

  void ReadTokens() {
    const std::vector<std::string>* tokens = metadata_.FindStrings(kTokens);
    if (tokens == nullptr) {
      Fail("{}: {}: expected the tokens, found none", spec_.source, kTokens);
    }
    const auto types = metadata_.FindInts(kTypes);
    const std::vector<double>* scores = metadata_.FindFloats(kScores);
    if (types) CheckCount(kTypes, types->size(), tokens->size());
    if (scores != nullptr) CheckCount(kScores, scores->size(), tokens->size());
    if (scores == nullptr && sentence_piece()) {
      Fail("{}: {}: expected a score a token, found none", spec_.source,
           kScores);
    }
    size_t n_tokens = tokens->size();
    if (types) n_tokens = WithoutPadding(*tokens, *types);
    for (size_t id = 0; id < n_tokens; ++id) {
      AddToken((*tokens)[id], types ? (*types)[id] : 1,
               scores != nullptr ? (*scores)[id] : 0);
    }
  }

  void CheckCount(std::string_view key, size_t found, size_t expected) const {
    if (found == expected) return;
    Fail("{}: {}: expected {} values, one a token, found {}", spec_.source, key,
         expected, found);
  }

  // The tokens that fill a vocabulary up to the model's size are no tokens.
  static size_t WithoutPadding(const std::vector<std::string>& tokens,
                               const std::vector<int64_t>& types) {
    size_t n = tokens.size();
    while (n > 0 && types[n - 1] == int64_t{5} &&
           tokens[n - 1] == PadName(static_cast<int64_t>(n) - 1)) {
      --n;
    }
    return n;
  }

  void AddToken(const std::string& text, int64_t type, double score) {
    Vocabulary& vocabulary = spec_.vocabulary;
    const int32_t id = vocabulary.size();
    if (type < 1 || type > 6) {
      Fail("{}: {}[{}]: expected 1 to 6, found {}", spec_.source, kTypes, id,
           type);
    }
    const auto token_type = static_cast<TokenType>(type);
    if (token_type == TokenType::kUnused && text == PadName(id)) {
      vocabulary.Add("", token_type);
    } else if (sentence_piece()) {
      AddSpelledPiece(text, token_type, static_cast<float>(score), spec_.source,
                      &vocabulary);
    } else if (token_type == TokenType::kNormal) {
      vocabulary.Add(AlphabetToBytes(text), token_type);
    } else {
      vocabulary.Add(text, token_type);
    }
  }

  void ReadMerges() {
    const std::vector<std::string>* merges = metadata_.FindStrings(kMerges);
    if (merges == nullptr) {
      Fail("{}: {}: expected the merges, found none", spec_.source, kMerges);
    }
    MergeListReader list(kMerges, &spec_);
    for (const std::string& merge : *merges) list.Add(merge);
  }

  void ReadFlags() {
    // Without the keys, llama.cpp's defaults.
    const bool bos_by_default =
        sentence_piece() || spec_.byte_level.pre == PreTokenizer::kLlama3;
    spec_.add_bos = metadata_.GetBoolOr(kAddBos, bos_by_default);
    spec_.add_space_prefix = metadata_.GetBoolOr(kAddSpace, sentence_piece());
    for (const std::string_view key : {kAddEos, kRemoveSpaces}) {
      if (metadata_.GetBoolOr(key, false)) {
        Fail("{}: {}: true is not known here", spec_.source, key);
      }
    }
  }

  std::optional<int32_t> ReadId(std::string_view key) const {
    const int64_t id = metadata_.GetIntOr(key, -1);
    // llama.cpp writes all ones for none.
    if (id < 0 || id == int64_t{0xFFFFFFFF}) return std::nullopt;
    if (!spec_.vocabulary.Contains(id)) {
      Fail("{}: {}: expected an id below {}, found {}", spec_.source, key,
           spec_.vocabulary.size(), id);
    }
    return static_cast<int32_t>(id);
  }

  void ReadSpecialIds() {
    spec_.bos = ReadId(kBosId);
    spec_.eos = ReadId(kEosId);
    for (const std::string_view key : {kEotId, kEomId}) {
      const auto id = ReadId(key);
      if (id) spec_.end_tokens.push_back(*id);
    }
  }

  void ReadTemplates() {
    if (metadata_.Has(kTemplate)) {
      spec_.chat_templates[std::string(kDefault)] =
          metadata_.GetString(kTemplate);
    }
    const auto* names = metadata_.FindStrings(kTemplateNames);
    if (names == nullptr) return;
    for (const std::string& name : *names) {
      spec_.chat_templates[name] =
          metadata_.GetString(fmt::format("{}.{}", kTemplate, name));
    }
  }

  const GgufMetadata& metadata_;
  TokenizerSpec spec_;
};

class Writer {
 public:
  Writer(const Tokenizer& tokenizer, GgufMetadata* metadata)
      : tokenizer_(tokenizer), spec_(tokenizer.spec()), metadata_(*metadata) {}

  void Write(int64_t vocab_size) {
    const bool sentence_piece = spec_.family == TokenizerFamily::kSentencePiece;
    metadata_.Set(kModel, std::string(sentence_piece ? "llama" : "gpt2"));
    metadata_.Set(kPre,
                  sentence_piece
                      ? std::string(kDefault)
                      : std::string(PreTokenizerName(spec_.byte_level.pre)));
    WriteTokens(vocab_size);
    if (sentence_piece) {
      WriteScores(vocab_size);
    } else {
      WriteMerges();
    }
    WriteSpecialIds();
    metadata_.Set(kAddBos, spec_.add_bos);
    metadata_.Set(kAddSpace, sentence_piece && spec_.add_space_prefix);
    WriteTemplates();
  }

 private:
  std::string Spelling(int32_t id) const {
    const std::string_view bytes = spec_.vocabulary.bytes(id);
    if (bytes.empty()) return PadName(id);
    if (spec_.family == TokenizerFamily::kSentencePiece) {
      return PieceSpelling(spec_.vocabulary, id);
    }
    return spec_.vocabulary.type(id) == TokenType::kNormal
               ? BytesToAlphabet(bytes)
               : std::string(bytes);
  }

  void WriteTokens(int64_t vocab_size) {
    std::vector<std::string> tokens;
    std::vector<int64_t> types;
    for (int32_t id = 0; id < spec_.vocabulary.size(); ++id) {
      tokens.push_back(Spelling(id));
      types.push_back(static_cast<int64_t>(spec_.vocabulary.type(id)));
    }
    for (int64_t id = spec_.vocabulary.size(); id < vocab_size; ++id) {
      tokens.push_back(PadName(id));
      types.push_back(static_cast<int64_t>(TokenType::kUnused));
    }
    metadata_.Set(kTokens, std::move(tokens));
    metadata_.Set(kTypes, std::move(types));
  }

  void WriteScores(int64_t vocab_size) {
    std::vector<double> scores(vocab_size, -1000.0);  // as the converter pads
    for (int32_t id = 0; id < spec_.vocabulary.size(); ++id) {
      scores[id] = spec_.vocabulary.score(id);
    }
    metadata_.Set(kScores, std::move(scores));
  }

  void WriteMerges() {
    std::vector<std::string> merges;
    for (const Merge& merge : tokenizer_.merges().Sorted()) {
      merges.push_back(BytesToAlphabet(spec_.vocabulary.bytes(merge.left)) +
                       " " +
                       BytesToAlphabet(spec_.vocabulary.bytes(merge.right)));
    }
    metadata_.Set(kMerges, std::move(merges));
  }

  void SetId(std::string_view key, std::optional<int32_t> id) {
    if (id) metadata_.Set(key, static_cast<uint64_t>(*id));
  }

  std::optional<int32_t> EndToken(std::string_view name) const {
    const auto id = tokenizer_.FindToken(name);
    return id && tokenizer_.IsEnd(*id) ? id : std::nullopt;
  }

  // End of turn and of message by their names; an end token that no key and no
  // name would bring back takes a key that is free.
  void WriteSpecialIds() {
    std::optional<int32_t> turn = EndToken("<|eot_id|>");
    if (!turn) turn = EndToken("<|im_end|>");
    std::optional<int32_t> message = EndToken("<|eom_id|>");
    for (const int32_t id : tokenizer_.end_tokens()) {
      if (id == spec_.eos || id == turn || id == message ||
          IsEndTokenName(tokenizer_.TokenBytes(id))) {
        continue;
      }
      std::optional<int32_t>& free = turn ? message : turn;
      if (!free) free = id;
    }
    SetId(kBosId, spec_.bos);
    SetId(kEosId, spec_.eos);
    SetId(kEotId, turn);
    SetId(kEomId, message);
    if (spec_.family == TokenizerFamily::kSentencePiece) {
      for (int32_t id = 0; id < spec_.vocabulary.size(); ++id) {
        if (spec_.vocabulary.type(id) == TokenType::kUnknown) {
          SetId(kUnknownId, id);
        }
      }
    }
  }

  void WriteTemplates() {
    std::vector<std::string> names;
    for (const auto& [name, text] : spec_.chat_templates) {
      if (name == kDefault) {
        metadata_.Set(kTemplate, text);
      } else {
        names.push_back(name);
        metadata_.Set(fmt::format("{}.{}", kTemplate, name), text);
      }
    }
    if (!names.empty()) metadata_.Set(kTemplateNames, std::move(names));
  }

  const Tokenizer& tokenizer_;
  const TokenizerSpec& spec_;
  GgufMetadata& metadata_;
};

}  // namespace

TokenizerSpec ReadGgufTokenizer(const GgufMetadata& metadata) {
  return Reader(metadata).Read();
}

Tokenizer LoadTokenizerFromGguf(const GgufMetadata& metadata) {
  return Tokenizer(ReadGgufTokenizer(metadata));
}

void WriteTokenizerMetadata(const Tokenizer& tokenizer, int64_t vocab_size,
                            GgufMetadata* metadata) {
  if (vocab_size < tokenizer.vocab_size()) {
    Fail("{}: expected {} tokens at most, the model's vocabulary, found {}",
         tokenizer.spec().source, vocab_size, tokenizer.vocab_size());
  }
  Writer(tokenizer, metadata).Write(vocab_size);
}

}  // namespace llamba
