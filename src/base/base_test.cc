#include <fmt/format.h>
#include <gtest/gtest.h>
#if defined(__linux__)
#include <malloc.h>
#include <sched.h>
#endif
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/counted.h"
#include "base/dtype.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mapped_file.h"
#include "base/tensor_view.h"
#include "base/thread_pool.h"

namespace llamba {
namespace {

std::string TempPath(const char* name) {
  return (std::filesystem::temp_directory_path() /
          fmt::format("llamba_base_test.{}.{}", getpid(), name))
      .string();
}

TEST(Counted, KnowsThePlural) {
  EXPECT_EQ(Counted(0, "token"), "0 tokens");
  EXPECT_EQ(Counted(int64_t{1}, "token"), "1 token");
  EXPECT_EQ(Counted(size_t{2}, "key/value head"), "2 key/value heads");
}

std::string WhyNotWritable(const std::string& path) {
  try {
    CheckWritable(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CheckWritable, LooksBeforeTheWork) {
  namespace fs = std::filesystem;
  const std::string folder = TempPath("folder");
  fs::create_directory(folder);
  EXPECT_EQ(WhyNotWritable(folder + "/new"), "");
  EXPECT_EQ(WhyNotWritable("new"), "");
  EXPECT_EQ(WhyNotWritable("/dev/null"), "");
  EXPECT_NE(WhyNotWritable(folder).find("found a directory"),
            std::string::npos);
  EXPECT_NE(WhyNotWritable(folder + "/none/new").find("no such directory"),
            std::string::npos);
  fs::create_symlink("none/new", folder + "/link");
  EXPECT_NE(WhyNotWritable(folder + "/link").find("no such directory"),
            std::string::npos);
  EXPECT_EQ(fs::remove_all(folder), 2u);  // nothing was made
  // Open to root, who can make no file there.
  EXPECT_NE(WhyNotWritable("/proc/new").find("/proc/new: cannot create"),
            std::string::npos);
}

TEST(CheckWritable, SeesAClosedFolder) {
  if (geteuid() == 0) GTEST_SKIP() << "every folder is open to root";
  const std::string folder = TempPath("closed");
  std::filesystem::create_directory(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_read);
  EXPECT_NE(WhyNotWritable(folder + "/new").find("cannot create"),
            std::string::npos);
  std::filesystem::remove(folder);
}

#if defined(__linux__)
TEST(ThreadPool, CountsTheCoresItMayRunOn) {
  cpu_set_t all, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(AvailableCores(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
  EXPECT_EQ(AvailableCores(), CPU_COUNT(&all));
}
#endif

TEST(ThreadPool, RunsEveryTaskOnce) {
  for (int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::atomic<int>> calls(round);
      pool.Run(round, [&](int64_t i) { ++calls[i]; });
      for (const auto& c : calls) EXPECT_EQ(c, 1);
    }
  }
}

TEST(ThreadPool, ParallelForCoversTheRangeAtAlignedBorders) {
  ThreadPool pool(3);
  for (int64_t n : {0, 1, 15, 16, 17, 100}) {
    std::vector<std::atomic<int>> calls(n);
    pool.ParallelFor(n, 16, [&](int64_t begin, int64_t end) {
      EXPECT_EQ(begin % 16, 0);
      for (int64_t i = begin; i < end; ++i) ++calls[i];
    });
    for (const auto& c : calls) EXPECT_EQ(c, 1);
  }
}

TEST(ThreadPool, NestedRunsAreInlineAndErrorsReachTheCaller) {
  ThreadPool pool(4);
  std::atomic<int> calls = 0;
  pool.Run(8, [&](int64_t) { pool.Run(8, [&](int64_t) { ++calls; }); });
  EXPECT_EQ(calls, 64);
  EXPECT_THROW(pool.Run(8,
                        [](int64_t i) {
                          if (i == 3) Fail("task {}", i);
                        }),
               Error);
  pool.Run(8, [&](int64_t) { ++calls; });
  EXPECT_EQ(calls, 72);
}

TEST(AtomicFile, ReplacesWhatLinksLeadTo) {
  const std::string target = TempPath("atomic_target");
  const std::string link = TempPath("atomic_link");
  const std::string second = TempPath("atomic_second");
  for (const auto& path : {link, second}) std::filesystem::remove(path);
  WriteFileAtomically(target, "old");
  std::filesystem::create_symlink(std::filesystem::path(target).filename(),
                                  link);
  std::filesystem::create_symlink(link, second);
  {
    AtomicFile file(second);
    file.Write("half");
  }
  EXPECT_EQ(ReadFile(target), "old");
  WriteFileAtomically(second, "new");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_TRUE(std::filesystem::is_symlink(second));
  EXPECT_EQ(ReadFile(target), "new");
  for (const auto& path : {target, link, second}) std::filesystem::remove(path);
}

TEST(AtomicFile, NamesTheFileThatWasAskedFor) {
  try {
    AtomicFile file("/nowhere/report.html");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "/nowhere/report.html: cannot create: No such file or "
                 "directory");
  }
}

// /dev/stdout of a redirected program leads to a file that its shell holds.
TEST(AtomicFile, WritesInPlaceThroughProc) {
  const std::string path = TempPath("atomic_held");
  WriteFileAtomically(path, "old");
  std::FILE* held = std::fopen(path.c_str(), "r+b");
  ASSERT_NE(held, nullptr);
  WriteFileAtomically(fmt::format("/proc/self/fd/{}", fileno(held)), "new");
  char text[4] = {};
  EXPECT_EQ(std::fread(text, 1, 3, held), 3u);
  EXPECT_STREQ(text, "new");
  std::fclose(held);
  std::filesystem::remove(path);
}

TEST(AtomicFile, ReplacesOnCommitOnly) {
  const std::string path = TempPath("atomic");
  WriteFileAtomically(path, "old");
  {
    AtomicFile file(path);
    file.Write("half");
  }
  EXPECT_EQ(ReadFile(path), "old");
  WriteFileAtomically(path, "new");
  EXPECT_EQ(ReadFile(path), "new");
  const auto mapped = MappedFile::Open(path);
  EXPECT_EQ(mapped->bytes().size(), 3u);
  std::filesystem::remove(path);
}

TEST(MappedFile, NamesThePathItCannotOpen) {
  try {
    MappedFile::Open("/nowhere/model.gguf");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("/nowhere/model.gguf"),
              std::string::npos);
  }
  EXPECT_THROW(MappedFile::Open("/tmp"), Error);
}

TEST(DType, NamesRoundTrip) {
  for (const char* name : {"F32", "BF16", "Q4_K", "IQ4_NL"}) {
    ASSERT_TRUE(ParseDType(name).has_value());
    EXPECT_EQ(DTypeName(*ParseDType(name)), name);
  }
  EXPECT_EQ(ParseDType("q8_0"), DType::kQ8_0);
  EXPECT_FALSE(ParseDType("Q9").has_value());
}

TEST(Shape, OverflowIsSeen) {
  EXPECT_EQ(CheckedNumElements({3, 4}), 12);
  EXPECT_EQ(CheckedNumElements({}), 1);
  EXPECT_EQ(CheckedNumElements({int64_t{1} << 40, int64_t{1} << 40}), -1);
  EXPECT_EQ(CheckedNumElements({-1}), -1);
  EXPECT_EQ(CheckedNumElements({int64_t{1} << 62, 4, 0}), 0);
}

TEST(AlignedBuffer, IsAlignedZeroedAndCopies) {
  AlignedBuffer<float> a(17);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a.data()) % 64, 0u);
  EXPECT_EQ(a[16], 0.0f);
  a[3] = 5;
  AlignedBuffer<float> b = a;
  b[3] = 6;
  EXPECT_EQ(a[3], 5.0f);
}

#if defined(__GLIBC__)
// As an evaluation does: states are made and dropped among small things that
// stay.
TEST(AlignedBuffer, AnotherOfTheSizeFitsWhereOneWasFreed) {
  constexpr size_t kFloats = size_t{1} << 18;
  std::vector<AlignedBuffer<float>> live(4);
  std::vector<std::vector<char>> small;
  // The C library takes freed sizes of mapped blocks for its heap from then on.
  AlignedBuffer<float>{2 * kFloats};
  for (size_t i = 0; i < 200; ++i) {
    live[i % live.size()] = AlignedBuffer<float>(kFloats);
    small.emplace_back(4000);
  }
  EXPECT_LT(mallinfo2().arena, 16 * kFloats * sizeof(float));
}
#endif

}  // namespace
}  // namespace llamba
