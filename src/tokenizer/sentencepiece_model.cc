#include <charconv>
#include <string>

#include "base/error.h"
#include "tokenizer/protobuf.h"
#include "tokenizer/tokenizer_readers.h"

namespace llamba {
namespace {

constexpr std::string_view kSpaceSpelling = "\xE2\x96\x81";  // U+2581

// Field numbers of sentencepiece_model.proto.
enum ModelField : uint32_t { kPieces = 1, kTrainer = 2, kNormalizer = 3 };
enum PieceField : uint32_t { kText = 1, kScore = 2, kType = 3 };
enum TrainerField : uint32_t {
  kModelType = 3,
  kVocabSize = 4,
  kSpaceAsSuffix = 24,
  kByteFallback = 35,
  kUnknownId = 40,
  kBosId = 41,
  kEosId = 42,
  kPadId = 43,
};
enum NormalizerField : uint32_t {
  kName = 1,
  kCharsMap = 2,
  kAddDummyPrefix = 3,
  kRemoveExtraSpaces = 4,
  kEscapeSpaces = 5,
};
constexpr uint64_t kBpe = 2;

std::string Replace(std::string_view text, std::string_view from,
                    std::string_view to) {
  std::string result;
  for (;;) {
    const size_t at = text.find(from);
    result += text.substr(0, at);
    if (at == std::string_view::npos) return result;
    result += to;
    text.remove_prefix(at + from.size());
  }
}

TokenType CheckedType(uint64_t type, const std::string& source, int32_t id) {
  if (type < 1 || type > 6) {
    Fail("{}: piece {}: expected a type from 1 to 6, found {}", source, id,
         type);
  }
  return static_cast<TokenType>(type);
}

void ReadPiece(std::string_view bytes, TokenizerSpec* spec) {
  std::string_view text;
  float score = 0;
  uint64_t type = 1;
  ProtoReader reader(bytes, spec->source);
  for (ProtoField field; reader.Next(&field);) {
    if (field.number == kText) text = field.bytes;
    if (field.number == kScore) score = field.AsFloat();
    if (field.number == kType) type = field.integer;
  }
  AddSpelledPiece(text,
                  CheckedType(type, spec->source, spec->vocabulary.size()),
                  score, spec->source, &spec->vocabulary);
}

struct SpecialIds {
  int64_t bos = 1, eos = 2;  // negative: none
};

SpecialIds ReadTrainer(std::string_view bytes, const std::string& source) {
  uint64_t model_type = 1;  // unigram, when absent
  SpecialIds ids;
  ProtoReader reader(bytes, source);
  for (ProtoField field; reader.Next(&field);) {
    if (field.number == kModelType) model_type = field.integer;
    if (field.number == kBosId) ids.bos = field.AsInt();
    if (field.number == kEosId) ids.eos = field.AsInt();
    if (field.number == kSpaceAsSuffix && field.integer != 0) {
      Fail("{}: trainer_spec.treat_whitespace_as_suffix: expected false",
           source);
    }
  }
  if (model_type != kBpe) {
    Fail("{}: trainer_spec.model_type: expected 2 (BPE), found {}", source,
         model_type);
  }
  return ids;
}

// Returns add_dummy_prefix; anything that would change the text is refused.
bool ReadNormalizer(std::string_view bytes, const std::string& source) {
  bool prefix = true;
  bool remove_extra_spaces = true;
  std::string_view name;
  ProtoReader reader(bytes, source);
  for (ProtoField field; reader.Next(&field);) {
    if (field.number == kName) name = field.bytes;
    if (field.number == kAddDummyPrefix) prefix = field.integer != 0;
    if (field.number == kRemoveExtraSpaces) {
      remove_extra_spaces = field.integer != 0;
    }
    if (field.number == kCharsMap && !field.bytes.empty()) {
      Fail("{}: normalizer \"{}\" is not known here; expected identity", source,
           name);
    }
    if (field.number == kEscapeSpaces && field.integer == 0) {
      Fail("{}: normalizer_spec.escape_whitespaces: expected true", source);
    }
  }
  if (remove_extra_spaces) {
    Fail("{}: normalizer_spec.remove_extra_whitespaces: expected false",
         source);
  }
  return prefix;
}

std::optional<int32_t> IdOrNone(int64_t id, const Vocabulary& vocabulary) {
  if (!vocabulary.Contains(id)) return std::nullopt;
  return static_cast<int32_t>(id);
}

}  // namespace

std::string PieceSpelling(const Vocabulary& vocabulary, int32_t id) {
  const std::string_view bytes = vocabulary.bytes(id);
  switch (vocabulary.type(id)) {
    case TokenType::kByte:
      return fmt::format("<0x{:02X}>", static_cast<uint8_t>(bytes[0]));
    case TokenType::kNormal:
    case TokenType::kUserDefined:
      return Replace(bytes, " ", kSpaceSpelling);
    default:
      return std::string(bytes);
  }
}

int32_t AddSpelledPiece(std::string_view spelling, TokenType type, float score,
                        const std::string& source, Vocabulary* vocabulary) {
  if (spelling.size() > kMaxTokenBytes) {
    Fail("{}: piece {}: expected {} bytes at most, found {}", source,
         vocabulary->size(), kMaxTokenBytes, spelling.size());
  }
  if (type == TokenType::kByte) {
    uint8_t byte = 0;
    const std::string_view digits =
        spelling.size() == 6 ? spelling.substr(3, 2) : "";
    const char* end = digits.data() + digits.size();
    if (!spelling.starts_with("<0x") || !spelling.ends_with('>') ||
        digits.empty() ||
        std::from_chars(digits.data(), end, byte, 16).ptr != end) {
      Fail("{}: piece {}: expected <0x00> to <0xFF>, found \"{}\"", source,
           vocabulary->size(), spelling);
    }
    const char c = static_cast<char>(byte);
    return vocabulary->Add({&c, 1}, type, score);
  }
  if (type == TokenType::kNormal || type == TokenType::kUserDefined) {
    return vocabulary->Add(Replace(spelling, kSpaceSpelling, " "), type, score);
  }
  return vocabulary->Add(spelling, type, score);
}

TokenizerSpec ReadSentencePieceModel(std::string_view bytes,
                                     std::string source) {
  TokenizerSpec spec;
  spec.source = std::move(source);
  spec.family = TokenizerFamily::kSentencePiece;
  std::string_view trainer;
  std::string_view normalizer;
  ProtoReader reader(bytes, spec.source);
  for (ProtoField field; reader.Next(&field);) {
    if (field.number == kPieces) ReadPiece(field.bytes, &spec);
    if (field.number == kTrainer) trainer = field.bytes;
    if (field.number == kNormalizer) normalizer = field.bytes;
  }
  const SpecialIds ids = ReadTrainer(trainer, spec.source);
  spec.add_space_prefix = ReadNormalizer(normalizer, spec.source);
  spec.bos = IdOrNone(ids.bos, spec.vocabulary);
  spec.eos = IdOrNone(ids.eos, spec.vocabulary);
  spec.add_bos = spec.bos.has_value();
  return spec;
}

std::string WriteSentencePieceModel(const TokenizerSpec& spec) {
  const Vocabulary& vocabulary = spec.vocabulary;
  ProtoWriter model;
  int64_t unknown = -1;
  bool any_byte = false;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    ProtoWriter piece;
    std::string text = PieceSpelling(vocabulary, id);
    if (text.empty()) text = fmt::format("[PAD{}]", id);
    piece.Bytes(kText, text);
    piece.Float(kScore, vocabulary.score(id));
    piece.Int(kType, static_cast<int64_t>(vocabulary.type(id)));
    model.Bytes(kPieces, piece.bytes());
    if (vocabulary.type(id) == TokenType::kUnknown) unknown = id;
    any_byte |= vocabulary.type(id) == TokenType::kByte;
  }
  ProtoWriter trainer;
  trainer.Int(kModelType, kBpe);
  trainer.Int(kVocabSize, vocabulary.size());
  trainer.Int(kByteFallback, any_byte);
  trainer.Int(kUnknownId, unknown);
  trainer.Int(kBosId, spec.bos.value_or(-1));
  trainer.Int(kEosId, spec.eos.value_or(-1));
  trainer.Int(kPadId, -1);
  model.Bytes(kTrainer, trainer.bytes());
  ProtoWriter normalizer;
  normalizer.Bytes(kName, "identity");
  normalizer.Int(kAddDummyPrefix, spec.add_space_prefix);
  normalizer.Int(kRemoveExtraSpaces, 0);
  normalizer.Int(kEscapeSpaces, 1);
  model.Bytes(kNormalizer, normalizer.bytes());
  return model.bytes();
}

}  // namespace llamba
