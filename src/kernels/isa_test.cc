#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "kernels/kernels.h"

namespace llamba {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Isa, EveryAvailableNameSelectsItsTable) {
  const std::vector<std::string> names = AvailableIsas();
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names.back(), "reference");
  for (const std::string& name : names) {
    const KernelTable& table = GetKernels(name);
    EXPECT_EQ(table.isa, name);
    EXPECT_NE(table.float32, nullptr);
    EXPECT_NE(table.attention, nullptr);
  }
  EXPECT_EQ(GetKernels("").isa, names.front());
  EXPECT_EQ(GetKernels("auto").isa, names.front());
}

// "amx" is "avx512" but for products of quantised weights, "avxvnni" is "avx2",
// "i8mm" is "neon".
TEST(Isa, TablesAreDistinct) {
  const std::vector<std::string> names = AvailableIsas();
  for (size_t i = 1; i < names.size(); ++i) {
    const KernelTable& table = GetKernels(names[i]);
    const KernelTable& better = GetKernels(names[i - 1]);
    EXPECT_TRUE(table.float32 != better.float32 ||
                table.matmul_panels != better.matmul_panels)
        << names[i];
  }
}

TEST(Isa, UnknownNameIsRefusedWithTheList) {
  EXPECT_THAT([] { GetKernels("avx1024"); },
              ThrowsMessage<Error>(HasSubstr("reference")));
  EXPECT_THAT([] { GetKernels("AVX2"); },
              ThrowsMessage<Error>(HasSubstr("\"AVX2\"")));
}

}  // namespace
}  // namespace llamba
