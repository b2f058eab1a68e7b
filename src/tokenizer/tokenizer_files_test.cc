#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_readers.h"
#include "tokenizer/tokenizer_testing.h"

namespace llamba {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using Ids = std::vector<int32_t>;

json FixtureJson() {
  return json::parse(ReadFile(TokenizerFixture("tokenizer.json")));
}

void ExpectSame(const Tokenizer& a, const Tokenizer& b) {
  ASSERT_EQ(a.vocab_size(), b.vocab_size());
  for (int32_t id = 0; id < a.vocab_size(); ++id) {
    ASSERT_EQ(a.TokenBytes(id), b.TokenBytes(id)) << id;
    ASSERT_EQ(a.type(id), b.type(id)) << id;
  }
  EXPECT_EQ(a.bos_id(), b.bos_id());
  EXPECT_EQ(a.eos_id(), b.eos_id());
  EXPECT_EQ(a.end_tokens(), b.end_tokens());
  EXPECT_EQ(a.adds_bos(), b.adds_bos());
  EXPECT_EQ(a.spec().chat_templates, b.spec().chat_templates);
  const json cases = json::parse(ReadFile(TokenizerFixture("cases.json")));
  for (const json& text : cases["texts"]) {
    const std::string bytes = text;
    for (const bool special : {false, true}) {
      EXPECT_EQ(a.Encode(bytes, {.parse_special = special}),
                b.Encode(bytes, {.parse_special = special}))
          << bytes;
    }
  }
}

// The fixture in a directory, with everything that may lie beside it.
void MakeDirectory(const TemporaryDir& dir) {
  json tokenizer = FixtureJson();
  WriteFileAtomically(dir.File("tokenizer.json"), tokenizer.dump());
  WriteFileAtomically(
      dir.File("tokenizer_config.json"),
      json({{"bos_token", {{"content", "<|begin_of_text|>"}}},
            {"eos_token", "<|eot_id|>"},
            {"add_bos_token", true},
            {"chat_template",
             {{{"name", "default"}, {"template", "{{ \"d\" }}\n"}},
              {{"name", "tool_use"}, {"template", "{{ 't' }}"}}}}})
          .dump());
  const int eot = tokenizer["added_tokens"][2]["id"];
  WriteFileAtomically(dir.File("generation_config.json"),
                      json({{"eos_token_id", {eot - 1, eot}}}).dump());
}

TEST(LoadTokenizer, ReadsWhatLiesBesideIt) {
  const TemporaryDir dir;
  MakeDirectory(dir);
  const Tokenizer tokenizer = LoadTokenizer(dir.path());
  EXPECT_EQ(tokenizer.bos_token(), "<|begin_of_text|>");
  EXPECT_EQ(tokenizer.eos_token(), "<|eot_id|>");
  EXPECT_TRUE(tokenizer.adds_bos());
  EXPECT_THAT(tokenizer.end_tokens(),
              ElementsAre(*tokenizer.eos_id() - 1, *tokenizer.eos_id()));
  EXPECT_EQ(*tokenizer.chat_template(), "{{ \"d\" }}\n");
  EXPECT_EQ(*tokenizer.chat_template("tool_use"), "{{ 't' }}");
  EXPECT_EQ(tokenizer.chat_template("rag"), nullptr);

  WriteFileAtomically(dir.File("chat_template.jinja"), "jinja");
  EXPECT_EQ(*LoadTokenizer(dir.File("tokenizer.json")).chat_template(),
            "jinja");
}

TEST(LoadTokenizer, TakesBosFromThePostProcessor) {
  json tokenizer = FixtureJson();
  const json bos = tokenizer["added_tokens"][0];
  tokenizer["post_processor"] = {
      {"type", "Sequence"},
      {"processors",
       {{{"type", "ByteLevel"}},
        {{"type", "TemplateProcessing"},
         {"single",
          {{{"SpecialToken", {{"id", bos["content"]}, {"type_id", 0}}}},
           {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}}}}}};
  const TemporaryDir dir;
  WriteFileAtomically(dir.File("tokenizer.json"), tokenizer.dump());
  const Tokenizer loaded = LoadTokenizer(dir.path());
  EXPECT_TRUE(loaded.adds_bos());
  EXPECT_EQ(loaded.bos_id(), bos["id"].get<int32_t>());
}

TEST(LoadTokenizer, PrefersTheOriginalOfAConvertedModel) {
  const TemporaryDir dir;
  json tokenizer = FixtureJson();
  tokenizer["model"]["byte_fallback"] = true;
  tokenizer["normalizer"] = {{"type", "Prepend"}, {"prepend", "\u2581"}};
  WriteFileAtomically(dir.File("tokenizer.json"), tokenizer.dump());
  EXPECT_THAT(ErrorOf([&] { LoadTokenizer(dir.path()); }),
              HasSubstr("normalizer"));
  WriteFileAtomically(dir.File("tokenizer.model"),
                      ReadFile(TokenizerFixture("bytes.model")));
  EXPECT_EQ(LoadTokenizer(dir.path()).vocab_size(), 600);
}

TEST(TokenizerGguf, ComesBackAsItWas) {
  const TemporaryDir dir;
  MakeDirectory(dir);
  for (const std::string& path : {dir.path(), TokenizerFixture("bytes.model"),
                                  TokenizerFixture("unknown.model")}) {
    const Tokenizer tokenizer = LoadTokenizer(path);
    GgufMetadata metadata;
    metadata.path = "test.gguf";
    WriteTokenizerMetadata(tokenizer, tokenizer.vocab_size() + 3, &metadata);
    const std::vector<std::string>& tokens =
        *metadata.FindStrings("tokenizer.ggml.tokens");
    EXPECT_EQ(static_cast<int32_t>(tokens.size()), tokenizer.vocab_size() + 3);
    EXPECT_EQ(tokens.back(),
              fmt::format("[PAD{}]", tokenizer.vocab_size() + 2));
    ExpectSame(tokenizer, LoadTokenizerFromGguf(metadata));
  }
}

TEST(TokenizerGguf, RefusesWhatItDoesNotKnow) {
  const Tokenizer tokenizer = LoadTokenizer(TokenizerFixture("tokenizer.json"));
  EXPECT_THAT(ErrorOf([&] {
                GgufMetadata metadata;
                WriteTokenizerMetadata(tokenizer, 5, &metadata);
              }),
              HasSubstr("expected 5 tokens at most"));
  struct Case {
    const char* key;
    GgufValue value;
    const char* message;
  };
  const Case cases[] = {
      {"tokenizer.ggml.model", std::string("bert"), "found bert"},
      {"tokenizer.ggml.pre", std::string("qwen2"),
       "pre-tokenizer qwen2 is not known here; known: gpt-2, llama-bpe, "
       "smollm"},
      {"tokenizer.ggml.merges", std::vector<std::string>{"ab"}, "merges[0]"},
      {"tokenizer.ggml.merges", std::vector<std::string>{"a zzzz"},
       "merges[0]"},
      {"tokenizer.ggml.token_type", std::vector<int64_t>{1, 2}, "token_type"},
      {"tokenizer.ggml.bos_token_id", uint64_t{99999}, "bos_token_id"},
      {"tokenizer.ggml.eot_token_id", uint64_t{99999}, "eot_token_id"},
      {"tokenizer.ggml.add_eos_token", true, "add_eos_token"},
  };
  for (const Case& c : cases) {
    GgufMetadata metadata;
    metadata.path = "test.gguf";
    WriteTokenizerMetadata(tokenizer, tokenizer.vocab_size(), &metadata);
    metadata.Set(c.key, c.value);
    const std::string message =
        ErrorOf([&] { LoadTokenizerFromGguf(metadata); });
    EXPECT_THAT(message, HasSubstr("test.gguf"));
    EXPECT_THAT(message, HasSubstr(c.message));
  }
}

TEST(WriteTokenizerFiles, ComeBackAsTheyWere) {
  const TemporaryDir source;
  MakeDirectory(source);
  for (const std::string& path :
       {source.path(), TokenizerFixture("bytes.model"),
        TokenizerFixture("unknown.model")}) {
    const Tokenizer tokenizer = LoadTokenizer(path);
    const std::string out = source.File("out");
    std::filesystem::remove_all(out);
    std::filesystem::create_directory(out);
    WriteTokenizerFiles(tokenizer, out);
    ExpectSame(tokenizer, LoadTokenizer(out));
  }
}

TEST(RefuseOtherTokenizerFiles, NamesWhatWouldBeReadToo) {
  const TemporaryDir dir;
  const Tokenizer pieces = LoadTokenizer(TokenizerFixture("bytes.model"));
  const Tokenizer bytes = LoadTokenizer(TokenizerFixture("tokenizer.json"));
  RefuseOtherTokenizerFiles(pieces, dir.File("none"));
  WriteTokenizerFiles(pieces, dir.path());
  RefuseOtherTokenizerFiles(pieces, dir.path());  // these are written anew
  WriteTokenizerFiles(bytes, dir.path());
  RefuseOtherTokenizerFiles(bytes, dir.path());
  EXPECT_THAT(ErrorOf([&] { RefuseOtherTokenizerFiles(pieces, dir.path()); }),
              HasSubstr(dir.File("tokenizer.json") + ": is there already"));
  WriteFileAtomically(dir.File("chat_template.jinja"), "jinja");
  EXPECT_THAT(ErrorOf([&] { RefuseOtherTokenizerFiles(bytes, dir.path()); }),
              HasSubstr("chat_template.jinja"));
}

TEST(TokenizerJson, RefusesByName) {
  const json digits = {{"type", "Digits"}, {"individual_digits", false}};
  struct Case {
    json patch;  // RFC 7396
    const char* message;
  };
  const Case cases[] = {
      {{{"model", {{"type", "Unigram"}}}}, "found Unigram"},
      {{{"model", {{"dropout", 0.1}}}}, "dropout"},
      {{{"model", {{"end_of_word_suffix", "</w>"}}}}, "end_of_word_suffix"},
      {{{"model", {{"unk_token", "nope"}}}}, "unk_token"},
      {{{"model", {{"vocab", {{"!", -1}}}}}}, "found -1"},
      {{{"model", {{"vocab", {{"!", 1 << 30}}}}}}, "found 1073741824"},
      {{{"model", {{"vocab", {{"!", 1}}}}}}, "same id 1"},
      {{{"model", {{"vocab", {{"!", "x"}}}}}}, "expected an integer"},
      {{{"model", {{"vocab", {{"th", nullptr}}}}}}, "model.merges["},
      {{{"model", {{"merges", {{"a", "b", "c"}}}}}}, "expected two tokens"},
      {{{"model", {{"merges", {"ab"}}}}}, "expected two tokens"},
      {{{"model", {{"merges", 5}}}}, "expected an array"},
      {{{"model", nullptr}}, "expected \"model\""},
      {{{"normalizer", {{"type", "NFC"}}}}, "normalizer {\"type\":\"NFC\"}"},
      {{{"pre_tokenizer", nullptr}}, "pre_tokenizer"},
      {{{"pre_tokenizer", digits}}, "known: gpt-2, llama-bpe, smollm"},
      {{{"pre_tokenizer", {{"type", "Metaspace"}}}}, "Metaspace"},
      {{{"post_processor", {{"type", "BertProcessing"}}}}, "BertProcessing"},
      {{{"added_tokens", {{{"id", 3}}}}}, "added token"},
      {{{"added_tokens", {{{"id", 3}, {"content", "x"}, {"lstrip", true}}}}},
       "lstrip"},
  };
  for (const Case& c : cases) {
    json tokenizer = FixtureJson();
    tokenizer.merge_patch(c.patch);
    const std::string text = tokenizer.dump();
    const std::string message = ErrorOf(
        [&] { ReadTokenizerJson(JsonDocument(text, "dir/tokenizer.json")); });
    EXPECT_THAT(message, HasSubstr("dir/tokenizer.json")) << c.patch;
    EXPECT_THAT(message, HasSubstr(c.message)) << c.patch;
  }
  for (const char* text : {"", "{", "[]", "3", "{\"model\": \"\xFF\"}"}) {
    ErrorOf([&] { ReadTokenizerJson(JsonDocument(text, "t")); });
  }
}

TEST(TokenizerJson, AnyCutIsAnError) {
  const std::string text = ReadFile(TokenizerFixture("tokenizer.json"));
  for (size_t n = 0; n < text.size() - 2; n += 997) {
    const std::string_view cut = std::string_view(text).substr(0, n);
    ErrorOf([&] { ReadTokenizerJson(JsonDocument(cut, "t")); });
  }
}

TEST(SentencePieceModel, CutOrOddOnesAreErrors) {
  const std::string bytes = ReadFile(TokenizerFixture("bytes.model"));
  for (size_t n = 0; n < bytes.size(); n += 61) {
    ErrorOf([&] {
      Tokenizer(ReadSentencePieceModel(std::string_view(bytes).substr(0, n),
                                       "t.model"));
    });
  }
  EXPECT_THAT(ErrorOf([] { ReadSentencePieceModel("\x12\x02\x18\x01", "t"); }),
              HasSubstr("model_type"));
  // A length of 2^63.
  EXPECT_THAT(ErrorOf([] {
                ReadSentencePieceModel(
                    "\x0A\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", "t");
              }),
              HasSubstr("expected 9223372036854775808 bytes"));
}

TEST(Tiktoken, IsToldByItsFirstLine) {
  EXPECT_TRUE(IsTiktoken("IQ== 0\nIg== 1\n"));
  EXPECT_TRUE(IsTiktoken("IQ== 0"));
  EXPECT_FALSE(IsTiktoken("IQ== 1\n"));
  EXPECT_FALSE(IsTiktoken("IQ= 0\n"));
  EXPECT_FALSE(IsTiktoken(""));
  EXPECT_FALSE(IsTiktoken(ReadFile(TokenizerFixture("bytes.model"))));
  EXPECT_THAT(ErrorOf([] { ReadTiktokenLlama3("IQ== 0\nIg== 2\n", "t"); }),
              HasSubstr("line 2: expected a token in base64 and the rank 1"));
  EXPECT_THAT(ErrorOf([] { ReadTiktokenLlama3("IQ== 0\n", "t"); }),
              HasSubstr("found none for 0x00"));
}

TEST(LoadTokenizer, NamesWhatItLookedFor) {
  const TemporaryDir dir;
  EXPECT_THAT(ErrorOf([&] { LoadTokenizer(dir.path()); }),
              HasSubstr("expected tokenizer.json or tokenizer.model"));
  EXPECT_THAT(ErrorOf([&] { LoadTokenizer(dir.File("x.gguf")); }),
              HasSubstr("x.gguf"));
}

TEST(LoadTokenizer, SaysThatAFileIsAnother) {
  const TemporaryDir dir;
  const auto error = [&](const char* name, const char* text) {
    WriteFileAtomically(dir.File(name), text);
    return ErrorOf([&] { LoadTokenizer(dir.File(name)); });
  };
  for (const char* name : {"tokenizer.model", "x"}) {
    EXPECT_THAT(error(name, ""),
                HasSubstr("a tokenizer.model of SentencePiece or tiktoken, or "
                          "a GGUF file, found an empty file"));
    EXPECT_THAT(error(name, "Once upon a time"),
                HasSubstr("or a GGUF file, found another file"));
  }
  EXPECT_THAT(error("tokenizer.json", ""),
              HasSubstr("expected JSON, found an empty file"));
  EXPECT_THAT(error("tokenizer.json", "Once upon a time"),
              HasSubstr("found text that begins with \"Once upon a time\""));
}

}  // namespace
}  // namespace llamba
