#include "apps/typed_path.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace llamba {
namespace {

TEST(TypedPath, IsReadAsByAShell) {
  setenv("HOME", "/h", 1);
  EXPECT_EQ(TypedPath("my talk.state"), "my talk.state");
  EXPECT_EQ(TypedPath(R"(my\ talk\ \(1\).state)"), "my talk (1).state");
  EXPECT_EQ(TypedPath(R"("my talk \"1\"")"), R"(my talk "1")");
  EXPECT_EQ(TypedPath(R"('a\b')"), R"(a\b)");
  EXPECT_EQ(TypedPath("~/talk"), "/h/talk");
}

TEST(TypedPath, TakesTheRestAsItIs) {
  setenv("HOME", "/h", 1);
  for (const char* text : {"it's", "\"", "a~/b", "~lily/b", "x\\", "ä ö", ""}) {
    EXPECT_EQ(TypedPath(text), text);
  }
  unsetenv("HOME");
  EXPECT_EQ(TypedPath("~/talk"), "~/talk");
}

}  // namespace
}  // namespace llamba
