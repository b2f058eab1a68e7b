// Prompts of every task as ../../../tests/data/eval holds its items: in the
// form in which the authors publish them. The strings are
// lm-evaluation-harness'.
#include <gmock/gmock.h>

#include "base/error.h"
#include "eval/run_task.h"
#include "eval/tasks/all.h"

namespace llamba {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::ThrowsMessage;

constexpr const char* kData = LLAMBA_SOURCE_DIR "/tests/data/eval";

std::vector<Item> Items(const Task& task, int shots = 0) {
  TaskOptions options;
  options.shots = shots;
  return PrepareItems(task, kData, options).items;
}

std::vector<std::string> Continuations(const Item& item) {
  std::vector<std::string> texts;
  for (const Option& option : item.options) {
    texts.push_back(option.continuation);
  }
  return texts;
}

std::vector<int> Golds(const Task& task) {
  std::vector<int> golds;
  for (const Item& item : Items(task)) golds.push_back(item.gold);
  return golds;
}

Item Make(const Task& task, const std::string& fields) {
  return task.make(Record(nlohmann::json::parse(fields), "test: line 1"));
}

TEST(TasksTest, Arc) {
  const Item item = Items(ArcEasy()).at(1);
  EXPECT_EQ(item.options[0].context,
            "Question: Which of these is frozen water?\nAnswer:");
  EXPECT_THAT(Continuations(item), ElementsAre(" ice", " steam", " sand"));
  EXPECT_EQ(item.options[1].characters, 5);
  EXPECT_THAT(Golds(ArcEasy()), ElementsAre(0, 0, 1));
  EXPECT_THAT(Items(ArcChallenge()).at(0).options, SizeIs(5));
  EXPECT_THAT(Golds(ArcChallenge()), ElementsAre(0, 1));
}

TEST(TasksTest, ArcInTheOtherForms) {
  const Item prepared = Make(ArcEasy(), R"({"query": "Question: What is wet?",
      "choices": ["sand", "rain"], "gold": 1})");
  const Item as_data_set = Make(ArcEasy(), R"({"question": "What is wet?",
      "choices": {"text": ["sand", "rain"], "label": ["A", "B"]},
      "answerKey": "B"})");
  for (const Item& item : {prepared, as_data_set}) {
    EXPECT_EQ(item.options[1].context, "Question: What is wet?\nAnswer:");
    EXPECT_EQ(item.options[1].continuation, " rain");
    EXPECT_EQ(item.gold, 1);
  }
}

TEST(TasksTest, OpenBookQa) {
  const Item item = Items(OpenBookQa()).at(0);
  EXPECT_EQ(item.options[0].context, "To stay dry in the rain one takes");
  EXPECT_THAT(Continuations(item),
              ElementsAre(" a spoon", " an umbrella", " a lamp", " a chair"));
  EXPECT_THAT(Golds(OpenBookQa()), ElementsAre(1, 3));
}

TEST(TasksTest, PiqaKeepsOuterBlanksOfItsChoices) {
  const Item item = Items(Piqa()).at(0);
  EXPECT_EQ(item.options[0].context, "Question: How do I open a jar?\nAnswer:");
  EXPECT_THAT(Continuations(item),
              ElementsAre(" Turn the lid.", "  Turn the floor. "));
  EXPECT_EQ(item.options[1].characters, 17);
  EXPECT_THAT(Golds(Piqa()), ElementsAre(0, 1));
}

TEST(TasksTest, WinoGrandeHasTwoContexts) {
  const Item item = Items(WinoGrande()).at(1);
  EXPECT_EQ(item.options[0].context, "Anna thanked Clara because Anna");
  EXPECT_EQ(item.options[1].context, "Anna thanked Clara because Clara");
  EXPECT_THAT(Continuations(item), ElementsAre(" had helped.", " had helped."));
  EXPECT_THAT(Golds(WinoGrande()), ElementsAre(1, 1));
}

TEST(TasksTest, HellaSwagIsCleaned) {
  const std::vector<Item> items = Items(HellaSwag());
  EXPECT_EQ(items[0].options[0].context,
            "Baking bread: A woman kneads dough on a table. Then she");
  EXPECT_THAT(Continuations(items[0]),
              ElementsAre(" puts it in the oven.", "  throws. it out.",
                          "  sings.", " reads."));
  EXPECT_EQ(items[0].options[2].characters, 7);  // one blank is its own
  EXPECT_EQ(items[1].options[0].context,
            "Sports and Fitness: How to swim. Get wet. Find a pool.");
  EXPECT_THAT(Continuations(items[1]),
              ElementsAre(" Jump in.", " Sleep.", " Eat it.", " Élan."));
  EXPECT_EQ(items[1].options[3].characters, 5);
  EXPECT_THAT(Golds(HellaSwag()), ElementsAre(0, 1));
  // What is prepared already is taken as it stands.
  const Item prepared = Make(HellaSwag(), R"({"query": "A  b [c]",
      "choices": [" x", "y"], "gold": 1})");
  EXPECT_EQ(prepared.options[0].context, "A  b [c]");
  EXPECT_EQ(prepared.options[0].continuation, "  x");
}

TEST(TasksTest, HellaSwagMarksEndOnTheirLine) {
  const auto make = [](const std::string& endings) {
    return Make(HellaSwag(),
                R"({"activity_label": "", "ctx_a": "", "ctx_b": "", "label": 0,
                    "endings": [)" +
                    endings + "]}");
  };
  const std::string open = "[" + std::string(500'000, 'a');
  const Item item = make(R"("a[[b]c]d[e\nf]g[h]i", ")" + open + "\"");
  EXPECT_THAT(Continuations(item), ElementsAre(" ac]d[e\nf]gi", " " + open));
  EXPECT_THAT([&] { make(""); },
              ThrowsMessage<Error>(HasSubstr(
                  "field 'endings': expected at least one, found []")));
}

TEST(TasksTest, LambadaSplitsAtTheLastBlank) {
  const std::vector<Item> items = Items(LambadaOpenAi());
  EXPECT_EQ(
      items[0].options[0].context,
      "\"Where is the dog?\" asked Tom. He had looked everywhere for the");
  EXPECT_THAT(Continuations(items[0]), ElementsAre(" dog"));
  EXPECT_EQ(items[1].options[0].context,
            "She opened the door,\nand behind the");
  const Item parts =
      Make(LambadaOpenAi(), R"({"context": "of the", "continuation": "sea"})");
  EXPECT_EQ(parts.options[0].context, "of the");
  EXPECT_EQ(parts.options[0].continuation, " sea");
  EXPECT_THAT([] { Make(LambadaOpenAi(), R"({"text": "alone"})"); },
              ThrowsMessage<Error>(HasSubstr("field 'text': expected two")));
}

TEST(TasksTest, Glue) {
  EXPECT_EQ(
      Items(Rte()).at(0).options[0].context,
      "The \"Anna\" sank, and \"Clara\" was lost.\nQuestion: A ship sank. "
      "True or False?\nAnswer:");
  EXPECT_THAT(Continuations(Items(Rte()).at(0)),
              ElementsAre(" True", " False"));
  EXPECT_THAT(Golds(Rte()), ElementsAre(0, 1));
  // The sentence keeps its last blank, a lone quote is text.
  EXPECT_EQ(Items(Sst2()).at(1).options[0].context,
            "dull \"from the start . \nQuestion: Is this sentence positive or "
            "negative?\nAnswer:");
  EXPECT_THAT(Continuations(Items(Sst2()).at(0)),
              ElementsAre(" negative", " positive"));
  EXPECT_THAT(Golds(Sst2()), ElementsAre(1, 0, 1));
  // The file begins with a mark of byte order, as published.
  EXPECT_EQ(Items(Mrpc()).at(0).options[0].context,
            "Sentence 1: He said \" no .\nSentence 2: He declined .\nQuestion: "
            "Do both sentences mean the same thing?\nAnswer:");
  EXPECT_THAT(Continuations(Items(Mrpc()).at(0)), ElementsAre(" no", " yes"));
  EXPECT_THAT(Golds(Mrpc()), ElementsAre(1, 0, 1, 1, 0));
  EXPECT_EQ(
      Items(Cola()).at(1).options[0].context,
      "Barked dog the.\nQuestion: Does this sentence make sense?\nAnswer:");
  EXPECT_THAT(Continuations(Items(Cola()).at(0)), ElementsAre(" no", " yes"));
  EXPECT_THAT(Golds(Cola()), ElementsAre(1, 0, 1, 0, 1));
}

TEST(TasksTest, BoolQ) {
  const Item item = Items(BoolQ()).at(0);
  EXPECT_EQ(item.options[0].context,
            "Ice -- Ice is water that has frozen.\nQuestion: is ice frozen "
            "water?\nAnswer:");
  EXPECT_THAT(Continuations(item), ElementsAre(" no", " yes"));
  EXPECT_THAT(Golds(BoolQ()), ElementsAre(1, 0, 1));
  // The authors' own files have the title apart.
  const Item apart = Make(BoolQ(), R"({"title": "Ice", "passage": "It is cold.",
      "question": "is ice cold", "answer": true})");
  EXPECT_THAT(apart.options[0].context, HasSubstr("Ice -- It is cold.\n"));
  EXPECT_EQ(apart.gold, 1);
}

TEST(TasksTest, CopaHasTwoBlanks) {
  const std::vector<Item> items = Items(Copa());
  EXPECT_EQ(items[0].options[0].context, "The man turned on the tap therefore");
  EXPECT_THAT(Continuations(items[0]),
              ElementsAre("  the sink filled with water.", "  a bird sang."));
  EXPECT_EQ(items[1].options[0].context, "The grass was wet because");
  EXPECT_EQ(items[1].options[1].characters, 15);  // one blank is its own
  EXPECT_THAT(Golds(Copa()), ElementsAre(0, 1));
}

constexpr const char* kHeader =
    "The following are multiple choice questions (with answers) about college "
    "biology.\n\n";
constexpr const char* kQuestion =
    "What does a root, by its nature, do?\nA. drinks\nB. sings\nC. runs\n"
    "D. sleeps\nAnswer:";

TEST(TasksTest, Mmlu) {
  const std::vector<Item> items = Items(Mmlu());
  ASSERT_THAT(items, SizeIs(3));
  EXPECT_EQ(items[0].options[0].context, std::string(kHeader) + kQuestion);
  EXPECT_THAT(Continuations(items[0]), ElementsAre(" A", " B", " C", " D"));
  EXPECT_EQ(items[0].subject, "college_biology");
  // A quoted field: a line end, doubled quotes, a comma; stripped outside.
  EXPECT_EQ(items[1].options[0].context,
            std::string(kHeader) +
                "Which is a \"cell\"?\nName it.\nA. stone\nB. neuron\nC. a, b\n"
                "D. salt\nAnswer:");
  EXPECT_EQ(items[2].subject, "public_relations");
  EXPECT_THAT(Golds(Mmlu()), ElementsAre(0, 1, 2));
}

TEST(TasksTest, MmluWithShotsTakesTheFirstOfTheSubject) {
  const std::string first =
      "What do lungs take in?\nA. air\nB. sand\nC. glass\nD. iron\nAnswer: "
      "A\n\n";
  const std::string second =
      "What is blood?\nA. a stone\nB. a metal\nC. a gas\nD. a fluid\nAnswer: "
      "D\n\n";
  EXPECT_EQ(Items(Mmlu(), 1).at(0).options[3].context,
            kHeader + first + kQuestion);
  EXPECT_EQ(Items(Mmlu(), 2).at(0).options[3].context,
            kHeader + first + second + kQuestion);
  EXPECT_THAT(Items(Mmlu(), 1).at(2).options[0].context,
              HasSubstr("about public relations.\n\nWhat is news, in short?"));
  EXPECT_THAT([] { Items(Mmlu(), 3); },
              ThrowsMessage<Error>(HasSubstr(
                  "expected 3 examples of college_biology, found 2")));
}

// Without a file of examples they are drawn from the other items.
TEST(TasksTest, DrawnExamplesNeverHoldTheQuestion) {
  const std::vector<Item> items = Items(Sst2(), 2);
  const std::vector<std::string> bare = {
      "a warm and funny film . ", "dull \"from the start . ", "it 's fine "};
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string& context = items[i].options[0].context;
    for (size_t j = 0; j < bare.size(); ++j) {
      const size_t at = context.find(bare[j]);
      ASSERT_NE(at, std::string::npos) << i << " " << j;
      EXPECT_EQ(context.find(bare[j], at + 1), std::string::npos);
    }
    const size_t own = context.find(bare[i]);
    EXPECT_EQ(context.substr(own), Items(Sst2())[i].options[0].context);
    EXPECT_THAT(context, HasSubstr(i == 1 ? "Answer: positive\n\n"
                                          : "Answer: negative\n\n"));
  }
  EXPECT_EQ(Items(Sst2(), 2)[0].options[0].context,
            items[0].options[0].context);
}

TEST(TasksTest, WrongFieldIsNamed) {
  EXPECT_THAT(
      [] { Make(Sst2(), R"({"sentence": "fine", "label": 3})"); },
      ThrowsMessage<Error>("test: line 1: field 'label': expected a whole "
                           "number from 0 to 1, found 3"));
}

}  // namespace
}  // namespace llamba
