#include "checkpoint/pickle.h"

#include <array>
#include <bit>
#include <unordered_map>

#include "base/error.h"
#include "checkpoint/byte_reader.h"
#include "checkpoint/pickle_values.h"
#include "checkpoint/printable.h"

namespace llamba {
namespace {

using pickle::Callable;
using pickle::Dictionary;
using pickle::Id;
using pickle::None;
using pickle::Sequence;
using pickle::Storage;
using pickle::StorageType;
using pickle::Tensor;
using pickle::Value;

constexpr std::string_view kWhat = "pickle";
constexpr size_t kMaxDimensions = 64;  // PyTorch's
// Far more than any state_dict's; it bounds the memory of the machine, about
// 100 bytes a value.
constexpr size_t kMaxBytes = size_t{16} << 20;

// The stack machine of Python's pickletools, protocols 2 to 5, cut down to what
// a dictionary of tensors needs. Opcodes carry the names they have there.
class Machine {
 public:
  Machine(const std::string& path, std::span<const std::byte> bytes)
      : path_(path), reader_(path, bytes) {}

  // Runs to STOP and gives back the one value left.
  const Value& Run() {
    while (!stopped_) {
      opcode_at_ = reader_.position();
      const auto opcode = reader_.Read<uint8_t>(kWhat);
      const Operation operation = kOperations[opcode];
      if (operation == nullptr) {
        Fail(
            "{}: pickle: opcode 0x{:02x} at {} is none that a dictionary of "
            "tensors needs",
            path_, opcode, opcode_at_);
      }
      (this->*operation)();
    }
    return values_[Pop()];
  }

  const Value& at(Id id) const { return values_[id]; }

 private:
  using Operation = void (Machine::*)();
  static constexpr Id kMark = 0xffffffff;

  template <typename... Args>
  [[noreturn]] void Refuse(fmt::format_string<Args...> format,
                           Args&&... args) const {
    Fail("{}: pickle at {}: {}", path_, opcode_at_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  // --- The stack
  void Push(Value value) {
    stack_.push_back(static_cast<Id>(values_.size()));
    values_.push_back(std::move(value));
  }
  Id Top() const {
    if (stack_.empty() || stack_.back() == kMark) Refuse("the stack is empty");
    return stack_.back();
  }
  Id Pop() {
    const Id id = Top();
    stack_.pop_back();
    return id;
  }
  // The values above the topmost mark, which goes with them.
  std::vector<Id> PopToMark() {
    size_t begin = stack_.size();
    while (begin > 0 && stack_[begin - 1] != kMark) --begin;
    if (begin == 0) Refuse("the stack has no mark");
    std::vector<Id> ids(stack_.begin() + static_cast<ptrdiff_t>(begin),
                        stack_.end());
    stack_.resize(begin - 1);
    return ids;
  }

  template <typename T>
  T& As(Id id, std::string_view expected) {
    if (T* value = std::get_if<T>(&values_[id])) return *value;
    Refuse("expected {}, found {}", expected, KindName(values_[id]));
  }

  // --- Scalars
  void PushNone() { Push(None{}); }
  template <bool value>
  void PushBool() {
    Push(value);
  }
  template <typename T>
  void PushInt() {
    Push(static_cast<int64_t>(reader_.Read<T>(kWhat)));
  }
  // LONG1: little-endian two's complement of up to 8 bytes.
  void PushLong() {
    const auto count = reader_.Read<uint8_t>(kWhat);
    if (count > 8) Refuse("a whole number of {} bytes is too large", count);
    uint64_t bits = 0;
    const auto bytes = reader_.Take(count, kWhat);
    for (size_t i = 0; i < bytes.size(); ++i) {
      bits |= std::to_integer<uint64_t>(bytes[i]) << (8 * i);
    }
    const unsigned unused = 64 - 8u * count;
    // Shifting up and back down extends the sign.
    Push(count == 0 ? int64_t{0}
                    : static_cast<int64_t>(bits << unused) >> unused);
  }
  void PushFloat() {  // big endian
    const uint64_t bits = __builtin_bswap64(reader_.Read<uint64_t>(kWhat));
    Push(std::bit_cast<double>(bits));
  }
  template <typename Length>
  void PushString() {
    const auto length = reader_.Read<Length>(kWhat);
    Push(reader_.ReadText(length, kWhat));
  }

  // --- Containers
  template <typename T>
  void PushEmpty() {
    Push(T{});
  }
  template <int count>
  void PushTuple() {
    Sequence tuple;
    tuple.items.resize(count);
    for (int i = count; i-- > 0;) tuple.items[i] = Pop();
    Push(std::move(tuple));
  }
  void PushTupleFromMark() { Push(Sequence{PopToMark()}); }
  void Append() {
    const Id item = Pop();
    As<Sequence>(Top(), "a list").items.push_back(item);
  }
  void Appends() {
    const std::vector<Id> items = PopToMark();
    auto& list = As<Sequence>(Top(), "a list").items;
    list.insert(list.end(), items.begin(), items.end());
  }
  void SetItem() {
    const Id value = Pop();
    const Id key = Pop();
    As<Dictionary>(Top(), "a dictionary").items.emplace_back(key, value);
  }
  void SetItems() {
    const std::vector<Id> items = PopToMark();
    if (items.size() % 2 != 0) Refuse("a key lacks its value");
    auto& dictionary = As<Dictionary>(Top(), "a dictionary").items;
    for (size_t i = 0; i < items.size(); i += 2) {
      dictionary.emplace_back(items[i], items[i + 1]);
    }
  }
  // Attributes of an OrderedDict (a state_dict's _metadata): of no interest.
  void Build() {
    Pop();
    As<Dictionary>(Top(), "a dictionary");
  }

  // --- Stack and memo
  void Mark() { stack_.push_back(kMark); }
  void Drop() {
    if (stack_.empty()) Refuse("the stack is empty");
    stack_.pop_back();
  }
  void DropToMark() { PopToMark(); }
  void Duplicate() { stack_.push_back(Top()); }
  template <typename Key>
  void Put() {
    memo_[reader_.Read<Key>(kWhat)] = Top();
  }
  void Memoize() { memo_[static_cast<uint32_t>(memo_.size())] = Top(); }
  template <typename Key>
  void Get() {
    const auto key = reader_.Read<Key>(kWhat);
    const auto it = memo_.find(key);
    if (it == memo_.end()) Refuse("memo {} is empty", key);
    stack_.push_back(it->second);
  }

  // --- Globals and calls
  std::string_view ReadLine() {
    const auto rest = reader_.Peek();
    const size_t length = rest.find('\n');
    if (length == std::string_view::npos) Refuse("a line does not end");
    reader_.Take(length + 1, kWhat);
    return rest.substr(0, length);
  }
  void PushGlobal(std::string_view module, std::string_view name) {
    auto value = pickle::FindGlobal(module, name);
    if (!value) {
      Refuse("global '{}.{}' is refused: only tensors are read",
             Printable(module), Printable(name));
    }
    Push(std::move(*value));
  }
  void Global() {
    const std::string_view module = ReadLine();
    PushGlobal(module, ReadLine());
  }
  void StackGlobal() {
    const Id name = Pop();
    const Id module = Pop();
    PushGlobal(As<std::string_view>(module, "a module's name"),
               As<std::string_view>(name, "a global's name"));
  }
  void Reduce();
  void PersistentId();
  Tensor RebuildTensor(const std::vector<Id>& arguments);
  std::vector<int64_t> Ints(Id id, std::string_view expected);

  void Protocol() {
    const auto version = reader_.Read<uint8_t>(kWhat);
    if (version < 2 || version > 5) {
      Refuse("expected protocol 2 to 5, found {}", version);
    }
  }
  void Frame() { reader_.Take(8, kWhat); }
  void Stop() { stopped_ = true; }

  static constexpr std::array<Operation, 256> MakeOperations();
  static const std::array<Operation, 256> kOperations;

  const std::string& path_;
  ByteReader reader_;
  size_t opcode_at_ = 0;
  bool stopped_ = false;
  std::vector<Value> values_;
  std::vector<Id> stack_;
  std::unordered_map<uint32_t, Id> memo_;
};

constexpr std::array<Machine::Operation, 256> Machine::MakeOperations() {
  std::array<Operation, 256> table{};
  table[0x80] = &Machine::Protocol;
  table[0x95] = &Machine::Frame;
  table['.'] = &Machine::Stop;
  table['N'] = &Machine::PushNone;
  table[0x88] = &Machine::PushBool<true>;
  table[0x89] = &Machine::PushBool<false>;
  table['J'] = &Machine::PushInt<int32_t>;
  table['K'] = &Machine::PushInt<uint8_t>;
  table['M'] = &Machine::PushInt<uint16_t>;
  table[0x8a] = &Machine::PushLong;
  table['G'] = &Machine::PushFloat;
  table['U'] = &Machine::PushString<uint8_t>;
  table['T'] = &Machine::PushString<uint32_t>;
  table[0x8c] = &Machine::PushString<uint8_t>;
  table['X'] = &Machine::PushString<uint32_t>;
  table[0x8d] = &Machine::PushString<uint64_t>;
  table['}'] = &Machine::PushEmpty<Dictionary>;
  table[']'] = &Machine::PushEmpty<Sequence>;
  table[')'] = &Machine::PushEmpty<Sequence>;
  table['t'] = &Machine::PushTupleFromMark;
  table[0x85] = &Machine::PushTuple<1>;
  table[0x86] = &Machine::PushTuple<2>;
  table[0x87] = &Machine::PushTuple<3>;
  table['a'] = &Machine::Append;
  table['e'] = &Machine::Appends;
  table['s'] = &Machine::SetItem;
  table['u'] = &Machine::SetItems;
  table['b'] = &Machine::Build;
  table['('] = &Machine::Mark;
  table['0'] = &Machine::Drop;
  table['1'] = &Machine::DropToMark;
  table['2'] = &Machine::Duplicate;
  table['q'] = &Machine::Put<uint8_t>;
  table['r'] = &Machine::Put<uint32_t>;
  table[0x94] = &Machine::Memoize;
  table['h'] = &Machine::Get<uint8_t>;
  table['j'] = &Machine::Get<uint32_t>;
  table['c'] = &Machine::Global;
  table[0x93] = &Machine::StackGlobal;
  table['R'] = &Machine::Reduce;
  table['Q'] = &Machine::PersistentId;
  return table;
}

constexpr std::array<Machine::Operation, 256> Machine::kOperations =
    Machine::MakeOperations();

// ('storage', class, key, device, values).
void Machine::PersistentId() {
  const auto& fields = As<Sequence>(Pop(), "a tuple").items;
  if (fields.size() != 5 ||
      As<std::string_view>(fields[0], "a string") != "storage") {
    Refuse("expected a storage of 5 fields, found {}", fields.size());
  }
  Push(Storage{As<StorageType>(fields[1], "a storage's class").dtype,
               As<std::string_view>(fields[2], "a storage's key"),
               As<int64_t>(fields[4], "a storage's size")});
}

std::vector<int64_t> Machine::Ints(Id id, std::string_view expected) {
  const auto& items = As<Sequence>(id, expected).items;
  if (items.size() > kMaxDimensions) {
    Refuse("expected at most {} dimensions, found {}", kMaxDimensions,
           items.size());
  }
  std::vector<int64_t> ints;
  ints.reserve(items.size());
  for (const Id item : items) {
    ints.push_back(As<int64_t>(item, expected));
  }
  return ints;
}

// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[,
// metadata]).
Tensor Machine::RebuildTensor(const std::vector<Id>& arguments) {
  if (arguments.size() < 4 || arguments.size() > 7) {
    Refuse("expected 6 arguments of _rebuild_tensor_v2, found {}",
           arguments.size());
  }
  return {As<Storage>(arguments[0], "a storage"),
          As<int64_t>(arguments[1], "an offset"),
          Ints(arguments[2], "a tensor's size"),
          Ints(arguments[3], "a tensor's strides")};
}

void Machine::Reduce() {
  const auto& arguments = As<Sequence>(Pop(), "a tuple").items;
  const Callable callable = As<Callable>(Pop(), "a function");
  if (callable == Callable::kRebuildTensor) {
    Push(RebuildTensor(arguments));
  } else if (callable == Callable::kFirstArgument) {
    if (arguments.empty()) Refuse("a call lacks its argument");
    stack_.push_back(arguments[0]);
  } else {
    if (!arguments.empty()) {
      Refuse("expected an empty OrderedDict, found {} arguments",
             arguments.size());
    }
    Push(Dictionary{});
  }
}

}  // namespace

std::vector<PickledTensor> ReadPickledTensors(
    const std::string& path, std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxBytes) {
    Fail("{}: pickle: expected at most {} bytes, found {}", path, kMaxBytes,
         bytes.size());
  }
  Machine machine(path, bytes);
  const Value& root = machine.Run();
  const auto* dictionary = std::get_if<Dictionary>(&root);
  if (dictionary == nullptr) {
    Fail("{}: pickle: expected a dictionary of tensors, found {}", path,
         KindName(root));
  }
  std::vector<PickledTensor> tensors;
  tensors.reserve(dictionary->items.size());
  for (const auto& [key, value] : dictionary->items) {
    const auto* name = std::get_if<std::string_view>(&machine.at(key));
    if (name == nullptr) {
      Fail("{}: pickle: expected a tensor's name, found {}", path,
           KindName(machine.at(key)));
    }
    const auto* tensor = std::get_if<Tensor>(&machine.at(value));
    if (tensor == nullptr) {
      Fail("{}: '{}': expected a tensor, found {}", path, Printable(*name),
           KindName(machine.at(value)));
    }
    tensors.push_back({*name, tensor->storage.dtype, tensor->storage.key,
                       tensor->storage.elements, tensor->offset, tensor->shape,
                       tensor->strides});
  }
  return tensors;
}

}  // namespace llamba
