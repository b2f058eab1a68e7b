#ifndef LLAMBA_RUNTIME_STATE_FILE_H_
#define LLAMBA_RUNTIME_STATE_FILE_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "runtime/model.h"
#include "runtime/state.h"

namespace llamba {

// A saved state: a text can go on from it days later, without its tokens being
// read again.
//
// The bytes, little-endian: "LLAMBAST", version (u32), number of sections
// (u32), length of the whole (u64); a section: name and content, each with its
// length (u64) before it; at the end XXH64 of all that comes before it. The
// sections "model" (fingerprint, then a description for people) and "state"
// (State::Serialize) are always there; the others belong to whoever writes
// them (a sampler's generator, the ids read so far, pending text).
struct SavedState {
  State state;
  std::map<std::string, std::string> sections;  // the others, by name
};

// Throws Error naming `where` and what differs: not a saved state, a newer
// version, cut short, altered, or of another model.
SavedState DecodeSavedState(std::span<const std::byte> bytes,
                            const Model& model, const std::string& where);
std::string EncodeSavedState(const State& state, const Model& model,
                             const std::map<std::string, std::string>& extra);

// The same in a file, written atomically.
void SaveStateFile(const std::string& path, const State& state,
                   const Model& model,
                   const std::map<std::string, std::string>& extra);
SavedState LoadStateFile(const std::string& path, const Model& model);

// Whether a file begins as a saved state does; false where none can be read.
bool IsSavedState(const std::string& path);

// What a saved state says of itself, without its model: for `inspect`. Throws
// Error as DecodeSavedState does.
struct SavedStateInfo {
  uint32_t version = 0;
  uint64_t fingerprint = 0;
  std::string model;                       // the description
  std::map<std::string, size_t> sections;  // bytes of each, all of them
};
SavedStateInfo InspectSavedState(std::span<const std::byte> bytes,
                                 const std::string& where);

// "Llamba, 16 layers, width 2048, vocabulary 128256".
std::string DescribeModel(const ModelConfig& config);

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_STATE_FILE_H_
