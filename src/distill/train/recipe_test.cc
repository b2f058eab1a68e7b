#include "distill/train/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "distill/data/data_testing.h"

namespace llamba::distill {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string ErrorWith(const std::string& json,
                      const std::vector<std::string>& overrides = {}) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("r.json", json);
  return ErrorOf([&] { LoadRecipe(path, overrides); });
}

// arXiv 2502.14458, table of the training of Llamba-1B.
TEST(Recipe, DefaultsAreThePublishedOnes) {
  const Recipe recipe = LoadRecipe("", {});
  EXPECT_EQ(recipe.stage1.tokens, 300'000'000);
  EXPECT_EQ(recipe.stage2.tokens, 2'700'000'000);
  EXPECT_EQ(recipe.stage3.tokens, 5'000'000'000);
  EXPECT_EQ(recipe.stage2.lr, 1e-4);
  EXPECT_EQ(recipe.stage3.lr, 1e-5);
  EXPECT_EQ(recipe.sequence_length, 2048);
  EXPECT_EQ(recipe.optimizer.beta2, 0.95);
}

TEST(Recipe, OverridesComeLast) {
  const TemporaryFolder folder;
  const std::string path = folder.Write(
      "r.json",
      "// a comment\n{\"teacher\": \"a\", \"stage2\": {\"lr\": 0.5, \"batch\": "
      "2, \"tokens\": 3e8}}");
  const Recipe recipe =
      LoadRecipe(path, {"stage2.lr=1e-3", "student.keep_attention=[3,7]",
                        "teacher=b/c.gguf", "stage2.lr=2e-3", "recompute=true",
                        "data=[{\"paths\":[\"x\"],\"weight\":2}]"});
  EXPECT_EQ(recipe.stage2.lr, 2e-3);
  EXPECT_EQ(recipe.stage2.batch, 2);
  EXPECT_EQ(recipe.stage2.tokens, 300'000'000);
  EXPECT_EQ(recipe.teacher, "b/c.gguf");
  EXPECT_TRUE(recipe.recompute);
  EXPECT_THAT(recipe.student.keep_attention, ElementsAre(3, 7));
  ASSERT_EQ(recipe.data.size(), 1U);
  EXPECT_THAT(recipe.data[0].paths, ElementsAre("x"));
}

TEST(Recipe, AWholeNumberMayBecomeAFraction) {
  const TemporaryFolder folder;
  const std::string path =
      folder.Write("r.json", "{\"stage3\": {\"hidden_weight\": 3}}");
  EXPECT_EQ(LoadRecipe(path, {}).stage3.hidden_weight, 3);
  EXPECT_EQ(LoadRecipe(path, {"stage3.hidden_weight=1.5"}).stage3.hidden_weight,
            1.5);
}

TEST(Recipe, UnknownKeysAreNamedBesideThoseThatExist) {
  EXPECT_THAT(ErrorWith(R"({"stage2": {"learning_rate": 1}})"),
              AllOf(HasSubstr("r.json"), HasSubstr("stage2.learning_rate"),
                    HasSubstr("final_lr"), HasSubstr("micro_batch")));
  EXPECT_THAT(ErrorWith("{}", {"stage4.lr=1"}),
              AllOf(HasSubstr("--set stage4.lr=1"), HasSubstr("stage4")));
  EXPECT_THAT(ErrorWith(R"({"data": [{"paths": ["x"], "wieght": 1}]})"),
              HasSubstr("unknown key \"data.wieght\""));
}

TEST(Recipe, WrongTypesAreNamed) {
  EXPECT_THAT(ErrorWith(R"({"stage2": {"lr": "fast"}})"),
              HasSubstr("stage2.lr: expected a number, found \"fast\""));
  EXPECT_THAT(ErrorWith(R"({"stage2": {"batch": 1.5}})"),
              HasSubstr("stage2.batch: expected an integer, found 1.5"));
  EXPECT_THAT(ErrorWith(R"({"stage2": 3})"), HasSubstr("expected an object"));
  EXPECT_THAT(ErrorWith(R"({"recompute": 1})"), HasSubstr("recompute"));
  const std::string layers = "student.keep_attention: expected ";
  EXPECT_THAT(ErrorWith(R"({"student": {"keep_attention": ["a"]}})"),
              HasSubstr(layers + "an integer, found \"a\""));
  EXPECT_THAT(ErrorWith(R"({"student": {"keep_attention": [3, 1.5]}})"),
              HasSubstr(layers + "an integer, found 1.5"));
  EXPECT_THAT(ErrorWith("{\n  \"seed\": 1,\n}"),
              HasSubstr("expected JSON: parse error at line 3, column 1"));
  EXPECT_THAT(ErrorWith(""), HasSubstr("expected JSON, found an empty file"));
  constexpr int kDepth = 500'000;
  EXPECT_THAT(ErrorWith("{\"seed\": " + std::string(kDepth, '[') +
                        std::string(kDepth, ']') + "}"),
              HasSubstr("r.json: expected JSON nested 100 deep"));
  EXPECT_THAT(ErrorWith("{}", {"stage2.lr"}), HasSubstr("KEY=VALUE"));
}

TEST(Recipe, ValuesOutOfRangeAreNamed) {
  for (const char* override :
       {"stage1.lr=0", "stage2.batch=0", "stage3.temperature=0",
        "sequence_length=0", "stage1.warmup=2", "stage2.tokens=-1",
        "checkpoint_steps=0", "precision=fp8", "sample.length=1",
        "optimizer.beta2=1", "stage1.batch=1048577",
        "student.keep_attention=[-1]", "student.keep_attention=[4294967297]"}) {
    const std::string key(override, std::string(override).find('='));
    EXPECT_THAT(ErrorWith("{}", {override}), HasSubstr(key));
  }
  EXPECT_THAT(
      ErrorWith(R"({"data": [{"paths": ["x"], "document_tokens": -1}]})"),
      HasSubstr("data.document_tokens: expected 0 or more, found -1"));
  EXPECT_THAT(ErrorWith(R"({"data": [{"paths": ["x"], "copies": 0}]})"),
              HasSubstr("data.copies: expected 1 to 1000, found 0"));
  EXPECT_THAT(ErrorWith(R"({"data": [{"paths": ["x"], "weight": 0}]})"),
              HasSubstr("data.weight: expected more than 0, found 0"));
  EXPECT_THAT(ErrorWith("{}", {"stage3.recall_weight=-1"}),
              HasSubstr("recall_weight: expected 0 or more, found -1"));
  EXPECT_THAT(ErrorWith(R"({"data": [{"weight": 1}]})"),
              HasSubstr("data.paths: expected shards"));
}

TEST(Recipe, ErrorsNameWhatSetTheValue) {
  const std::string fine = R"({"stage1": {"tokens": 5}})";
  EXPECT_THAT(ErrorWith(fine, {"stage1.tokens=-1", "stage1.batch=2"}),
              StartsWith("--set stage1.tokens=-1: stage1.tokens: expected 0"));
  EXPECT_THAT(ErrorWith(fine, {"stage1={\"lr\": 0}"}),
              StartsWith("--set stage1={\"lr\": 0}: stage1.lr"));
  EXPECT_THAT(ErrorWith(fine, {"seed=1", "held_out=[2]"}),
              StartsWith("--set held_out=[2]: a value has the wrong type"));
  EXPECT_THAT(ErrorWith(fine, {"held_out=[\"a\",\"b:64x0\"]"}),
              AllOf(StartsWith("--set held_out="),
                    HasSubstr("]: held_out: b:64x0: expected PATH:TOKENS"),
                    HasSubstr("copies from 1 to 1000, found \"0\"")));
  EXPECT_THAT(ErrorWith(fine, {"data=[{\"path\": 1}]"}),
              StartsWith("--set data="));
  EXPECT_THAT(ErrorWith(R"({"stage1": {"tokens": -1}})", {"stage1.batch=2"}),
              HasSubstr("r.json: stage1.tokens"));
}

TEST(Recipe, SeedsAreWholeNumbersFromZero) {
  EXPECT_EQ(LoadRecipe("", {"seed=18446744073709551615"}).seed, ~uint64_t{0});
  const char* range = "expected a whole number from 0 to 18446744073709551615";
  EXPECT_THAT(ErrorWith("{}", {"seed=-1"}),
              AllOf(StartsWith("--set seed=-1: seed: "), HasSubstr(range)));
  EXPECT_THAT(ErrorWith("{}", {"seed=2", "student.seed=-1"}), HasSubstr(range));
  EXPECT_THAT(ErrorWith(R"({"student": {"seed": 0.5}})"), HasSubstr(range));
}

// Stored recipes of earlier versions have them.
TEST(Recipe, StagesOneAndTwoHaveNoSettingsOfStageThree) {
  EXPECT_THAT(ErrorWith(R"({"stage1": {"hidden_weight": 3}})"),
              HasSubstr("unknown key \"stage1.hidden_weight\""));
  EXPECT_THAT(ErrorWith("{}", {"stage2.temperature=1"}),
              HasSubstr("unknown key \"stage2.temperature\""));
  EXPECT_EQ(
      ErrorWith(R"({"stage1": {"hidden_weight": 0.0, "temperature": 1}})"), "");
  const std::string stored =
      R"({"stage1": {"temperature": 2, "lr": 0.5}, "stage2": {"hidden_weight": 1},
          "stage3": {"temperature": 3}})";
  EXPECT_EQ(RecipeFromJson(stored, "stored").stage1.lr, 0.5);
  EXPECT_EQ(RecipeFromJson(stored, "stored").stage3.temperature, 3);
}

TEST(Recipe, DifferencesNameKeyAndBothValues) {
  const Recipe before = LoadRecipe("", {"teacher=t", "held_out=[\"a\"]"});
  EXPECT_THAT(RecipeDifferences(before, before), IsEmpty());
  Recipe after = before;
  after.seed = 3;
  after.stage2.lr = 0.5;
  after.held_out = {"a", "b"};
  EXPECT_THAT(RecipeDifferences(before, after),
              ElementsAre("held_out [\"a\"] -> [\"a\",\"b\"]", "seed 0 -> 3",
                          "stage2.lr 0.0001 -> 0.5"));
}

TEST(Recipe, StoredIsLoaded) {
  const Recipe recipe = LoadRecipe(
      "", {"teacher=t", "stage3.lr=0.1", "seed=123456789012345",
           "held_out=[\"a\",\"b:64x2\"]", "student.keep_attention=[1]",
           "data=[{\"paths\":[\"x\",\"y\"],\"weight\":0.3,"
           "\"document_tokens\":64,\"copies\":2}]",
           "sample.tokens=5"});
  const std::string stored = RecipeToJson(recipe);
  EXPECT_EQ(RecipeToJson(RecipeFromJson(stored, "stored")), stored);
  EXPECT_EQ(RecipeFromJson(stored, "stored").data[0].weight, 0.3);
  EXPECT_EQ(RecipeFromJson(stored, "stored").data[0].document_tokens, 64);
  EXPECT_EQ(RecipeFromJson(stored, "stored").data[0].copies, 2);
}

// The files of the repository's recipes that end in `extension`.
std::vector<std::filesystem::path> RepositoryRecipes(
    const std::string& extension) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::string(LLAMBA_SOURCE_DIR) + "/recipes")) {
    if (entry.path().extension() == extension) found.push_back(entry.path());
  }
  return found;
}

TEST(Recipe, ThoseOfTheRepositoryLoad) {
  const auto recipes = RepositoryRecipes(".json");
  for (const auto& path : recipes) {
    SCOPED_TRACE(path);
    const Recipe recipe = LoadRecipe(path, {});
    EXPECT_EQ(recipe.stage1.batch % recipe.stage1.micro_batch, 0);
  }
  EXPECT_GE(recipes.size(), 6u);
}

// Each line of X.variants, a name and settings, goes with X.json.
TEST(Recipe, VariantsOfTheRepositoryLoad) {
  const auto lists = RepositoryRecipes(".variants");
  EXPECT_FALSE(lists.empty());
  for (const auto& path : lists) {
    auto recipe = path;
    recipe.replace_extension(".json");
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line[0] == '#') continue;
      SCOPED_TRACE(path.string() + ": " + line);
      std::istringstream words(line);
      std::string name, setting;
      words >> name;
      std::vector<std::string> settings;
      while (words >> setting) settings.push_back(setting);
      EXPECT_NO_THROW(LoadRecipe(recipe, settings));
    }
  }
}

}  // namespace
}  // namespace llamba::distill
