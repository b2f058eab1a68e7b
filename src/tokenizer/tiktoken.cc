#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/error.h"
#include "tokenizer/tokenizer_readers.h"

namespace llamba {
namespace {

// Of Llama-3.1 and later, from the first id after the ranks; the rest of the
// 256 are reserved, with numbers.
constexpr std::array<std::string_view, 11> kSpecialNames = {
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|reserved_special_token_0|>",
    "<|reserved_special_token_1|>",
    "<|finetune_right_pad_id|>",
    "<|reserved_special_token_2|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|python_tag|>"};
constexpr int kSpecialTokens = 256;
constexpr int kFirstNumberLeft = 3;  // reserved_special_token_3 follows

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The six bits of every character; -1 where it has none.
constexpr std::array<int8_t, 256> kBitsOfCharacter = [] {
  std::array<int8_t, 256> bits = {};
  for (int8_t& value : bits) value = -1;
  for (size_t i = 0; i < kBase64.size(); ++i) {
    bits[static_cast<uint8_t>(kBase64[i])] = static_cast<int8_t>(i);
  }
  return bits;
}();

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0;
  int n_bits = 0;
  for (const char c : text) {
    const int8_t value = kBitsOfCharacter[static_cast<uint8_t>(c)];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    n_bits += 6;
    if (n_bits >= 8) {
      n_bits -= 8;
      bytes.push_back(static_cast<char>(bits >> n_bits & 0xFF));
    }
  }
  return bytes;
}

struct Line {
  std::string bytes;
  int64_t rank;
};

std::optional<Line> ParseLine(std::string_view line) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto bytes = DecodeBase64(line.substr(0, space));
  int64_t rank = -1;
  const char* end = line.data() + line.size();
  const auto parsed = std::from_chars(line.data() + space + 1, end, rank);
  if (!bytes || parsed.ec != std::errc() || parsed.ptr != end) {
    return std::nullopt;
  }
  return Line{*bytes, rank};
}

std::string_view TakeLine(std::string_view* text) {
  const size_t end = std::min(text->find('\n'), text->size());
  std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void ReadRanks(std::string_view text, TokenizerSpec* spec) {
  while (!text.empty()) {
    const std::string_view text_of_line = TakeLine(&text);
    if (text_of_line.empty()) continue;
    const auto line = ParseLine(text_of_line);
    if (!line || line->rank != spec->vocabulary.size() ||
        line->bytes.size() > kMaxTokenBytes) {
      Fail(
          "{}: line {}: expected a token in base64 and the rank {}, found "
          "\"{}\"",
          spec->source, spec->vocabulary.size() + 1, spec->vocabulary.size(),
          text_of_line.substr(0, 100));
    }
    spec->vocabulary.Add(line->bytes, TokenType::kNormal);
  }
}

void AddSpecialTokens(TokenizerSpec* spec) {
  const int32_t first = spec->vocabulary.size();
  for (const std::string_view name : kSpecialNames) {
    spec->vocabulary.Add(name, TokenType::kControl);
  }
  for (int i = kFirstNumberLeft;
       spec->vocabulary.size() < first + kSpecialTokens; ++i) {
    spec->vocabulary.Add(fmt::format("<|reserved_special_token_{}|>", i),
                         TokenType::kControl);
  }
  spec->bos = first;
  spec->eos = first + 1;
  spec->add_bos = true;
}

}  // namespace

bool IsTiktoken(std::string_view text) {
  const auto line = ParseLine(TakeLine(&text));
  return line && line->rank == 0;
}

TokenizerSpec ReadTiktokenLlama3(std::string_view text, std::string source) {
  TokenizerSpec spec;
  spec.source = std::move(source);
  spec.family = TokenizerFamily::kByteLevelBpe;
  spec.byte_level.pre = PreTokenizer::kLlama3;
  spec.byte_level.ignore_merges = true;
  ReadRanks(text, &spec);

  const PieceIndex index = IndexPieces(spec.vocabulary, IndexedTypes::kNormal);
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (index.Find({&c, 1}) < 0) {
      Fail("{}: expected a token for every byte, found none for 0x{:02X}",
           spec.source, byte);
    }
  }
  // tiktoken's rule: of all pairs whose union is a token, the lowest one.
  std::vector<uint32_t> ranks(spec.vocabulary.size());
  for (size_t id = 0; id < ranks.size(); ++id) {
    ranks[id] = static_cast<uint32_t>(id);
  }
  spec.merges = DeriveMerges(spec.vocabulary, index, ranks);
  AddSpecialTokens(&spec);
  return spec;
}

}  // namespace llamba
