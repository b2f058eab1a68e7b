#include "runtime/hash64.h"

#include <array>
#include <bit>
#include <cstring>

namespace llamba {
namespace {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
constexpr uint64_t kPrime3 = 0x165667B19E3779F9;
constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63;
constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5;

template <typename T>
uint64_t Load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

uint64_t Round(uint64_t lane, uint64_t input) {
  return std::rotl(lane + input * kPrime2, 31) * kPrime1;
}

// Four lanes over whole stripes of 32 bytes.
uint64_t HashStripes(const std::byte* bytes, size_t stripes) {
  std::array<uint64_t, 4> lanes = {kPrime1 + kPrime2, kPrime2, 0,
                                   uint64_t{0} - kPrime1};
  for (size_t i = 0; i < stripes; ++i) {
    for (uint64_t& lane : lanes) {
      lane = Round(lane, Load<uint64_t>(bytes));
      bytes += 8;
    }
  }
  uint64_t hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) +
                  std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
  for (const uint64_t lane : lanes) {
    hash = (hash ^ Round(0, lane)) * kPrime1 + kPrime4;
  }
  return hash;
}

// The last bytes, fewer than a stripe.
uint64_t HashTail(uint64_t hash, const std::byte* bytes, size_t n) {
  for (; n >= 8; n -= 8, bytes += 8) {
    hash ^= Round(0, Load<uint64_t>(bytes));
    hash = std::rotl(hash, 27) * kPrime1 + kPrime4;
  }
  if (n >= 4) {
    hash ^= Load<uint32_t>(bytes) * kPrime1;
    hash = std::rotl(hash, 23) * kPrime2 + kPrime3;
    n -= 4;
    bytes += 4;
  }
  for (; n > 0; --n, ++bytes) {
    hash ^= Load<uint8_t>(bytes) * kPrime5;
    hash = std::rotl(hash, 11) * kPrime1;
  }
  return hash;
}

}  // namespace

uint64_t Hash64(std::span<const std::byte> bytes) {
  const size_t stripes = bytes.size() / 32;
  uint64_t hash = stripes > 0 ? HashStripes(bytes.data(), stripes) : kPrime5;
  hash += bytes.size();
  hash = HashTail(hash, bytes.data() + stripes * 32, bytes.size() % 32);
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

}  // namespace llamba
