#ifndef LLAMBA_RUNTIME_FIXTURES_TEST_H_
#define LLAMBA_RUNTIME_FIXTURES_TEST_H_

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "runtime/executor.h"

namespace llamba {

using Row = std::vector<float>;
using Rows = std::vector<Row>;
using Ids = std::vector<int32_t>;

// The small random models of tests/data/runtime, one of each kind, made by
// tools/make_runtime_fixtures.py.
inline const std::vector<std::string> kFixtures = {"llamba", "hybrid", "llama"};

inline std::string FixturePath(const std::string& name) {
  return LLAMBA_SOURCE_DIR "/tests/data/runtime/" + name;
}

inline std::shared_ptr<const Model> LoadFixture(
    const std::string& name, const LoadOptions& options = {}) {
  return Model::Load(FixturePath(name), options);
}

inline nlohmann::json FixtureExpected(const std::string& name) {
  return nlohmann::json::parse(ReadFile(FixturePath(name) + "/expected.json"));
}

inline Ids FixtureIds(const std::string& name) {
  return FixtureExpected(name).at("ids").get<Ids>();
}

// Feeds `ids` and returns the logits of every one of them.
inline Rows AllLogits(Executor& executor, State& state,
                      std::span<const int32_t> ids) {
  const SequenceInput input = {&state, ids, LogitsFor::kAll};
  Rows rows;
  executor.Forward({&input, 1},
                   [&](size_t, int64_t, std::span<const float> logits) {
                     rows.emplace_back(logits.begin(), logits.end());
                   });
  return rows;
}

inline std::span<const std::byte> AsBytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_FIXTURES_TEST_H_
