#include "checkpoint/pytorch_zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/parse.h"
#include "checkpoint/test_bytes.h"

namespace llamba {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

// The tensors that tools/make_checkpoint_fixtures.py writes.
void ExpectFixture(const TensorFile& file) {
  ASSERT_EQ(file.tensors().size(), 8u);
  const TensorView& embedding = *file.Find("embedding");
  EXPECT_EQ(embedding.dtype, DType::kF32);
  EXPECT_EQ(embedding.shape, (Shape{3, 4}));
  EXPECT_THAT(Values<float>(embedding),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  // Tied weights share their bytes.
  EXPECT_EQ(file.Find("head")->data, embedding.data);
  EXPECT_EQ(file.Find("transposed")->shape, (Shape{4, 3}));
  EXPECT_THAT(Values<float>(*file.Find("transposed")),
              ElementsAre(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11));
  EXPECT_THAT(Values<float>(*file.Find("column")), ElementsAre(2, 6, 10));
  EXPECT_EQ(file.Find("row")->shape, (Shape{1, 4}));
  EXPECT_EQ(file.Find("row")->data, embedding.data + 16);
  EXPECT_EQ(file.Find("brains")->dtype, DType::kBF16);
  EXPECT_THAT(Values<uint16_t>(*file.Find("brains")),
              ElementsAre(0x3f80, 0xc000, 0x3f00));
  EXPECT_EQ(file.Find("scalar")->shape, Shape{});
  EXPECT_THAT(Values<int64_t>(*file.Find("scalar")), ElementsAre(-9));
  EXPECT_EQ(file.Find("none")->bytes, 0u);
}

TEST(PyTorchZip, ReadsAStateDict) {
  ExpectFixture(ReadPyTorchZip(CheckpointFixture("ordered_dict.bin")));
}

TEST(PyTorchZip, ReadsAPlainDictWithZip64Records) {
  ExpectFixture(ReadPyTorchZip(CheckpointFixture("plain_dict.bin")));
}

TEST(PyTorchZip, ReadsWhatLibtorchWrites) {
  const TensorFile file = ReadPyTorchZip(CheckpointFixture("libtorch.pt"));
  ASSERT_EQ(file.tensors().size(), 6u);
  EXPECT_THAT(Values<float>(*file.Find("floats")),
              ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(file.Find("transposed")->shape, (Shape{3, 2}));
  EXPECT_THAT(Values<float>(*file.Find("transposed")),
              ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(Values<float>(*file.Find("row")), ElementsAre(3, 4, 5));
  EXPECT_THAT(Values<uint16_t>(*file.Find("halves")),
              ElementsAre(0, 0x3c00, 0x4000));
  EXPECT_THAT(Values<uint16_t>(*file.Find("brains")),
              ElementsAre(0, 0x3f80, 0x4000));
  EXPECT_THAT(Values<int64_t>(*file.Find("scalar")), ElementsAre(-9));
}

struct Member {
  std::string name, data;
  uint16_t method = 0;
};

// A zip of these members; sizes and offsets are true.
std::string Zip(const std::vector<Member>& members) {
  ByteBuilder file;
  ByteBuilder directory;
  for (const Member& m : members) {
    const auto size = static_cast<uint32_t>(m.data.size());
    const auto name_size = static_cast<uint16_t>(m.name.size());
    directory.Put(uint32_t{0x02014b50}).Zeros(6).Put(m.method).Zeros(8);
    directory.Put(size).Put(size).Put(name_size).Zeros(12);
    directory.Put(static_cast<uint32_t>(file.size())).Text(m.name);
    file.Put(uint32_t{0x04034b50}).Zeros(4).Put(m.method).Zeros(8);
    file.Put(size).Put(size).Put(name_size).Zeros(2).Text(m.name).Text(m.data);
  }
  const auto offset = static_cast<uint32_t>(file.size());
  const auto count = static_cast<uint16_t>(members.size());
  file.Text(directory.str());
  file.Put(uint32_t{0x06054b50}).Zeros(4).Put(count).Put(count);
  file.Put(static_cast<uint32_t>(directory.size())).Put(offset).Zeros(2);
  return file.str();
}

// A checkpoint with this pickle and one storage of 8 floats.
std::string WithPickle(const std::string& pickle) {
  return Zip({{"a/data.pkl", pickle}, {"a/data/0", std::string(32, '\0')}});
}

std::string Text(std::string_view text) {
  return ByteBuilder()
      .Text("X")
      .Put(static_cast<uint32_t>(text.size()))
      .Text(text)
      .str();
}

std::string Int(int32_t value) {
  return ByteBuilder().Text("J").Put(value).str();
}

std::string Ints(const std::vector<int32_t>& values) {
  std::string text = "(";
  for (const int32_t v : values) text += Int(v);
  return text + "t";
}

std::string StorageOf(std::string_view type, std::string_view key,
                      int32_t elements) {
  return "(" + Text("storage") + "ctorch\n" + std::string(type) + "\n" +
         Text(key) + Text("cpu") + Int(elements) + "tQ";
}

std::string TensorOf(const std::string& storage, int32_t offset,
                     const std::vector<int32_t>& size,
                     const std::vector<int32_t>& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + Int(offset) +
         Ints(size) + Ints(strides) + "\x89" + "}tR";
}

std::string Floats(int32_t offset, const std::vector<int32_t>& size,
                   const std::vector<int32_t>& strides) {
  return TensorOf(StorageOf("FloatStorage", "0", 8), offset, size, strides);
}

const std::string kProtocol = "\x80\x02";

// A dictionary {"w": value}.
std::string DictOf(const std::string& value) {
  return kProtocol + "}" + Text("w") + value + "s.";
}

TEST(PyTorchZip, ReadsParameters) {
  const std::string file =
      WithPickle(DictOf("ctorch._utils\n_rebuild_parameter\n(" +
                        Floats(2, {2, 3}, {3, 1}) + "\x88" + "}tR"));
  const TensorFile read = ParsePyTorchZip("f", AsBytes(file));
  EXPECT_EQ(read.Find("w")->shape, (Shape{2, 3}));
}

struct Lie {
  std::string file;
  const char* message;
};

std::vector<Lie> PickleLies() {
  const std::string deep(100'000, '(');
  std::vector<Lie> lies = {
      {kProtocol + "cos\nsystem\n(" + Text("true") + "tR.",
       "global 'os.system' is refused"},
      {kProtocol + Text("builtins") + Text("eval") + "\x93.",
       "global 'builtins.eval' is refused"},
      {kProtocol + "ctorch\nload\n.", "global 'torch.load' is refused"},
      {kProtocol + "ctorch\nComplexFloatStorage\n.",
       "global 'torch.ComplexFloatStorage' is refused"},
      {kProtocol + "ctorch", "a line does not end"},
      {kProtocol + "(i__main__\nX\n.", "opcode 0x69"},
      {kProtocol + "}}R.", "expected a tuple, found a dictionary"},
      {kProtocol + "})R.", "expected a function, found a dictionary"},
      {kProtocol + ")\x81.", "opcode 0x81"},
      {std::string("\x80\x01."), "expected protocol 2 to 5, found 1"},
      {kProtocol + ".", "the stack is empty"},
      {kProtocol + "t.", "the stack has no mark"},
      {kProtocol + "(.", "the stack is empty"},
      {kProtocol + "h\x07.", "memo 7 is empty"},
      {kProtocol + "}(Nu.", "a key lacks its value"},
      {kProtocol + "NNa.", "expected a list, found None"},
      {kProtocol + "NNb.", "expected a dictionary, found None"},
      {kProtocol + "]", "pickle: expected 1 bytes"},
      {kProtocol + "X\xff\xff\xff\xff", "expected 4294967295 bytes"},
      {kProtocol + std::string("\x8a\x09") + std::string(9, '\0') + ".",
       "a whole number of 9 bytes is too large"},
      {kProtocol + "].", "expected a dictionary of tensors, found a tuple"},
      {kProtocol + "}NNs.", "expected a tensor's name, found None"},
      {DictOf("K\x07"), "'w': expected a tensor, found a whole number"},
      {DictOf("}"), "'w': expected a tensor, found a dictionary"},
      {DictOf(")Q"), "expected a storage of 5 fields, found 0"},
      {DictOf("ctorch._utils\n_rebuild_tensor_v2\n)R"),
       "arguments of _rebuild_tensor_v2, found 0"},
      {deep, "pickle: expected 1 bytes"},
  };
  for (Lie& lie : lies) lie.file = WithPickle(lie.file);
  return lies;
}

std::vector<Lie> TensorLies() {
  const std::string storage = StorageOf("FloatStorage", "0", 8);
  std::vector<Lie> lies = {
      {TensorOf(StorageOf("FloatStorage", "1", 8), 0, {8}, {1}),
       "zip member 'a/data/1' is missing"},
      {TensorOf(StorageOf("FloatStorage", "../data.pkl", 8), 0, {8}, {1}),
       "is missing"},
      {TensorOf(StorageOf("FloatStorage", "0", 9), 0, {8}, {1}),
       "a storage of 9 F32 values does not fit the 32 bytes"},
      {TensorOf(StorageOf("LongStorage", "0", 8), 0, {8}, {1}),
       "a storage of 8 I64 values does not fit the 32 bytes"},
      {TensorOf(StorageOf("FloatStorage", "0", -1), 0, {8}, {1}),
       "a storage of -1"},
      {Floats(0, {9}, {1}), "do not fit its storage of 8 values"},
      {Floats(1, {8}, {1}), "do not fit its storage of 8 values"},
      {Floats(-1, {1}, {1}), "do not fit its storage of 8 values"},
      {Floats(9, {0}, {1}), "do not fit its storage of 8 values"},
      {Floats(0, {-1}, {1}), "do not fit its storage of 8 values"},
      {Floats(7, {2}, {-1}), "do not fit its storage of 8 values"},
      {Floats(0, {2, 2}, {7, 1}), "do not fit its storage of 8 values"},
      {Floats(0, {2, 2}, {1}), "shape (2, 2) has 1 strides"},
      {Floats(0, {1 << 30, 1 << 30}, {0, 0}), "cannot be copied into order"},
      {Floats(0, {1 << 30, 1 << 30, 1 << 30}, {0, 0, 0}),
       "do not fit its storage of 8 values"},
      {Floats(0, std::vector<int32_t>(65, 1), std::vector<int32_t>(65, 1)),
       "expected at most 64 dimensions, found 65"},
      {Floats(0, {1}, {1}) + "s" + Text("w") + Floats(0, {1}, {1}),
       "tensor 'w' occurs twice"},
  };
  for (Lie& lie : lies) lie.file = WithPickle(DictOf(lie.file));
  return lies;
}

std::vector<Lie> ZipLies() {
  const std::string pickle = DictOf(Floats(0, {8}, {1}));
  const Member storage{"a/data/0", std::string(32, '\0')};
  const std::string good = Zip({{"a/data.pkl", pickle}, storage});
  std::string far = good;  // the directory's offset
  far[far.size() - 4] = '\x7f';
  std::string many = good;  // the count of members
  many[many.size() - 12] = 9;
  std::string renamed = good;  // in the first local header
  renamed[30] = 'b';
  return {
      {"", "found no zip directory"},
      {"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
       "expected a zip file as torch.save writes it since PyTorch 1.6"},
      {far, "zip directory"},
      {many, "zip directory"},
      {renamed, "its local header names it 'b/data.pkl'"},
      {Zip({storage}), "zip member '*/data.pkl' is missing"},
      {Zip({{"a/data.pkl", pickle}, {"b/data.pkl", pickle}}),
       "expected one zip member '/data.pkl'"},
      {Zip({{"a/data.pkl", pickle}, {"a/data.pkl", pickle}}), "occurs twice"},
      {Zip({{"a/data.pkl", pickle, 8}, storage}),
       "expected plain stored bytes, found it compressed"},
      {Zip({{"a/data.pkl", pickle}, storage, {"a/byteorder", "big"}}),
       "found byteorder 'big'"},
  };
}

TEST(PyTorchZip, RefusesEveryLie) {
  std::vector<Lie> lies = ZipLies();
  for (Lie& lie : PickleLies()) lies.push_back(std::move(lie));
  for (Lie& lie : TensorLies()) lies.push_back(std::move(lie));
  for (const Lie& lie : lies) {
    SCOPED_TRACE(lie.message);
    EXPECT_THAT([&] { ParsePyTorchZip("f.bin", AsBytes(lie.file)); },
                ThrowsMessage<Error>(
                    AllOf(HasSubstr("f.bin: "), HasSubstr(lie.message))));
  }
}

// A list that holds itself, and a tuple 100,000 deep, are values like others:
// nothing follows them.
TEST(PyTorchZip, SurvivesCyclesAndDepth) {
  const std::string cycle = kProtocol + "]q\1h\1ah\1a0";
  const std::string deep = ")" + std::string(100'000, '\x85') + "0";
  const std::string file = WithPickle(cycle + deep + "}.");
  EXPECT_TRUE(ParsePyTorchZip("f", AsBytes(file)).tensors().empty());
}

TEST(PyTorchZip, RefusesEveryTruncation) {
  const std::string file = ReadFile(CheckpointFixture("ordered_dict.bin"));
  for (size_t n = 0; n < file.size(); ++n) {
    EXPECT_THROW(ParsePyTorchZip("f", AsBytes(file).first(n)), Error) << n;
  }
}

}  // namespace
}  // namespace llamba
