#include <array>
#include <clocale>
#include <ctime>

#include "template/interpreter.h"
#include "template/objects.h"
#include "template/params.h"
#include "template/tables.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

using Pairs = std::vector<std::pair<Value, Value>>;

// What dict(...) is made of: a mapping or pairs, then keywords.
Pairs DictPairs(const char* function, const Args& args) {
  Pairs pairs;
  if (args.positional.size() > 1) {
    Raise("{}() takes at most one positional argument", function);
  }
  if (!args.positional.empty()) {
    const Value& source = args.positional[0];
    if (source.IsDict()) {
      pairs = source.Pairs();
    } else {
      for (const Value& item : ToVector(source)) {
        const std::vector<Value> pair = ToVector(item);
        if (pair.size() != 2) Raise("{}() needs pairs", function);
        SetKey(&pairs, pair[0], pair[1]);
      }
    }
  }
  for (const auto& [name, value] : args.named) SetKey(&pairs, name, value);
  return pairs;
}

Value Range(Interpreter&, Args& args) {
  const Params params("range", args, {"start", "stop", "step"}, 1);
  const bool one = !params.Has(1);
  const int64_t step = params.Int(2, 1);
  if (step == 0) Raise("range() arg 3 must not be zero");
  const int64_t start = one ? 0 : params.Int(0, 0);
  return MakeObject(
      std::make_shared<RangeObject>(start, params.Int(one ? 0 : 1, 0), step));
}

Value Dict(Interpreter&, Args& args) {
  return Value::MakeDict(DictPairs("dict", args));
}

Value Namespace(Interpreter& interpreter, Args& args) {
  auto object = std::make_shared<NamespaceObject>();
  for (const auto& [name, value] : DictPairs("namespace", args)) {
    if (!name.IsString()) Raise("a namespace's attributes must have names");
    object->Set(name.AsString(), value);
  }
  interpreter.Register(object);
  return MakeObject(object);
}

Value RaiseException(Interpreter&, Args& args) {
  const Params params("raise_exception", args, {"message"}, 1);
  Raise("{}", Str(params[0]));
}

// strftime in the C locale, whatever the program's is.
std::string FormatTime(const std::string& format, const std::tm& time) {
  static const locale_t kC = newlocale(LC_ALL_MASK, "C", nullptr);
  std::array<char, 4096> buffer;
  const size_t size =
      strftime_l(buffer.data(), buffer.size(), format.c_str(), &time, kC);
  return std::string(buffer.data(), size);
}

Value StrftimeNow(Interpreter& interpreter, Args& args) {
  const Params params("strftime_now", args, {"format"}, 1);
  const std::string& format = params.Text(0);
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    // One directive: '%', flags and width, a letter. Python's local time has no
    // zone, and its %f is not the C library's.
    const size_t end = format.find_first_not_of("-_0^#123456789EO", i + 1);
    if (end == std::string::npos) break;
    const char letter = format[end];
    if (letter == 'f') {
      out += "000000";
    } else if (letter != 'z' && letter != 'Z') {
      out += FormatTime(format.substr(i, end - i + 1), interpreter.now());
    }
    CheckStringSize(out.size());
    i = end;
  }
  return out;
}

Value Joiner(Interpreter&, Args& args) {
  const Params params("joiner", args, {"sep"});
  return MakeObject(std::make_shared<JoinerObject>(params.Or(0, ", ")));
}

Value Cycler(Interpreter&, Args& args) {
  return MakeObject(std::make_shared<CyclerObject>(args.positional));
}

struct GlobalEntry {
  std::string_view name;
  Value (*function)(Interpreter&, Args&);
};

constexpr GlobalEntry kGlobals[] = {
    {"cycler", Cycler},
    {"dict", Dict},
    {"joiner", Joiner},
    {"namespace", Namespace},
    {"raise_exception", RaiseException},
    {"range", Range},
    {"strftime_now", StrftimeNow},
};

}  // namespace

bool FindGlobal(std::string_view name, Value* out) {
  if (name == "lipsum") Raise("the function 'lipsum' is not supported");
  for (const GlobalEntry& entry : kGlobals) {
    if (entry.name != name) continue;
    *out = MakeObject(
        std::make_shared<FunctionObject>(std::string(name), entry.function));
    return true;
  }
  return false;
}

}  // namespace llamba::jinja
