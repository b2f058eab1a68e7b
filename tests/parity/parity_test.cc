// Whole models against the numbers of independent programs: golden.json
// (float64, numpy) beside trained models, expected.json (float32, the authors'
// own classes) beside small random ones.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/file.h"
#include "runtime/executor.h"
#include "tests/shared_material.h"

namespace llamba {
namespace {

using Json = nlohmann::json;
using Ids = std::vector<int32_t>;
using Row = std::vector<float>;

std::vector<Row> AllLogits(Executor& executor, State& state, const Ids& ids) {
  const SequenceInput input = {&state, ids, LogitsFor::kAll};
  std::vector<Row> rows;
  executor.Forward({&input, 1},
                   [&](size_t, int64_t, std::span<const float> logits) {
                     rows.emplace_back(logits.begin(), logits.end());
                   });
  return rows;
}

double Sum(const Row& row) {
  return std::accumulate(row.begin(), row.end(), 0.0);
}

double Norm(const Row& row) {
  double sum = 0;
  for (float v : row) sum += static_cast<double>(v) * v;
  return std::sqrt(sum);
}

// -log softmax(row)[id]
double NegativeLogLikelihood(const Row& row, int32_t id) {
  const double top = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (float v : row) sum += std::exp(v - top);
  return top + std::log(sum) - row[static_cast<size_t>(id)];
}

int32_t ArgMax(std::span<const float> row) {
  return static_cast<int32_t>(std::max_element(row.begin(), row.end()) -
                              row.begin());
}

using Parameter = std::tuple<std::string, std::string>;

std::string Name(const testing::TestParamInfo<Parameter>& info) {
  std::string name = std::get<0>(info.param) + "_" + std::get<1>(info.param);
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

// --- golden.json -------------------------------------------------------------

class GoldenTest : public testing::TestWithParam<Parameter> {
 protected:
  const std::string folder_ = "models/" + std::get<0>(GetParam());
  const std::string& isa() const { return std::get<1>(GetParam()); }
};

// The bound that the project asks for: 5e-6 of the norm of a row of logits.
constexpr double kGoldenTolerance = 5e-6;

void ExpectPosition(const Json& expected, const Row& row) {
  SCOPED_TRACE(fmt::format("position {}", expected.at("position").dump()));
  const auto norm = expected.at("norm").get<double>();
  const double bound = kGoldenTolerance * norm;
  EXPECT_NEAR(Norm(row), norm, bound);
  // Rounding errors of the entries add up like a random walk, at most.
  EXPECT_NEAR(Sum(row), expected.at("sum").get<double>(),
              bound * std::sqrt(static_cast<double>(row.size())));
  for (const Json& entry : expected.at("top")) {
    const auto id = entry.at(0).get<size_t>();
    EXPECT_NEAR(row.at(id), entry.at(1).get<double>(), bound) << "id " << id;
  }
}

void ExpectGolden(const Model& model, Executor& executor, const Json& golden) {
  const Ids ids = golden.at("ids").get<Ids>();
  State state = model.NewState();
  const std::vector<Row> rows = AllLogits(executor, state, ids);
  ASSERT_EQ(rows.size(), ids.size());
  for (const Json& position : golden.at("positions")) {
    ExpectPosition(position, rows.at(position.at("position").get<size_t>()));
  }
  double nll = 0;
  for (size_t i = 0; i + 1 < ids.size(); ++i) {
    nll += NegativeLogLikelihood(rows[i], ids[i + 1]);
  }
  EXPECT_NEAR(nll / static_cast<double>(ids.size() - 1),
              golden.at("nll").get<double>(), 1e-4);

  Ids greedy;
  int32_t next = ArgMax(rows.back());
  while (greedy.size() < golden.at("greedy").size()) {
    greedy.push_back(next);
    next = ArgMax(executor.Forward(state, {&next, 1}));
  }
  EXPECT_EQ(greedy, golden.at("greedy").get<Ids>());
}

// Matrices as stored: the file's own BF16, by activations in float32, or
// decoded blocks.
TEST_P(GoldenTest, LogitsLikelihoodAndGreedyText) {
  LLAMBA_NEED_SHARED(path, folder_ + "/golden.json");
  const Json golden = Json::parse(ReadFile(path));
  const std::string where = SharedMaterial(folder_);
  const std::string gguf =
      SharedMaterial(folder_ + "/SmolLM2-135M-Instruct.Q4_1.gguf");
  LoadOptions options;
  options.isa = isa();
  options.activation_bits = 16;
  // Blocks would be multiplied by activations in 8 bits, unless decoded.
  if (!gguf.empty()) options.dtype = DType::kF32;
  const auto model = Model::Load(gguf.empty() ? where : gguf, options);
  Executor executor(model);
  ExpectGolden(*model, executor, golden);
}

// The scalar reference is for small models; 135 M parameters take it too long.
std::vector<Parameter> GoldenParameters() {
  std::vector<Parameter> parameters;
  for (const std::string& isa : AvailableIsas()) {
    for (const char* model : {"stories260k", "stories260k-llamba", "llama-mini",
                              "llamba-mini-ref", "smollm2-135m-instruct"}) {
      if (isa == "reference" && model == std::string("smollm2-135m-instruct")) {
        continue;
      }
      parameters.emplace_back(model, isa);
    }
  }
  return parameters;
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenTest,
                         testing::ValuesIn(GoldenParameters()), Name);

TEST(GoldenF32Test, DecodedToF32) {
  LLAMBA_NEED_SHARED(path, "models/llamba-mini-ref/golden.json");
  LoadOptions options;
  options.dtype = DType::kF32;
  const auto model =
      Model::Load(SharedMaterial("models/llamba-mini-ref"), options);
  EXPECT_EQ(model->weights().head.view.dtype, DType::kF32);
  Executor executor(model);
  ExpectGolden(*model, executor, Json::parse(ReadFile(path)));
}

// --- expected.json -----------------------------------------------------------

class PublishedTest : public testing::TestWithParam<Parameter> {};

TEST_P(PublishedTest, Logits) {
  LLAMBA_NEED_SHARED(folder, "published/" + std::get<0>(GetParam()));
  const Json expected = Json::parse(ReadFile(folder + "/expected.json"));
  LoadOptions options;
  options.isa = std::get<1>(GetParam());
  options.dtype = DType::kF32;
  const auto model = Model::Load(folder, options);
  Executor executor(model);
  for (const Json& sequence : expected.at("sequences")) {
    State state = model->NewState();
    const std::vector<Row> rows =
        AllLogits(executor, state, sequence.at("ids").get<Ids>());
    const auto want = sequence.at("logits").get<std::vector<Row>>();
    ASSERT_EQ(rows.size(), want.size());
    for (size_t t = 0; t < rows.size(); ++t) {
      EXPECT_THAT(rows[t],
                  testing::Pointwise(testing::FloatNear(1e-4f), want[t]))
          << "position " << t;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, PublishedTest,
                         testing::Combine(testing::Values("pt-groups-silu",
                                                          "pt-odd", "mlx-4bit"),
                                          testing::ValuesIn(AvailableIsas())),
                         Name);

}  // namespace
}  // namespace llamba
