#include "tokenizer/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "tokenizer/json_reader.h"
#include "tokenizer/tokenizer_readers.h"
#include "tokenizer/tokenizer_testing.h"

namespace llamba {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using Ids = std::vector<int32_t>;

// What Python's packages said: tools/make_tokenizer_fixtures.py.
json Cases() { return json::parse(ReadFile(TokenizerFixture("cases.json"))); }

json FixtureJson() {
  return json::parse(ReadFile(TokenizerFixture("tokenizer.json")));
}

Tokenizer FromJson(const json& value) {
  const std::string text = value.dump();
  return Tokenizer(ReadTokenizerJson(JsonDocument(text, "t.json")));
}

json ByteLevelJson(bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

json SmolLmJson() {
  return {{"type", "Sequence"},
          {"pretokenizers",
           {{{"type", "Digits"}, {"individual_digits", true}},
            ByteLevelJson(true)}}};
}

Tokenizer WithPreTokenizer(std::string_view name, bool ignore_merges) {
  json value = FixtureJson();
  value["added_tokens"] = json::array();
  value["model"]["ignore_merges"] = ignore_merges;
  if (name == "smollm") value["pre_tokenizer"] = SmolLmJson();
  if (name == "gpt-2") value["pre_tokenizer"] = ByteLevelJson(true);
  return FromJson(value);
}

// Every text gives the ids of the list, and those give the text again.
void ExpectIds(const Tokenizer& tokenizer, const json& ids, bool special,
               bool comes_back) {
  const json texts = Cases()["texts"];
  ASSERT_EQ(texts.size(), ids.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string text = texts[i];
    const Ids found = tokenizer.Encode(text, {.parse_special = special});
    EXPECT_EQ(found, ids[i].get<Ids>()) << "text " << i << ": " << text;
    if (comes_back) {
      EXPECT_EQ(tokenizer.Decode(found, false), text);
    }
  }
}

TEST(ByteLevelBpe, HasTheIdsOfPythonsTokenizers) {
  const json cases = Cases();
  for (const char* name : {"llama-bpe", "smollm", "gpt-2"}) {
    SCOPED_TRACE(name);
    const std::string key = name;
    ExpectIds(WithPreTokenizer(name, true), cases["byte_level"][key], false,
              true);
    ExpectIds(WithPreTokenizer(name, false),
              cases["byte_level"][key + " merging"], false, true);
  }
}

TEST(ByteLevelBpe, FindsSpecialTokensWhereAsked) {
  const Tokenizer tokenizer = LoadTokenizer(TokenizerFixture("tokenizer.json"));
  ExpectIds(tokenizer, Cases()["byte_level_special"], true, true);

  const int32_t eot = tokenizer.FindToken("<|eot_id|>").value();
  const int32_t sep = tokenizer.FindToken("<sep>").value();
  EXPECT_TRUE(tokenizer.IsSpecial(eot));
  EXPECT_FALSE(tokenizer.IsSpecial(sep));
  EXPECT_EQ(tokenizer.type(sep), TokenType::kUserDefined);
  EXPECT_THAT(tokenizer.Encode("<|eot_id|><sep>", {.parse_special = true}),
              ElementsAre(eot, sep));
  const Ids plain = tokenizer.Encode("<|eot_id|><sep>", {});
  EXPECT_THAT(plain, testing::Not(testing::Contains(eot)));
  EXPECT_THAT(plain, testing::Contains(sep));
  EXPECT_EQ(tokenizer.Decode(plain, true), "<|eot_id|><sep>");
  EXPECT_EQ(tokenizer.Decode(Ids{eot, sep}, true), "<sep>");
  EXPECT_EQ(tokenizer.TokenBytes(eot), "<|eot_id|>");
  EXPECT_EQ(tokenizer.TokenBytes(1 << 30), "");
  EXPECT_EQ(tokenizer.TokenBytes(-1), "");
  EXPECT_THAT(tokenizer.end_tokens(), testing::Contains(eot));
  EXPECT_TRUE(tokenizer.IsEnd(eot));
  EXPECT_FALSE(tokenizer.IsEnd(sep));
}

TEST(ByteLevelBpe, AnyBytesSurvive) {
  for (const char* name : {"llama-bpe", "smollm", "gpt-2"}) {
    const Tokenizer tokenizer = WithPreTokenizer(name, true);
    for (uint32_t seed = 0; seed < 50; ++seed) {
      const std::string bytes = RandomBytes(seed * 7, seed);
      EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(bytes, {}), false), bytes);
    }
  }
}

TEST(ByteLevelBpe, LongWordsTakeNoQuadraticTime) {
  const Tokenizer tokenizer = WithPreTokenizer("llama-bpe", true);
  std::string word;
  while (word.size() < (1 << 20)) word += "therein";
  const Ids ids = tokenizer.Encode(word, {});
  EXPECT_LT(ids.size(), word.size() * 2 / 3);
  EXPECT_EQ(tokenizer.Decode(ids, false), word);
}

TEST(ByteLevelBpe, DropsOrReplacesBytesWithoutToken) {
  json value = FixtureJson();
  value["model"]["ignore_merges"] = false;
  value["model"]["vocab"].erase("q");
  json& merges = value["model"]["merges"];
  for (auto it = merges.begin(); it != merges.end();) {
    it = it->dump().find('q') != std::string::npos ? merges.erase(it) : it + 1;
  }
  const Ids rest = FromJson(value).Encode("aa", {});
  EXPECT_EQ(FromJson(value).Encode("aqqa", {}), rest);
  value["model"]["unk_token"] = "<|end_of_text|>";
  const Tokenizer with_unknown = FromJson(value);
  const int32_t unknown = with_unknown.FindToken("<|end_of_text|>").value();
  const int32_t a = with_unknown.FindToken("a").value();
  EXPECT_THAT(with_unknown.Encode("aqqa", {}),
              ElementsAre(a, unknown, unknown, a));
  value["model"]["fuse_unk"] = true;
  EXPECT_THAT(FromJson(value).Encode("aqqa", {}), ElementsAre(a, unknown, a));
}

TEST(ByteLevelBpe, ThreadsShareOneTokenizer) {
  const Tokenizer tokenizer = LoadTokenizer(TokenizerFixture("tokenizer.json"));
  const std::string text = ReadFile(TokenizerFixture("cases.json"));
  const Ids expected = tokenizer.Encode(text, {});
  std::vector<Ids> found(4);
  std::vector<std::thread> threads;
  for (Ids& ids : found) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) ids = tokenizer.Encode(text, {});
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Ids& ids : found) EXPECT_EQ(ids, expected);
}

TEST(SentencePiece, HasTheIdsOfPythonsSentencepiece) {
  const json expected = Cases()["sentencepiece"];
  ExpectIds(LoadTokenizer(TokenizerFixture("bytes.model")), expected["bytes"],
            false, true);
  ExpectIds(LoadTokenizer(TokenizerFixture("unknown.model")),
            expected["unknown"], false, false);
}

TEST(SentencePiece, AnyBytesSurvive) {
  const Tokenizer tokenizer = LoadTokenizer(TokenizerFixture("bytes.model"));
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const std::string bytes = RandomBytes(seed * 7, seed);
    EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(bytes, {}), false), bytes);
  }
  // Its own sign for a space, which sentencepiece would give back as a space.
  for (const char* text : {"\u2581", "a\u2581b \u2581", "  \u2581"}) {
    EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(text, {}), false), text);
  }
}

TEST(SentencePiece, KnowsItsSpecialTokens) {
  const Tokenizer tokenizer = LoadTokenizer(TokenizerFixture("bytes.model"));
  EXPECT_EQ(tokenizer.bos_id(), 1);
  EXPECT_EQ(tokenizer.eos_id(), 2);
  EXPECT_EQ(tokenizer.bos_token(), "<s>");
  EXPECT_TRUE(tokenizer.adds_bos());
  EXPECT_THAT(tokenizer.end_tokens(), ElementsAre(2));
  EXPECT_TRUE(tokenizer.IsSpecial(0));
  const Ids hello = tokenizer.Encode("hello", {.add_bos = true});
  EXPECT_EQ(hello.front(), 1);
  EXPECT_EQ(tokenizer.Decode(hello, true), "hello");
  EXPECT_EQ(tokenizer.Decode(hello, false), "<s>hello");
  EXPECT_EQ(tokenizer.Encode("<s>hello", {.parse_special = true}), hello);
  EXPECT_NE(tokenizer.Encode("<s>hello", {}), hello);
}

TEST(FormatTokens, EscapesWhatIsNotPrintable) {
  const Tokenizer tokenizer = LoadTokenizer(TokenizerFixture("tokenizer.json"));
  const auto id = [&](const char* text) {
    return tokenizer.FindToken(text).value();
  };
  const Ids ids = {id("\n"), id("'"), id("\xE6"), id("<|eot_id|>")};
  EXPECT_EQ(FormatTokens(tokenizer, ids),
            fmt::format("{:>7}  '\\n'\n{:>7}  '\\''\n{:>7}  '\\xE6'\n"
                        "{:>7}  '<|eot_id|>'  (special)\n",
                        ids[0], ids[1], ids[2], ids[3]));
}

}  // namespace
}  // namespace llamba
