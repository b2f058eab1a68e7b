#include "runtime/state_file.h"

#include <fstream>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/printable.h"
#include "runtime/hash64.h"
#include "runtime/state_io.h"

namespace llamba {
namespace {

constexpr std::string_view kMagic = "LLAMBAST";
constexpr uint32_t kVersion = 1;
// Magic, version, number of sections, length.
constexpr size_t kHeaderBytes = 8 + 4 + 4 + 8;
constexpr size_t kChecksumBytes = 8;
constexpr const char* kModelSection = "model";
constexpr const char* kStateSection = "state";

using Sections = std::map<std::string, std::span<const std::byte>>;

std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Header {
  uint32_t version;
  uint32_t n_sections;
};

// Leaves `reader` at the first section.
Header ReadHeader(ByteReader& reader, size_t size) {
  const std::string& where = reader.path();
  if (reader.remaining() < kMagic.size() ||
      reader.ReadText(kMagic.size(), "magic") != kMagic) {
    Fail("{}: not a saved state of llamba", where);
  }
  Header header{};
  header.version = reader.Read<uint32_t>("version");
  if (header.version != kVersion) {
    Fail("{}: version: this program reads {}, found {}", where, kVersion,
         header.version);
  }
  header.n_sections = reader.Read<uint32_t>("number of sections");
  const auto length = reader.Read<uint64_t>("length");
  if (length != size) {
    Fail("{}: {}: expected {} bytes, found {}", where,
         size < length ? "cut short" : "too long", length, size);
  }
  return header;
}

void ExpectEnd(const ByteReader& reader, std::string_view what) {
  if (reader.remaining() == 0) return;
  Fail("{}: {} bytes after the end of {}", reader.path(), reader.remaining(),
       what);
}

void CheckChecksum(std::span<const std::byte> bytes, const std::string& where) {
  const size_t body = bytes.size() - kChecksumBytes;
  ByteReader tail(where, bytes, body);
  const auto expected = tail.Read<uint64_t>("checksum");
  const uint64_t found = Hash64(bytes.first(body));
  if (expected != found) {
    Fail("{}: altered: checksum: expected {:016x}, found {:016x}", where,
         expected, found);
  }
}

Sections ReadSections(std::span<const std::byte> bytes,
                      const std::string& where) {
  ByteReader reader(where, bytes);
  const Header header = ReadHeader(reader, bytes.size());
  if (bytes.size() < kHeaderBytes + kChecksumBytes) {
    Fail("{}: cut short: no checksum", where);
  }
  CheckChecksum(bytes, where);
  ByteReader body(where, bytes.first(bytes.size() - kChecksumBytes),
                  kHeaderBytes);
  Sections sections;
  for (uint32_t i = 0; i < header.n_sections; ++i) {
    const std::string name(ReadText(body, "name of a section"));
    const auto length = body.Read<uint64_t>("length of a section");
    const auto content = body.Take(length, "section");
    if (!sections.emplace(name, content).second) {
      Fail("{}: section '{}' stands there twice", where, Printable(name));
    }
  }
  ExpectEnd(body, "the last section");
  return sections;
}

std::span<const std::byte> GetSection(const Sections& sections,
                                      const std::string& name,
                                      const std::string& where) {
  const auto it = sections.find(name);
  if (it == sections.end()) Fail("{}: no section '{}'", where, name);
  return it->second;
}

struct ModelSection {
  uint64_t fingerprint;
  std::string description;
};

ModelSection ReadModelSection(const Sections& sections,
                              const std::string& where) {
  ByteReader reader(where, GetSection(sections, kModelSection, where));
  ModelSection section;
  section.fingerprint = reader.Read<uint64_t>("model: fingerprint");
  section.description = ReadText(reader, "model: description");
  ExpectEnd(reader, "section 'model'");
  return section;
}

void PutSection(StateWriter& writer, std::string_view name,
                std::string_view content) {
  writer.Text(name);
  writer.Text(content);
}

}  // namespace

std::string DescribeModel(const ModelConfig& config) {
  const char* kind = "Llamba";
  if (config.HasMixer(MixerKind::kAttention)) {
    kind = config.IsLlama() ? "Llama" : "hybrid";
  }
  return fmt::format("{}, {} layers, width {}, vocabulary {}", kind,
                     config.n_layer, config.d_model, config.vocab_size);
}

SavedState DecodeSavedState(std::span<const std::byte> bytes,
                            const Model& model, const std::string& where) {
  const Sections sections = ReadSections(bytes, where);
  const ModelSection saved = ReadModelSection(sections, where);
  if (saved.fingerprint != model.fingerprint()) {
    Fail(
        "{}: saved from another model: expected fingerprint {:016x} ({}), "
        "found {:016x} ({})",
        where, model.fingerprint(), DescribeModel(model.config()),
        saved.fingerprint, Printable(saved.description));
  }
  SavedState result{
      model.RestoreState(GetSection(sections, kStateSection, where), where),
      {}};
  for (const auto& [name, content] : sections) {
    if (name == kModelSection || name == kStateSection) continue;
    result.sections.emplace(name, AsText(content));
  }
  return result;
}

std::string EncodeSavedState(const State& state, const Model& model,
                             const std::map<std::string, std::string>& extra) {
  StateWriter about;
  about.Put(model.fingerprint());
  about.Text(DescribeModel(model.config()));

  StateWriter body;
  PutSection(body, kModelSection, about.bytes());
  PutSection(body, kStateSection, state.Serialize());
  for (const auto& [name, content] : extra) {
    LLAMBA_ASSERT(name != kModelSection && name != kStateSection);
    PutSection(body, name, content);
  }

  StateWriter file;
  file.Reserve(kHeaderBytes + body.bytes().size() + kChecksumBytes);
  file.Bytes(kMagic);
  file.Put(kVersion);
  file.Put(static_cast<uint32_t>(extra.size() + 2));
  file.Put<uint64_t>(kHeaderBytes + body.bytes().size() + kChecksumBytes);
  file.Bytes(body.bytes());
  file.Put(Hash64(AsBytes(file.bytes())));
  return file.Take();
}

void SaveStateFile(const std::string& path, const State& state,
                   const Model& model,
                   const std::map<std::string, std::string>& extra) {
  WriteFileAtomically(path, EncodeSavedState(state, model, extra));
}

SavedState LoadStateFile(const std::string& path, const Model& model) {
  return DecodeSavedState(AsBytes(ReadFile(path)), model, path);
}

bool IsSavedState(const std::string& path) {
  if (!FileExists(path)) return false;
  std::string begin(kMagic.size(), '\0');
  std::ifstream(path, std::ios::binary)
      .read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return begin == kMagic;
}

SavedStateInfo InspectSavedState(std::span<const std::byte> bytes,
                                 const std::string& where) {
  const Sections sections = ReadSections(bytes, where);
  ModelSection model = ReadModelSection(sections, where);
  SavedStateInfo info;
  info.version = kVersion;
  info.fingerprint = model.fingerprint;
  info.model = std::move(model.description);
  for (const auto& [name, content] : sections) {
    info.sections[name] = content.size();
  }
  return info;
}

}  // namespace llamba
