#include "checkpoint/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <limits>

#include "base/error.h"
#include "checkpoint/parse.h"
#include "checkpoint/test_bytes.h"
#include "tests/shared_material.h"

namespace llamba {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;
using testing::Pointee;
using testing::ThrowsMessage;

TEST(Gguf, ReadsWhatThePackageWrites) {
  const GgufFile file = ReadGguf(CheckpointFixture("gguf.gguf"));
  const GgufMetadata& m = file.metadata;
  EXPECT_EQ(m.GetString("general.architecture"), "llamba");
  EXPECT_EQ(m.GetInt("general.alignment"), 64);
  EXPECT_EQ(m.GetInt("t.u8"), 200);
  EXPECT_EQ(m.GetInt("t.i8"), -100);
  EXPECT_EQ(m.GetInt("t.u16"), 60000);
  EXPECT_EQ(m.GetInt("t.i16"), -30000);
  EXPECT_EQ(m.GetInt("t.u32"), 4000000000);
  EXPECT_EQ(m.GetInt("t.i32"), -2000000000);
  EXPECT_EQ(*m.Find("t.u64"), GgufValue((uint64_t{1} << 63) + 5));
  EXPECT_EQ(m.GetInt("t.i64"), -(int64_t{1} << 62));
  EXPECT_EQ(m.GetFloat("t.f32"), 0.5);
  EXPECT_EQ(m.GetFloat("t.f64"), 0.1);
  EXPECT_TRUE(m.GetBoolOr("t.bool", false));
  EXPECT_EQ(m.GetString("t.string"), "na\xc3\xafve \xe4\xb8\x96");
  EXPECT_THAT(m.FindInts("t.ints"), Optional(ElementsAre(3, -4, 5)));
  EXPECT_THAT(m.FindInts("t.u8"), Optional(ElementsAre(200)));
  EXPECT_THAT(m.FindFloats("t.floats"), Pointee(ElementsAre(0.25, -1.5)));
  EXPECT_EQ(*m.Find("t.bools"),
            GgufValue(std::vector<bool>{true, false, true}));
  EXPECT_THAT(m.FindStrings("t.strings"), Pointee(ElementsAre("", "a",
                                                              "\xc4\xa0"
                                                              "b")));
  const TensorView* f32 = file.tensors.Find("f32");
  ASSERT_NE(f32, nullptr);
  EXPECT_EQ(f32->shape, (Shape{2, 3}));
  EXPECT_THAT(Values<float>(*f32), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(file.tensors.Find("f16")->dtype, DType::kF16);
  EXPECT_EQ(file.tensors.Find("q8_0")->shape, (Shape{2, 64}));
  EXPECT_EQ(file.tensors.Find("q8_0")->bytes, 136u);
}

void WriteAgain(const GgufFile& file, const std::string& path) {
  GgufWriter writer(path, file.metadata, Infos(file.tensors));
  for (const NamedTensor& t : file.tensors.tensors()) {
    writer.Append({t.view.data, t.view.bytes});
  }
  writer.Commit();
}

void ExpectSameTensors(const TensorFile& a, const TensorFile& b) {
  ASSERT_EQ(a.tensors().size(), b.tensors().size());
  for (size_t i = 0; i < a.tensors().size(); ++i) {
    const NamedTensor& x = a.tensors()[i];
    const NamedTensor& y = b.tensors()[i];
    EXPECT_EQ(x.name, y.name);
    EXPECT_EQ(x.view.dtype, y.view.dtype);
    EXPECT_EQ(x.view.shape, y.view.shape);
    EXPECT_EQ(Values<char>(x.view), Values<char>(y.view)) << x.name;
  }
}

TEST(Gguf, WritesWhatItReadButForTheAlignment) {
  const TemporaryFolder folder;
  GgufFile file = ReadGguf(CheckpointFixture("gguf.gguf"));
  // The one value that a 32-bit float does not hold.
  file.metadata.Set("t.f64", 0.125);
  WriteAgain(file, folder.File("again"));
  const GgufFile again = ReadGguf(folder.File("again"));
  ExpectSameTensors(file.tensors, again.tensors);
  EXPECT_FALSE(again.metadata.Has("general.alignment"));
  EXPECT_EQ(again.metadata.entries().size(),
            file.metadata.entries().size() - 1);
  for (const auto& [key, value] : again.metadata.entries()) {
    // Non-negative integers come back unsigned, whatever they were.
    EXPECT_EQ(value, *file.metadata.Find(key)) << key;
  }
}

TEST(Gguf, KeepsValuesThatNeedWideTypes) {
  const TemporaryFolder folder;
  constexpr int64_t kWide = int64_t{1} << 40;
  GgufMetadata metadata;
  metadata.Set("u", uint64_t{1} << 40);
  metadata.Set("i", -kWide);
  metadata.Set("ints", std::vector<int64_t>{1, kWide});
  metadata.Set("d", 1e300);
  metadata.Set("doubles", std::vector<double>{1e300});
  metadata.Set("infinity", std::numeric_limits<double>::infinity());
  GgufWriter(folder.File("f"), metadata, {}).Commit();
  const GgufFile file = ReadGguf(folder.File("f"));
  EXPECT_EQ(file.metadata.entries(), metadata.entries());
}

TEST(Gguf, ReadsAndWritesTheWellKnownTeacher) {
  LLAMBA_NEED_SHARED(path,
                     "models/smollm2-135m-instruct/"
                     "SmolLM2-135M-Instruct.Q4_1.gguf");
  const GgufFile file = ReadGguf(path);
  EXPECT_TRUE(IsGguf(path));
  EXPECT_EQ(file.metadata.GetString("general.architecture"), "llama");
  EXPECT_EQ(file.metadata.GetInt("llama.block_count"), 30);
  EXPECT_EQ(file.metadata.FindStrings("tokenizer.ggml.tokens")->size(), 49152u);
  const TensorView* embedding = file.tensors.Find("token_embd.weight");
  ASSERT_NE(embedding, nullptr);
  EXPECT_EQ(embedding->dtype, DType::kQ8_0);
  EXPECT_EQ(embedding->shape, (Shape{49152, 576}));
  const TemporaryFolder folder;
  WriteAgain(file, folder.File("again"));
  const GgufFile again = ReadGguf(folder.File("again"));
  ExpectSameTensors(file.tensors, again.tensors);
  EXPECT_EQ(again.metadata.entries().size(), file.metadata.entries().size());
}

TEST(GgufMetadata, FindsAndReplaces) {
  GgufMetadata metadata;
  metadata.path = "f.gguf";
  metadata.Set("a", int64_t{1});
  metadata.Set("b", std::string("x"));
  metadata.Set("a", int64_t{2});
  EXPECT_EQ(metadata.entries().size(), 2u);
  EXPECT_EQ(metadata.entries()[0].first, "a");
  const GgufMetadata copy = metadata;
  metadata.Set("a", int64_t{3});
  EXPECT_EQ(copy.GetInt("a"), 2);
  EXPECT_EQ(copy.GetIntOr("c", 7), 7);
  EXPECT_EQ(copy.GetStringOr("c", "y"), "y");
  EXPECT_EQ(copy.FindInts("c"), std::nullopt);
  EXPECT_EQ(copy.FindStrings("c"), nullptr);
}

TEST(GgufMetadata, NamesWhatIsWrong) {
  GgufMetadata metadata;
  metadata.path = "f.gguf";
  metadata.Set("i", uint64_t{1} << 63);
  metadata.Set("s", std::string("x"));
  const auto fails = [](const char* message) {
    return ThrowsMessage<Error>(
        AllOf(HasSubstr("f.gguf: metadata '"), HasSubstr(message)));
  };
  EXPECT_THAT([&] { metadata.GetInt("no"); }, fails("'no' is missing"));
  EXPECT_THAT([&] { metadata.GetInt("i"); }, fails("at most 2^63 - 1"));
  EXPECT_THAT([&] { metadata.GetInt("s"); },
              fails("'s': expected a whole number, found a string"));
  EXPECT_THAT([&] { metadata.GetFloat("s"); }, fails("expected a number"));
  EXPECT_THAT([&] { metadata.GetString("i"); }, fails("expected a string"));
  EXPECT_THAT([&] { metadata.GetBoolOr("s", true); },
              fails("expected a boolean"));
  EXPECT_THAT([&] { metadata.FindStrings("s"); },
              fails("expected an array of strings"));
  EXPECT_THAT([&] { metadata.FindFloats("s"); },
              fails("expected an array of numbers"));
}

// The head of a file with these counts.
ByteBuilder Head(uint64_t tensors, uint64_t keys) {
  return ByteBuilder().Text("GGUF").Put(uint32_t{3}).Put(tensors).Put(keys);
}

constexpr uint32_t kF32 = 0, kU32 = 4, kBool = 7, kString = 8, kArray = 9;

// One F32 tensor's description.
ByteBuilder& Describe(ByteBuilder& b, std::string_view name,
                      const std::vector<uint64_t>& dims, uint32_t type,
                      uint64_t offset) {
  b.Long(name).Put(static_cast<uint32_t>(dims.size()));
  for (const uint64_t d : dims) b.Put(d);
  return b.Put(type).Put(offset);
}

// A whole file: one tensor with this description, and 64 bytes of data.
std::string OneTensor(const std::vector<uint64_t>& dims, uint32_t type,
                      uint64_t offset) {
  ByteBuilder b = Head(1, 0);
  return Describe(b, "w", dims, type, offset).PadTo(32).Zeros(64).str();
}

// A whole file with two F32 tensors of 8 values at these offsets.
std::string TwoTensors(std::string_view second, uint64_t a, uint64_t b) {
  ByteBuilder file = Head(2, 0);
  Describe(file, "w", {8}, kF32, a);
  Describe(file, second, {8}, kF32, b);
  return file.PadTo(32).Zeros(64).str();
}

// A whole file whose only content is one key with the value that `put` writes.
std::string OneKey(const std::function<void(ByteBuilder&)>& put,
                   std::string_view key = "k") {
  ByteBuilder b = Head(0, 1);
  b.Long(key);
  put(b);
  return b.str();
}

std::string IntKey(std::string_view key, uint32_t value) {
  return OneKey([&](ByteBuilder& b) { b.Put(kU32).Put(value); }, key);
}

std::string KeyTwice() {
  ByteBuilder b = Head(0, 2);
  for (int i = 0; i < 2; ++i) b.Long("k").Put(kU32).Put(uint32_t{1});
  return b.str();
}

TEST(Gguf, ReadsTheSmallestFiles) {
  EXPECT_TRUE(
      ParseGguf("f", AsBytes(Head(0, 0).str())).tensors.tensors().empty());
  const std::string scalar = OneTensor({}, kF32, 0);
  EXPECT_EQ(ParseGguf("f", AsBytes(scalar)).tensors.Find("w")->shape, Shape{});
  const std::string reversed = OneTensor({2, 3}, kF32, 32);
  EXPECT_EQ(ParseGguf("f", AsBytes(reversed)).tensors.Find("w")->shape,
            (Shape{3, 2}));
  std::string version2 = scalar;
  version2[4] = 2;
  EXPECT_EQ(ParseGguf("f", AsBytes(version2)).tensors.tensors().size(), 1u);
  const std::string out_of_order = TwoTensors("v", 32, 0);
  EXPECT_EQ(ParseGguf("f", AsBytes(out_of_order)).tensors.tensors().size(), 2u);
}

struct Lie {
  std::string file;
  const char* message;
};

std::vector<Lie> MetadataLies() {
  constexpr uint64_t kHuge = ~uint64_t{0};
  return {
      {"", "magic: expected 4 bytes at 0, found 0"},
      {"GGML" + std::string(20, '\0'), "expected the magic GGUF, found 'GGML'"},
      {ByteBuilder().Text("GGUF").Put(uint32_t{1}).Zeros(16).str(),
       "found version 1"},
      {ByteBuilder().Text("GGUF").Put(uint32_t{0x03000000}).Zeros(16).str(),
       "found a big-endian file"},
      {Head(0, kHuge).str(), "the key of a metadata entry"},
      {Head(kHuge, 0).str(), "the name of a tensor"},
      {Head(0, 1).Put(kHuge).Text("k").str(),
       "expected 18446744073709551615 bytes"},
      {OneKey([](auto& b) { b.Put(uint32_t{13}); }),
       "metadata 'k': expected a value type from 0 to 12, found 13"},
      {OneKey([](auto& b) { b.Put(kBool).Put(uint8_t{2}); }),
       "expected a boolean (0 or 1), found 2"},
      {OneKey([](auto& b) { b.Put(kString).Put(kHuge); }), "metadata 'k'"},
      {OneKey([](auto& b) { b.Put(kU32).Put(uint16_t{0}); }),
       "expected 4 bytes at 37, found 2"},
      {OneKey([](auto& b) { b.Put(kArray).Put(kArray).Put(uint64_t{0}); }),
       "arrays of arrays"},
      {OneKey([](auto& b) { b.Put(kArray).Put(kU32).Put(kHuge); }),
       "an array of 18446744073709551615 values does not fit"},
      {OneKey(
           [](auto& b) { b.Put(kArray).Put(kU32).Put(uint64_t{2}).Zeros(7); }),
       "an array of 2 values does not fit the 7 bytes"},
      {OneKey([](auto& b) {
         b.Put(kArray).Put(kString).Put(uint64_t{2}).Zeros(15);
       }),
       "an array of 2 values does not fit the 15 bytes"},
      {OneKey([](auto& b) {
         b.Put(kArray).Put(uint32_t{10}).Put(uint64_t{1}).Put(kHuge);
       }),
       "expected at most 2^63 - 1, found 18446744073709551615"},
      {OneKey([](auto& b) {
         b.Put(kArray).Put(kBool).Put(uint64_t{1}).Put(uint8_t{9});
       }),
       "expected a boolean"},
      {KeyTwice(), "metadata 'k' occurs twice"},
      {IntKey("general.alignment", 0), "expected a power of two"},
      {IntKey("general.alignment", 24), "expected a power of two"},
      {IntKey("split.count", 2), "one of 2 parts of a split GGUF"},
  };
}

std::vector<Lie> TensorLies() {
  constexpr uint64_t kMost = uint64_t{1} << 63;
  return {
      {OneTensor({1, 1, 1, 1, 1}, kF32, 0),
       "tensor 'w': expected at most 4 dimensions, found 5"},
      {OneTensor({kMost}, kF32, 0), "dimension 9223372036854775808 is too"},
      {OneTensor({kMost - 1, 2}, kF32, 0), "less than 2^62 values"},
      {OneTensor({kMost / 2}, 28, 0), "less than 2^62 values"},
      {OneTensor({16, 2}, 8, 0), "expected rows of whole Q8_0 blocks (32"},
      {OneTensor({8}, 10, 0), "type Q2_K is not supported"},
      {OneTensor({8}, 99, 0), "type number 99 is not supported"},
      {OneTensor({8}, kF32, 4), "a multiple of 32, found 4"},
      {OneTensor({8}, kF32, 64), "32 bytes at offset 64 lie outside the 64"},
      {OneTensor({17}, kF32, 0), "68 bytes at offset 0 lie outside the 64"},
      {OneTensor({8}, kF32, ~uint64_t{31}), "lie outside the 64"},
      {TwoTensors("v", 0, 0), "overlaps tensor"},
      {TwoTensors("w", 0, 32), "tensor 'w' occurs twice"},
  };
}

TEST(Gguf, RefusesEveryLie) {
  std::vector<Lie> lies = MetadataLies();
  for (Lie& lie : TensorLies()) lies.push_back(std::move(lie));
  for (const Lie& lie : lies) {
    SCOPED_TRACE(lie.message);
    EXPECT_THAT([&] { ParseGguf("f.gguf", AsBytes(lie.file)); },
                ThrowsMessage<Error>(
                    AllOf(HasSubstr("f.gguf: "), HasSubstr(lie.message))));
  }
}

TEST(Gguf, RefusesEveryTruncation) {
  const std::string file = ReadFile(CheckpointFixture("gguf.gguf"));
  // What follows the last tensor's 136 bytes is padding.
  const size_t needed = file.size() - (64 * 3 - 136);
  for (size_t n = 0; n < needed; ++n) {
    EXPECT_THROW(ParseGguf("f", AsBytes(file).first(n)), Error) << n;
  }
  EXPECT_NO_THROW(ParseGguf("f", AsBytes(file).first(needed)));
}

TEST(Gguf, TellsByTheMagic) {
  const TemporaryFolder folder;
  EXPECT_TRUE(IsGguf(CheckpointFixture("gguf.gguf")));
  EXPECT_FALSE(IsGguf(CheckpointFixture("safetensors.safetensors")));
  EXPECT_FALSE(IsGguf(CheckpointFixture("")));
  EXPECT_FALSE(IsGguf(folder.File("missing")));
  WriteFileAtomically(folder.File("short"), "GGU");
  EXPECT_FALSE(IsGguf(folder.File("short")));
}

TEST(GgufWriter, RefusesWhatItCannotWrite) {
  const TemporaryFolder folder;
  const std::string path = folder.File("f");
  const auto write = [&](const std::vector<TensorInfo>& tensors) {
    GgufWriter(path, {}, tensors).Commit();
  };
  EXPECT_THAT(
      [&] {
        write({{"a", DType::kU8, {32}}});
      },
      ThrowsMessage<Error>(HasSubstr("cannot hold type U8")));
  EXPECT_THAT(
      [&] {
        write({{"a", DType::kQ8_0, {2, 16}}});
      },
      ThrowsMessage<Error>(HasSubstr("rows of whole Q8_0 blocks")));
  EXPECT_THAT(
      [&] {
        write({{"a", DType::kF32, {1, 1, 1, 1, 1}}});
      },
      ThrowsMessage<Error>(HasSubstr("at most 4 dimensions")));
  EXPECT_THAT(
      [&] {
        write({{std::string(64, 'a'), DType::kF32, {1}}});
      },
      ThrowsMessage<Error>(HasSubstr("at most 63 bytes")));
  EXPECT_THAT(
      [&] {
        write({{"a", DType::kF32, {}}, {"a", DType::kF32, {}}});
      },
      ThrowsMessage<Error>(HasSubstr("occurs twice")));
  EXPECT_THAT(
      [&] {
        write({{"a", DType::kF32, {1}}});
      },
      ThrowsMessage<Error>(HasSubstr("tensor 'a' is missing")));
  GgufWriter writer(path, {}, {{"a", DType::kF32, {2}}});
  const float one = 1;
  EXPECT_THAT([&] { writer.Append(std::as_bytes(std::span(&one, 1))); },
              ThrowsMessage<Error>(HasSubstr("needs 8 bytes, found 4")));
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace llamba
