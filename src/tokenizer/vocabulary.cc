#include "tokenizer/vocabulary.h"

#include <limits>

#include "base/error.h"

namespace llamba {
namespace {

constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio

uint64_t Mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * kMultiplier;
  return hash ^ hash >> 32;
}

template <typename T>
T Load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

}  // namespace

int32_t Vocabulary::Add(std::string_view bytes, TokenType type, float score) {
  LLAMBA_ASSERT(types_.size() < std::numeric_limits<int32_t>::max());
  arena_.append(bytes);
  ends_.push_back(arena_.size());
  types_.push_back(type);
  scores_.push_back(score);
  return size() - 1;
}

uint64_t HashBytes(std::string_view bytes) {
  const char* p = bytes.data();
  size_t n = bytes.size();
  uint64_t hash = n * kMultiplier;
  for (; n > 8; n -= 8, p += 8) hash = Mix(hash, Load<uint64_t>(p));
  if (n >= 4) {  // two loads that may overlap
    return Mix(hash,
               uint64_t{Load<uint32_t>(p)} << 32 | Load<uint32_t>(p + n - 4));
  }
  uint64_t rest = 0;
  for (size_t i = 0; i < n; ++i) {
    rest = rest << 8 | static_cast<uint8_t>(p[i]);
  }
  return Mix(hash, rest);
}

PieceIndex::PieceIndex(const Vocabulary& vocabulary)
    : vocabulary_(&vocabulary) {
  size_t capacity = 64;
  while (capacity < 2 * static_cast<size_t>(vocabulary.size())) capacity *= 2;
  slots_.assign(capacity, {0, -1});
}

size_t PieceIndex::SlotOf(std::string_view bytes, uint32_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  while (slots_[at].id >= 0 && (slots_[at].hash != hash ||
                                vocabulary_->bytes(slots_[at].id) != bytes)) {
    at = (at + 1) & mask;
  }
  return at;
}

bool PieceIndex::Insert(int32_t id) {
  if (2 * (used_ + 1) > slots_.size()) Grow();
  const std::string_view bytes = vocabulary_->bytes(id);
  const auto hash = static_cast<uint32_t>(HashBytes(bytes));
  Slot& slot = slots_[SlotOf(bytes, hash)];
  if (slot.id >= 0) return false;
  slot = {hash, id};
  ++used_;
  return true;
}

void PieceIndex::Grow() {
  std::vector<Slot> old(2 * slots_.size(), {0, -1});
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.id < 0) continue;
    slots_[SlotOf(vocabulary_->bytes(slot.id), slot.hash)] = slot;
  }
}

int32_t PieceIndex::Find(std::string_view bytes) const {
  return slots_[SlotOf(bytes, static_cast<uint32_t>(HashBytes(bytes)))].id;
}

PieceIndex IndexPieces(const Vocabulary& vocabulary, IndexedTypes types) {
  PieceIndex index(vocabulary);
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    const TokenType type = vocabulary.type(id);
    const bool wanted = types == IndexedTypes::kAll ||
                        type == TokenType::kNormal ||
                        (types == IndexedTypes::kNormalAndUserDefined &&
                         type == TokenType::kUserDefined);
    if (wanted && !vocabulary.bytes(id).empty()) index.Insert(id);
  }
  return index;
}

}  // namespace llamba
