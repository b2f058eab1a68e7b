#include "distill/train/source_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "distill/data/data_testing.h"

namespace llamba::distill {
namespace {

using testing::HasSubstr;

TEST(SourceText, AHeldOutSetMayBeCutAndRepeated) {
  struct Case {
    const char *text, *path;
    int64_t document_tokens, copies;
  };
  for (const Case& c :
       {Case{"held", "held", 0, 1}, Case{"held:256", "held", 256, 1},
        Case{"a:b/held:256x2", "a:b/held", 256, 2},
        // Colons of a path.
        Case{"a:12/held", "a:12/held", 0, 1},
        Case{"held:2024.tokens", "held:2024.tokens", 0, 1},
        Case{"held:", "held:", 0, 1}, Case{"held:x2", "held:x2", 0, 1}}) {
    SCOPED_TRACE(c.text);
    const SourceRecipe source = ParseHeldOut(c.text, "here");
    EXPECT_THAT(source.paths, testing::ElementsAre(c.path));
    EXPECT_EQ(source.document_tokens, c.document_tokens);
    EXPECT_EQ(source.copies, c.copies);
  }
}

TEST(SourceText, WrongCutsAreNamed) {
  const auto error = [](const char* text) {
    return ErrorOf([&] { ParseHeldOut(text, "here"); });
  };
  EXPECT_EQ(error("held:0"),
            "here: expected PATH:TOKENSxCOPIES, tokens from 1 to 1073741824, "
            "found \"0\"");
  EXPECT_THAT(error("held:256x"),
              HasSubstr("copies from 1 to 1000, found \"\""));
  EXPECT_THAT(error("held:256x2x2"), HasSubstr("found \"2x2\""));
  EXPECT_THAT(error("held:256x1001"), HasSubstr("found \"1001\""));
  EXPECT_EQ(error(":256"), "here: expected a path, found none");
}

}  // namespace
}  // namespace llamba::distill
