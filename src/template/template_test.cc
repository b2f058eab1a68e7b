#include "template/template.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "template/chat_template.h"
#include "tests/shared_material.h"

namespace llamba {
namespace {

using Json = nlohmann::ordered_json;

std::string DataPath(const std::string& name) {
  return LLAMBA_SOURCE_DIR "/tests/data/template/" + name;
}

std::string ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

Json ReadJson(const std::string& name) {
  return Json::parse(ReadText(DataPath(name)));
}

// Thursday, as in the fixtures: "2026-11-05 07:08:09".
RenderOptions FixtureOptions() {
  RenderOptions options;
  std::tm now{};
  now.tm_year = 126;
  now.tm_mon = 10;
  now.tm_mday = 5;
  now.tm_hour = 7;
  now.tm_min = 8;
  now.tm_sec = 9;
  now.tm_wday = 4;
  now.tm_yday = 308;
  options.now = now;
  return options;
}

std::string Render(const std::string& source, const Json& variables = {}) {
  return Template::Parse(source).Render(
      variables.is_null() ? Json::object() : variables, FixtureOptions());
}

// The message of the Error, or "no error: " and the output.
std::string ErrorOf(const std::string& source, const Json& variables = {}) {
  try {
    return "no error: " + Render(source, variables).substr(0, 200);
  } catch (const Error& error) {
    return error.what();
  }
}

// What jinja2 made of a case, against ours.
void ExpectSame(const std::string& what, const Json& expected,
                const std::function<std::string()>& render) {
  std::string found;
  bool failed = false;
  try {
    found = render();
  } catch (const Error& error) {
    failed = true;
    found = error.what();
  }
  ASSERT_EQ(failed, expected.contains("error")) << what << "\n" << found;
  if (!failed) {
    EXPECT_EQ(found, expected["output"].get<std::string>()) << what;
  }
}

TEST(TemplateTest, SnippetsRenderAsInJinja2) {
  const Json cases = ReadJson("snippets.json");
  const Json expected = ReadJson("expected.json")["snippets"];
  ASSERT_GE(expected.size(), 140u);
  ASSERT_EQ(expected.size(), cases["snippets"].size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto text = cases["snippets"][i].get<std::string>();
    ExpectSame(text, expected[i],
               [&] { return Render(text, cases["variables"]); });
  }
}

TEST(TemplateTest, MistakesAreErrorsWithTheirLine) {
  const Json cases = ReadJson("snippets.json");
  ASSERT_GE(cases["errors"].size(), 70u);
  for (const Json& text : cases["errors"]) {
    EXPECT_EQ(ErrorOf(text.get<std::string>(), cases["variables"])
                  .find("chat template, line 1: "),
              0u)
        << text;
  }
}

TEST(TemplateTest, ChatsRenderAsInTransformers) {
  const Json chats = ReadJson("chats.json");
  const Json expected = ReadJson("expected.json")["chats"];
  ASSERT_GE(expected.size(), 190u);
  for (const Json& test : expected) {
    const auto name = test["template"].get<std::string>();
    const Template parsed =
        Template::Parse(ReadText(DataPath(name + ".jinja")));
    ChatInput input;
    input.messages =
        chats["conversations"][test["conversation"].get<std::string>()];
    if (test["tools"].get<bool>()) input.tools = chats["tools"];
    input.add_generation_prompt = test["add_generation_prompt"].get<bool>();
    input.bos_token = chats["bos_token"].get<std::string>();
    input.eos_token = chats["eos_token"].get<std::string>();
    input.extra = test["extra"];
    ExpectSame(name + ": " + test["conversation"].dump(), test,
               [&] { return RenderChat(parsed, input, FixtureOptions()); });
  }
}

TEST(TemplateTest, ErrorsNameLineAndConstruct) {
  EXPECT_EQ(ErrorOf("a\n\n{{ x | foo }}"),
            "chat template, line 3: unknown filter 'foo'");
  EXPECT_EQ(ErrorOf("{{ 1 }}\n{{ x is foo }}"),
            "chat template, line 2: unknown test 'foo'");
  EXPECT_EQ(ErrorOf("\n{% include 'x' %}"),
            "chat template, line 2: the statement 'include' is not supported");
  EXPECT_EQ(ErrorOf("\n{% frobnicate %}"),
            "chat template, line 2: unknown statement 'frobnicate'");
  EXPECT_EQ(ErrorOf("{% if true %}\n\n{{ raise_exception('no roles') }}\n"
                    "{% endif %}"),
            "chat template, line 3: no roles");
  EXPECT_EQ(ErrorOf("{% for m in [1] %}\n{{ m.x.y }}{% endfor %}"),
            "chat template, line 2: 'int' object has no attribute 'x'");
  EXPECT_EQ(ErrorOf("{{ 'a'.encode() }}"),
            "chat template, line 1: the attribute 'encode' of 'str' is not "
            "supported");
  EXPECT_EQ(ErrorOf("\n{% if true %}"),
            "chat template, line 2: 'if' is not closed: expected 'endif', "
            "found the end of the template");
  try {
    Template::Parse("{{", "tool template");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("tool template, line 1: "), 0u);
  }
}

TEST(TemplateTest, UnknownFiltersInConditionsFailOnlyWhenReached) {
  EXPECT_EQ(Render("{% if false %}{{ 1 | foo }}{% endif %}ok"), "ok");
  EXPECT_EQ(ErrorOf("{% if true %}{{ 1 | foo }}{% endif %}"),
            "chat template, line 1: unknown filter 'foo'");
}

void ExpectLimit(const std::string& source, const std::string& limit) {
  const std::string message = ErrorOf(source);
  EXPECT_NE(message.find(limit), std::string::npos) << message;
}

std::string Repeat(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(TemplateLimitsTest, NestingOfTheSource) {
  const int n = 100000;
  ExpectLimit("{{ " + Repeat("(", n) + "1" + Repeat(")", n) + " }}", "limit");
  ExpectLimit("{{ " + Repeat("[", n) + Repeat("]", n) + " }}", "limit");
  ExpectLimit("{{ " + Repeat("not ", n) + "1 }}", "limit");
  ExpectLimit("{{ " + Repeat("-", n) + "1 }}", "limit");
  ExpectLimit("{{ 1" + Repeat(" + 1", n) + " }}", "limit");
  ExpectLimit("{{ x" + Repeat(".y", n) + " }}", "limit");
  ExpectLimit("{{ x" + Repeat("|e", n) + " }}", "limit");
  ExpectLimit("{{ 1" + Repeat(" if 1 else 1", 50000) + " }}", "limit");
  ExpectLimit(Repeat("{% if 1 %}", 50000), "limit");
  ExpectLimit("{% set " + Repeat("(", n) + "x" + Repeat(")", n) + " = 1 %}",
              "limit");
}

TEST(TemplateLimitsTest, RecursionOfTheEvaluation) {
  ExpectLimit("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "levels");
  ExpectLimit("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
              "levels");
  ExpectLimit(
      "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}"
      "{{ m() }}",
      "levels");
}

TEST(TemplateLimitsTest, DepthOfValues) {
  ExpectLimit(
      "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}"
      "{% set ns.x = [ns.x] %}{% endfor %}",
      "nested deeper");
  ExpectLimit("{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns }}",
              "holds itself");
  ExpectLimit(
      "{% set ns = namespace(x={}) %}{% for i in range(100000) %}"
      "{% set ns.x = ns.x.items %}{% set ns.x = {1: ns.x} %}{% endfor %}",
      "nested deeper");
  Json deep = Json::array();
  for (int i = 0; i < 1000; ++i) deep = Json::array({deep});
  EXPECT_NE(ErrorOf("{{ x }}", {{"x", deep}}).find("nested deeper"),
            std::string::npos);
}

TEST(TemplateLimitsTest, MemoryAndSteps) {
  ExpectLimit("{{ 'a' * 100000000000 }}", "limit");
  ExpectLimit("{{ [1] * 1000000000000 }}", "limit");
  ExpectLimit(
      "{% set ns = namespace(x='abcdefgh') %}{% for i in range(100) %}"
      "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
      "limit");
  ExpectLimit(
      "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}"
      "{% set ns.x = ns.x + ns.x %}{% endfor %}",
      "limit");
  ExpectLimit(
      "{% for a in range(99999) %}{% for b in range(99999) %}"
      "{% endfor %}{% endfor %}",
      "steps");
  ExpectLimit(
      "{% set s = 'a' * 4000000 %}{% for i in range(99999) %}"
      "{% set x = s.find('b' ~ s) %}{% endfor %}",
      "steps");
  ExpectLimit(
      "{% set s = 'a' * 1000000 %}{% for i in range(9999) %}{{ s }}"
      "{% endfor %}",
      "limit");
  ExpectLimit("{{ '%999999999d' % 1 }}", "limit");
  ExpectLimit("{{ 'a'.center(99999999999) }}", "limit");
  ExpectLimit("{{ range(99999999999) }}", "limit");
  ExpectLimit("{{ 9223372036854775807 + 1 }}", "64 bits");
}

TEST(TemplateTest, OneTemplateRendersOnManyThreads) {
  const Template parsed = Template::Parse(ReadText(DataPath("features.jinja")));
  const Json chats = ReadJson("chats.json");
  const Json variables = {{"messages", chats["conversations"]["tools"]}};
  const std::string expected = parsed.Render(variables);
  std::vector<std::thread> threads;
  std::vector<int> same(4, 0);
  for (size_t t = 0; t < same.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        same[t] += parsed.Render(variables) == expected;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, std::vector<int>(4, 50));
}

TEST(ChatTemplateTest, RefusesWhatIsNoConversation) {
  const Template parsed = Template::Parse("{{ messages }}");
  ChatInput input;
  input.messages = "hello";
  EXPECT_THROW(RenderChat(parsed, input), Error);
  input.messages = Json::array({1});
  EXPECT_THROW(RenderChat(parsed, input), Error);
}

TEST(ChatTemplateTest, RunsTheTemplateOfAModel) {
  LLAMBA_NEED_SHARED(path, "models/llama-mini/tokenizer_config.json");
  const Json config = Json::parse(ReadText(path));
  ChatInput input;
  input.messages = Json::array({{{"role", "user"}, {"content", " Hi\n"}}});
  input.bos_token = "<|begin_of_text|>";
  EXPECT_EQ(
      RenderChat(Template::Parse(config["chat_template"].get<std::string>()),
                 input),
      "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"
      "Hi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");
}

}  // namespace
}  // namespace llamba
