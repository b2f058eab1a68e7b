#include <algorithm>
#include <array>

#include "base/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/tokenizer_readers.h"

namespace llamba {
namespace {

// Many models' files name only one of theirs.
constexpr std::array<std::string_view, 5> kEndTokenNames = {
    "<|end_of_text|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>",
    "<|im_end|>"};

}  // namespace

MergeListReader::MergeListReader(std::string_view key, TokenizerSpec* spec)
    : key_(key),
      spec_(spec),
      index_(IndexPieces(spec->vocabulary, IndexedTypes::kAll)) {}

void MergeListReader::Add(std::string_view pair) {
  const size_t space = pair.find(' ');
  if (space == std::string_view::npos) {
    Fail("{}: {}[{}]: expected two tokens, found \"{}\"", spec_->source, key_,
         spec_->merges.size(), pair);
  }
  Add(pair.substr(0, space), pair.substr(space + 1));
}

void MergeListReader::Add(std::string_view left, std::string_view right) {
  const std::string left_bytes = AlphabetToBytes(left);
  const std::string right_bytes = AlphabetToBytes(right);
  const Merge merge = {index_.Find(left_bytes), index_.Find(right_bytes),
                       static_cast<uint32_t>(spec_->merges.size()),
                       index_.Find(left_bytes + right_bytes)};
  if (merge.left < 0 || merge.right < 0 || merge.result < 0) {
    Fail(
        "{}: {}[{}]: \"{}\" and \"{}\": expected that both and their union "
        "are in the vocabulary",
        spec_->source, key_, spec_->merges.size(), left, right);
  }
  spec_->merges.push_back(merge);
}

bool IsEndTokenName(std::string_view name) {
  return std::find(kEndTokenNames.begin(), kEndTokenNames.end(), name) !=
         kEndTokenNames.end();
}

std::optional<int32_t> FindByName(const Vocabulary& vocabulary,
                                  std::string_view name) {
  std::optional<int32_t> other;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    if (vocabulary.bytes(id) != name) continue;
    if (vocabulary.type(id) == TokenType::kControl) return id;
    if (!other) other = id;
  }
  return other;
}

}  // namespace llamba
