#include "checkpoint/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "checkpoint/parse.h"
#include "checkpoint/test_bytes.h"
#include "tests/shared_material.h"

namespace llamba {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

// A file with this header and so many bytes of data.
std::string FileWith(std::string_view header, size_t data) {
  return ByteBuilder().Long(header).Zeros(data).str();
}

TEST(Safetensors, ReadsWhatThePackageWrites) {
  const TensorFile file =
      ReadSafetensors(CheckpointFixture("safetensors.safetensors"));
  ASSERT_EQ(file.tensors().size(), 5u);
  const TensorView* matrix = file.Find("matrix");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->dtype, DType::kF32);
  EXPECT_EQ(matrix->shape, (Shape{2, 3}));
  EXPECT_THAT(Values<float>(*matrix), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(file.Find("halves")->dtype, DType::kF16);
  EXPECT_EQ(file.Find("scalar")->shape, Shape{});
  EXPECT_THAT(Values<int64_t>(*file.Find("scalar")), ElementsAre(7));
  EXPECT_EQ(file.Find("flags")->dtype, DType::kBool);
  EXPECT_EQ(file.Find("empty")->shape, (Shape{0, 4}));
  EXPECT_EQ(file.Find("empty")->bytes, 0u);
  EXPECT_EQ(file.Find("nothing"), nullptr);
  EXPECT_THAT(file.metadata(),
              ElementsAre(testing::Pair("format", "pt"),
                          testing::Pair("note", "na\xc3\xafve")));
}

void WriteAgain(const TensorFile& file, const std::string& path) {
  SafetensorsWriter writer(path, Infos(file), file.metadata());
  for (const NamedTensor& t : file.tensors()) {
    writer.Append({t.view.data, t.view.bytes});
  }
  writer.Commit();
}

void ExpectSame(const TensorFile& a, const TensorFile& b) {
  ASSERT_EQ(a.tensors().size(), b.tensors().size());
  EXPECT_EQ(a.metadata(), b.metadata());
  for (size_t i = 0; i < a.tensors().size(); ++i) {
    const NamedTensor& x = a.tensors()[i];
    const NamedTensor& y = b.tensors()[i];
    EXPECT_EQ(x.name, y.name);
    EXPECT_EQ(x.view.dtype, y.view.dtype);
    EXPECT_EQ(x.view.shape, y.view.shape);
    EXPECT_EQ(Values<char>(x.view), Values<char>(y.view)) << x.name;
  }
}

TEST(Safetensors, WritesWhatItRead) {
  const TemporaryFolder folder;
  const TensorFile file =
      ReadSafetensors(CheckpointFixture("safetensors.safetensors"));
  WriteAgain(file, folder.File("again"));
  ExpectSame(file, ReadSafetensors(folder.File("again")));
}

TEST(Safetensors, WritesTheTrainedStudentUnchanged) {
  LLAMBA_NEED_SHARED(path, "models/stories260k-llamba/model.safetensors");
  const TemporaryFolder folder;
  const TensorFile file = ReadSafetensors(path);
  EXPECT_EQ(file.tensors().size(), 57u);
  WriteAgain(file, folder.File("again"));
  ExpectSame(file, ReadSafetensors(folder.File("again")));
}

TEST(Safetensors, ReadsThePublishedLayouts) {
  for (const char* name : {"mlx-4bit", "pt-groups-silu", "pt-odd"}) {
    LLAMBA_NEED_SHARED(path,
                       std::string("published/") + name + "/model.safetensors");
    EXPECT_FALSE(ReadSafetensors(path).tensors().empty()) << name;
  }
}

struct Lie {
  const char* header;
  size_t data;
  const char* message;
};

constexpr Lie kLies[] = {
    {"", 0, "expected JSON"},
    {"{", 0, "expected JSON, found an error at byte 2: parse error at line 1"},
    {"{} x", 0, "expected JSON"},
    {"{\"a\xff\":1}", 0, "expected JSON"},
    {"[]", 0, "expected an object, found an array"},
    {"7", 0, "expected an object, found 7"},
    {R"({"a":[]})", 0, "'a': expected an object, found an array"},
    {R"({"a":null})", 0, "'a': expected an object, found null"},
    {R"({"a":{"dtype":"F32","shape":[1]}})", 4, "'data_offsets' is missing"},
    {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":{}}})", 4,
     "expected dtype, shape and data_offsets, found 'x'"},
    {R"({"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}})", 4,
     "expected a type's name, found 7"},
    {R"({"a":{"dtype":["F32"],"shape":[1],"data_offsets":[0,4]}})", 4,
     "expected a type's name, found an array"},
    {R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", 4,
     "shape: expected whole numbers"},
    {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4,
     "found -1"},
    {R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", 4,
     "found 1.0"},
    {R"({"a":{"dtype":"F32","shape":[1e400],"data_offsets":[0,4]}})", 4,
     "expected JSON"},
    {R"({"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}})", 4,
     "expected JSON"},
    {R"({"a":{"dtype":"F32","shape":[18446744073709551615],)"
     R"("data_offsets":[0,4]}})",
     4, "found 18446744073709551615"},
    {R"({"a":{"dtype":"F32","shape":[18446744073709551616],)"
     R"("data_offsets":[0,4]}})",
     4, "found 18446744073709551616"},
    {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],)"
     R"("data_offsets":[0,0]}})",
     0, "shape (4294967296, 4294967296) is too large"},
    {R"({"a":{"dtype":"F64","shape":[4611686018427387904],)"
     R"("data_offsets":[0,0]}})",
     0, "is too large"},
    {R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1,
     "type 'F8_E4M3' is not supported"},
    {R"({"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}})", 4,
     "type 'f32' is not supported"},
    {R"({"a":{"dtype":"Q4_0","shape":[32],"data_offsets":[0,18]}})", 18,
     "type 'Q4_0' is not supported"},
    {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4,
     "expected 2 numbers, found 1"},
    {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", 4,
     "expected 2 numbers, found 3"},
    {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4,
     "data_offsets 4 to 0 lie outside"},
    {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 3,
     "data_offsets 0 to 4 lie outside the 3 bytes"},
    {R"({"a":{"dtype":"F32","shape":[1],)"
     R"("data_offsets":[18446744073709551612,18446744073709551615]}})",
     4, "lie outside the 4 bytes"},
    {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4,
     "F32 (2) needs 8 bytes, data_offsets 0 to 4 give 4"},
    {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
     R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
     6, "tensor 'b': expected its data at offset 4, found 2 (it overlaps"},
    {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
     R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
     4, "expected its data at offset 4, found 0 (it overlaps"},
    {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8,
     "tensor 'a': expected its data at offset 0, found 4 (bytes of no tensor"},
    {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8,
     "expected 4 bytes of data, found 8"},
    {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
     R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
     8, "'a' occurs twice"},
    {R"({"a":{"dtype":"F32","dtype":"F16","shape":[1],)"
     R"("data_offsets":[0,4]}})",
     4, "field 'dtype' occurs twice"},
    {R"({"__metadata__":{"a":1}})", 0, "'a': expected a string, found 1"},
    {R"({"__metadata__":{"a":{}}})", 0, "expected a string, found an object"},
    {R"({"__metadata__":[]})", 0, "expected an object, found an array"},
};

TEST(Safetensors, RefusesEveryLie) {
  for (const Lie& lie : kLies) {
    SCOPED_TRACE(lie.header);
    const std::string file = FileWith(lie.header, lie.data);
    EXPECT_THAT([&] { ParseSafetensors("f.safetensors", AsBytes(file)); },
                ThrowsMessage<Error>(AllOf(HasSubstr("f.safetensors: "),
                                           HasSubstr(lie.message))));
  }
}

TEST(Safetensors, RefusesDeepNesting) {
  for (const std::string& open : {std::string("["), std::string("{\"a\":")}) {
    std::string header;
    for (int i = 0; i < 100'000; ++i) header += open;
    const std::string file = FileWith(header, 0);
    EXPECT_THROW(ParseSafetensors("f", AsBytes(file)), Error);
  }
}

TEST(Safetensors, RefusesWrongHeaderLengths) {
  const std::string good =
      FileWith(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4);
  EXPECT_EQ(ParseSafetensors("f", AsBytes(good)).tensors().size(), 1u);
  for (const uint64_t length :
       {uint64_t{0}, uint64_t{good.size() - 7}, uint64_t{200'000'000},
        ~uint64_t{0}, ~uint64_t{7}}) {
    std::string file = good;
    std::memcpy(file.data(), &length, sizeof length);
    EXPECT_THROW(ParseSafetensors("f", AsBytes(file)), Error) << length;
  }
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_THROW(ParseSafetensors("f", AsBytes(good).first(n)), Error) << n;
  }
}

TEST(SafetensorsWriter, RefusesWhatItCannotWrite) {
  const TemporaryFolder folder;
  const std::string path = folder.File("f");
  const auto write = [&](const std::vector<TensorInfo>& tensors) {
    SafetensorsWriter(path, tensors).Commit();
  };
  EXPECT_THAT(
      [&] {
        write({{"a", DType::kQ4_0, {32}}});
      },
      ThrowsMessage<Error>(HasSubstr("cannot hold type Q4_0")));
  EXPECT_THAT(
      [&] {
        write({{"a", DType::kF32, {}}, {"a", DType::kF32, {}}});
      },
      ThrowsMessage<Error>(HasSubstr("'a'")));
  EXPECT_THAT(
      [&] {
        write({{"a\xff", DType::kF32, {0}}});
      },
      ThrowsMessage<Error>(HasSubstr("not UTF-8")));
  EXPECT_THAT(
      [&] {
        write({{"a", DType::kF32, {1}}});
      },
      ThrowsMessage<Error>(HasSubstr("tensor 'a' is missing")));
  SafetensorsWriter writer(path, {{"a", DType::kF32, {2}}});
  const float one = 1;
  EXPECT_THAT([&] { writer.Append(std::as_bytes(std::span(&one, 1))); },
              ThrowsMessage<Error>(HasSubstr("needs 8 bytes, found 4")));
  EXPECT_FALSE(std::filesystem::exists(path));
}

class ShardTest : public testing::Test {
 protected:
  void WriteShard(const std::string& file, const std::string& name,
                  float value) const {
    SafetensorsWriter writer(folder_.File(file), {{name, DType::kF32, {1}}});
    writer.Append(std::as_bytes(std::span(&value, 1)));
    writer.Commit();
  }
  TensorFile ReadIndex(const std::string& text) const {
    const std::string path = folder_.File("model.safetensors.index.json");
    WriteFileAtomically(path, text);
    return ReadShardedSafetensors(path);
  }
  void SetUp() override {
    WriteShard("one", "a", 1);
    WriteShard("two", "b", 2);
  }

  TemporaryFolder folder_;
};

TEST_F(ShardTest, ReadsAllShards) {
  const TensorFile file = ReadIndex(
      R"({"metadata": {"total_size": 8},
          "weight_map": {"b": "two", "a": "one"}})");
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_THAT(Values<float>(*file.Find("a")), ElementsAre(1));
  EXPECT_THAT(Values<float>(*file.Find("b")), ElementsAre(2));
}

TEST_F(ShardTest, RefusesEveryLie) {
  const std::pair<std::string, const char*> lies[] = {
      {"", "expected JSON, found an empty file"},
      {"{x", "expected JSON: parse error at line 1, column 2"},
      {"[]", "expected an object 'weight_map'"},
      {R"({"weight_map": []})", "expected an object 'weight_map'"},
      {R"({"weight_map": {"a": 1}})", "'a': expected the name of a file"},
      {R"({"weight_map": {"a": "../one"}})", "expected the name of a file"},
      {R"({"weight_map": {"a": ""}})", "expected the name of a file"},
      {R"({"weight_map": {"a": ".."}})", "expected the name of a file"},
      {R"({"weight_map": {"a": "three"}})", "three: cannot open"},
      {R"({"weight_map": {"a": "two"}})",
       "tensor 'b': weight_map says nothing, found in two"},
      {R"({"weight_map": {"a": "two", "b": "one"}})",
       "tensor 'a': weight_map says two, found in one"},
      {R"({"weight_map": {"a": "one", "c": "one"}})",
       "tensor 'c' is missing from one"},
      {std::string(100'000, '['), "nested 100 deep at most"},
  };
  for (const auto& lie : lies) {
    SCOPED_TRACE(lie.first.substr(0, 100));
    EXPECT_THAT([&] { ReadIndex(lie.first); },
                ThrowsMessage<Error>(HasSubstr(lie.second)));
  }
}

}  // namespace
}  // namespace llamba
