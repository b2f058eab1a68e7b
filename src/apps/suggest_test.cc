#include "apps/suggest.h"

#include <gtest/gtest.h>

namespace llamba {
namespace {

TEST(EditDistanceTest, CountsEditsAndSwaps) {
  EXPECT_EQ(EditDistance("", "abc"), 3);
  EXPECT_EQ(EditDistance("abc", ""), 3);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
  EXPECT_EQ(EditDistance("rnu", "run"), 1);  // a swap is one edit
  EXPECT_EQ(EditDistance("ca", "abc"), 3);   // optimal string alignment
  EXPECT_EQ(EditDistance("same", "same"), 0);
}

TEST(NearestTest, FindsWhatWasMeant) {
  const std::vector<std::string> commands = {"run", "chat", "tokenize",
                                             "convert", "inspect"};
  EXPECT_EQ(Nearest("rnu", commands), "run");
  EXPECT_EQ(Nearest("chatt", commands), "chat");
  EXPECT_EQ(Nearest("tokenise", commands), "tokenize");
  EXPECT_EQ(Nearest("conv", commands), "convert");
  EXPECT_EQ(Nearest("Q8_0", {"q4_0", "q8_0", "q8_0_x"}), "q8_0");
  EXPECT_EQ(Nearest("serve-everything", commands), "");
  EXPECT_EQ(DidYouMean("xyz", commands), "");
  EXPECT_EQ(DidYouMean("rum", commands), " Did you mean 'run'?");
}

}  // namespace
}  // namespace llamba
