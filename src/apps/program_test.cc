#include "apps/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/commands.h"
#include "apps/help.h"
#include "apps/number_checks.h"

namespace llamba {
namespace {

using ::testing::HasSubstr;

// What the program answers to a command line that it refuses.
std::string Refusal(const std::string& line) {
  const auto program = MakeProgram();
  try {
    program->parse(line);
  } catch (const CLI::ParseError& error) {
    return ExplainParseError(*program, error);
  }
  return "accepted";
}

TEST(ProgramTest, NamesTheNearestFlagAndCommand) {
  EXPECT_THAT(Refusal("rnu model"), HasSubstr("Did you mean 'run'?"));
  EXPECT_THAT(Refusal("run model --promt x"),
              HasSubstr("no flag '--promt'. Did you mean '--prompt'?"));
  EXPECT_THAT(Refusal("run --modle x"), HasSubstr("llamba run: no flag"));
  EXPECT_THAT(Refusal("run model --temprature=0.5"),
              HasSubstr("Did you mean '--temperature'?"));
  EXPECT_THAT(Refusal("run"), HasSubstr("llamba run: MODEL is required"));
  EXPECT_THAT(Refusal("run a b"), HasSubstr("one argument too many: 'b'"));
  EXPECT_THAT(Refusal("run a --dtype bf61"), HasSubstr("Did you mean 'bf16'?"));
  EXPECT_THAT(Refusal("--vresion"), HasSubstr("Did you mean '--version'?"));
}

TEST(ProgramTest, SaysWhichNumberIsExpected) {
  EXPECT_THAT(
      Refusal("run m --threads 0"),
      HasSubstr("--threads: expected a whole number from 1 to 1024, found "
                "'0'\n"));
  EXPECT_THAT(Refusal("eval m --limit x"),
              HasSubstr("--limit: expected a whole number from 1 up, found "
                        "'x'\n"));
  EXPECT_THAT(Refusal("kl a b --window 2.5"), HasSubstr("found '2.5'\n"));
  EXPECT_THAT(Refusal("eval m --limit 99999999999999999999"),
              HasSubstr("found '99999999999999999999'\n"));
  EXPECT_THAT(Refusal("run m --temperature x"),
              HasSubstr("--temperature: expected a number, found 'x'\n"));
  EXPECT_THAT(Refusal("run m -n 9223372036854775808"),
              HasSubstr("from -1 to 9223372036854775807, found '9223"));
  for (const char* word : {"-2", "-99999999999999999999", "many"}) {
    EXPECT_THAT(Refusal(std::string("run m -n ") + word),
                HasSubstr("--max-tokens: expected a whole number from -1 up"))
        << word;
  }
  EXPECT_THAT(Refusal("run m --top-k 2.5"),
              HasSubstr("--top-k: expected a whole number from 0 up"));
  for (const char* command : {"run m", "synth -o m"}) {
    EXPECT_THAT(Refusal(std::string(command) + " --seed 18446744073709551616"),
                HasSubstr("--seed: expected a whole number from 0 to "
                          "18446744073709551615, found '1844"))
        << command;
  }
}

TEST(ProgramTest, SaysInItsOwnWordsWhatIsMissing) {
  EXPECT_THAT(Refusal("run m -n"),
              HasSubstr("--max-tokens: expected N behind it, found nothing\n"));
  EXPECT_THAT(Refusal("run m --isa a --isa b"),
              HasSubstr("--isa: expected once, found 2 times\n"));
  EXPECT_THAT(Refusal("run m --activations 4"),
              HasSubstr("--activations: expected 8, 16, found '4'."));
}

TEST(ProgramTest, RefusesFlagsThatWouldDoNothing) {
  const std::pair<const char*, const char*> kLines[] = {
      {"run m --system x", "--system requires --chat"},
      {"run m --chat-template t", "--chat-template requires --chat"},
      {"run m --chat --system x --load-state s",
       "--system excludes --load-state"},
      {"chat m --system x --load-state s", "--system excludes --load-state"},
      {"run m --json --echo", "excludes"},
      {"tokenize m --decode --json", "--json excludes --decode"},
      {"tokenize m --decode --ids", "--ids excludes --decode"},
      {"tokenize m --decode --no-bos", "--no-bos excludes --decode"},
      {"tokenize m --ids --json", "--ids excludes --json"},
      {"eval m --windows own", "--windows requires --text"},
      {"eval m --long-text t", "--long-text requires --long-context"},
  };
  for (const auto& [line, answer] : kLines) {
    EXPECT_THAT(Refusal(line), HasSubstr(answer)) << line;
  }
}

TEST(NumberChecksTest, TakeTheirBounds) {
  for (const char* good : {"2", "3"}) EXPECT_EQ(WholeNumber(2, 3)(good), "");
  for (const char* bad : {"1", "4", "", "2x", "+2", "1e1"}) {
    EXPECT_NE(WholeNumber(2, 3)(bad), "") << bad;
  }
  EXPECT_EQ(WholeNumber(0)("9223372036854775807"), "");
  for (const char* good : {"0", "18446744073709551615"}) {
    EXPECT_EQ(SeedNumber()(good), "");
  }
  for (const char* bad : {"-1", "18446744073709551616", "", "1.5"}) {
    EXPECT_NE(SeedNumber()(bad), "") << bad;
  }
  for (const char* good : {"0.001", "1e300"}) EXPECT_EQ(AboveZero()(good), "");
  for (const char* bad : {"0", "-1", "inf", "nan", "x", ""}) {
    EXPECT_NE(AboveZero()(bad), "") << bad;
  }
}

// The rules of commands.h, for whoever adds a command.
TEST(ProgramTest, EveryCommandExplainsItself) {
  const auto program = MakeProgram();
  EXPECT_GE(SubCommands(*program).size(), 6u);
  for (const CLI::App* command : SubCommands(*program)) {
    const CommandText text = Describe(*command);
    EXPECT_FALSE(text.summary.empty()) << text.name;
    EXPECT_FALSE(text.summary.ends_with(".")) << text.name;
    EXPECT_THAT(text.examples, HasSubstr("llamba " + command->get_name()))
        << text.name << " --help has no example";
    for (const auto& [group, options] : text.groups) {
      for (const OptionText& option : options) {
        EXPECT_FALSE(option.meaning.empty()) << text.name << option.names;
      }
    }
  }
}

TEST(ProgramTest, AnArgumentsTypeSaysHowItIsWritten) {
  CLI::App program("Test", "program");
  CLI::App* command = program.add_subcommand("mean", "Average");
  std::vector<std::string> students, path;
  command->add_option("STUDENT", students, "Of one shape")
      ->required()
      ->type_name("STUDENT[=WEIGHT]");
  command->add_option("PATH", path, "Another")->type_name("MODEL");
  const CommandText text = Describe(*command);
  EXPECT_EQ(text.usage, "program mean [OPTIONS] STUDENT[=WEIGHT] [PATH]");
  ASSERT_EQ(text.groups.size(), 2u);
  EXPECT_EQ(text.groups[0].second[0].names, "STUDENT[=WEIGHT]");
  EXPECT_EQ(text.groups[0].second[1].names, "PATH");
}

// Every program has the commands.
TEST(ProgramTest, HelpAndCompletionNameTheProgramThatTheyAreOf) {
  CLI::App program("Make a Llamba", "llamba-distill");
  program.add_subcommand("train", "Distil");
  AddCompletionCommand(program);
  AddHelpCommand(program);
  const std::string completion = BashCompletion(program);
  EXPECT_THAT(completion, HasSubstr("\n_llamba_distill() {\n"));
  EXPECT_THAT(completion, HasSubstr(" -F _llamba_distill llamba-distill\n"));
  EXPECT_THAT(Help(*program.get_subcommand("completion")),
              HasSubstr("<(llamba-distill completion bash)\n"));
  EXPECT_THAT(Help(*program.get_subcommand("help")),
              HasSubstr("  llamba-distill help train\n"));
  const std::string manual = ManualPage(program);
  EXPECT_THAT(manual, HasSubstr(".TH LLAMBA\\-DISTILL 1"));
  EXPECT_THAT(manual, HasSubstr("llamba\\-distill \\- Make a Llamba\n"));
}

TEST(ProgramTest, HelpFitsATerminal) {
  const auto program = MakeProgram();
  auto apps = SubCommands(*program);
  apps.push_back(program.get());
  for (const CLI::App* command : apps) {
    std::istringstream lines(Help(*command));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("  llamba ")) continue;  // what to type stays whole
      EXPECT_LE(line.size(), 80u) << command->get_name() << ": " << line;
    }
  }
}

TEST(ProgramTest, ManualAndCompletionKnowEveryFlag) {
  const auto program = MakeProgram();
  const std::string manual = ManualPage(*program);
  const std::string completion = BashCompletion(*program);
  for (const CLI::App* command : SubCommands(*program)) {
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        EXPECT_THAT(completion, HasSubstr("--" + name));
        std::string escaped = "\\-\\-";
        for (char c : name) escaped += c == '-' ? "\\-" : std::string(1, c);
        EXPECT_THAT(manual, HasSubstr(escaped));
      }
    }
  }
}

}  // namespace
}  // namespace llamba
