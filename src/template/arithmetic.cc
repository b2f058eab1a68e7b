#include <cmath>

#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

[[noreturn]] void Unsupported(const char* op, const Value& a, const Value& b) {
  a.RequireDefined();
  b.RequireDefined();
  Raise("unsupported operand type(s) for {}: '{}' and '{}'", op, a.TypeName(),
        b.TypeName());
}

bool BothIntegral(const Value& a, const Value& b) {
  return a.IsIntegral() && b.IsIntegral();
}

bool BothNumbers(const Value& a, const Value& b) {
  return a.IsNumber() && b.IsNumber();
}

using Builtin = bool (*)(int64_t, int64_t, int64_t*);

// Python's ints grow without bound; ours have 64 bits and say so.
Value CheckedInt(int64_t a, int64_t b, Builtin operation) {
  int64_t result;
  if (operation(a, b, &result)) Raise("an integer exceeds 64 bits");
  return result;
}

bool AddInts(int64_t a, int64_t b, int64_t* out) {
  return __builtin_add_overflow(a, b, out);
}
bool SubtractInts(int64_t a, int64_t b, int64_t* out) {
  return __builtin_sub_overflow(a, b, out);
}
bool MultiplyInts(int64_t a, int64_t b, int64_t* out) {
  return __builtin_mul_overflow(a, b, out);
}

Value Concatenate(const Value& a, const Value& b) {
  const auto& x = a.Items();
  const auto& y = b.Items();
  CheckRoom((x.size() + y.size()) * sizeof(Value));
  std::vector<Value> items;
  items.reserve(x.size() + y.size());
  items.insert(items.end(), x.begin(), x.end());
  items.insert(items.end(), y.begin(), y.end());
  return Value::MakeList(std::move(items), a.IsTuple());
}

// A count of repetitions that keeps `size` within the limits.
size_t Repetitions(size_t size, int64_t count, size_t bytes_each) {
  if (count <= 0 || size == 0) return 0;
  const auto n = static_cast<uint64_t>(count);
  if (n > (uint64_t{1} << 40) / (size * bytes_each)) {
    Raise("a repetition of {} is longer than the limits allow", count);
  }
  CheckRoom(size * bytes_each * n);
  return n;
}

Value RepeatString(const std::string& text, int64_t count) {
  const size_t n = Repetitions(text.size(), count, 1);
  CheckStringSize(n * text.size());
  std::string out;
  out.reserve(n * text.size());
  for (size_t i = 0; i < n; ++i) out += text;
  return out;
}

Value RepeatList(const Value& list, int64_t count) {
  const auto& items = list.Items();
  const size_t n = Repetitions(items.size(), count, sizeof(Value));
  std::vector<Value> out;
  out.reserve(n * items.size());
  for (size_t i = 0; i < n; ++i) {
    out.insert(out.end(), items.begin(), items.end());
  }
  return Value::MakeList(std::move(out), list.IsTuple());
}

double PythonFmod(double a, double b) {
  double remainder = std::fmod(a, b);
  if (remainder != 0) {
    if ((b < 0) != (remainder < 0)) remainder += b;
  } else {
    remainder = std::copysign(0.0, b);
  }
  return remainder;
}

// CPython's float floor division: exact, and with the sign of a zero result.
double PythonFloorDivide(double a, double b) {
  const double quotient = (a - PythonFmod(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

int64_t FloorDivideInts(int64_t a, int64_t b) {
  if (b == -1 && a == INT64_MIN) Raise("an integer exceeds 64 bits");
  const int64_t quotient = a / b;
  return quotient - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

int64_t ModuloInts(int64_t a, int64_t b) {
  if (b == -1) return 0;
  const int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b
                                                      : remainder;
}

void RequireDivisor(const Value& b) {
  if (b.AsDouble() == 0) Raise("division by zero");
}

int64_t PowerInts(int64_t base, int64_t exponent) {
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && MultiplyInts(result, base, &result)) {
      Raise("an integer exceeds 64 bits");
    }
    exponent >>= 1;
    if (exponent > 0 && MultiplyInts(base, base, &base)) {
      Raise("an integer exceeds 64 bits");
    }
  }
  return result;
}

}  // namespace

Value Add(const Value& a, const Value& b) {
  if (a.IsString() && b.IsString()) {
    CheckStringSize(a.AsString().size() + b.AsString().size());
    return a.AsString() + b.AsString();
  }
  if (BothIntegral(a, b)) return CheckedInt(a.AsInt(), b.AsInt(), AddInts);
  if (BothNumbers(a, b)) return a.AsDouble() + b.AsDouble();
  if (a.IsSequence() && b.IsSequence() && a.IsTuple() == b.IsTuple()) {
    return Concatenate(a, b);
  }
  a.RequireDefined();
  b.RequireDefined();
  if (a.IsString()) {
    Raise("can only concatenate str (not \"{}\") to str", b.TypeName());
  }
  Unsupported("+", a, b);
}

Value Subtract(const Value& a, const Value& b) {
  if (BothIntegral(a, b)) return CheckedInt(a.AsInt(), b.AsInt(), SubtractInts);
  if (BothNumbers(a, b)) return a.AsDouble() - b.AsDouble();
  Unsupported("-", a, b);
}

Value Multiply(const Value& a, const Value& b) {
  if (BothIntegral(a, b)) return CheckedInt(a.AsInt(), b.AsInt(), MultiplyInts);
  if (BothNumbers(a, b)) return a.AsDouble() * b.AsDouble();
  if (a.IsIntegral() && !b.IsNumber()) return Multiply(b, a);
  if (a.IsString() && b.IsIntegral()) {
    return RepeatString(a.AsString(), b.AsInt());
  }
  if (a.IsSequence() && b.IsIntegral()) return RepeatList(a, b.AsInt());
  Unsupported("*", a, b);
}

Value Divide(const Value& a, const Value& b) {
  if (!BothNumbers(a, b)) Unsupported("/", a, b);
  RequireDivisor(b);
  return a.AsDouble() / b.AsDouble();
}

Value FloorDivide(const Value& a, const Value& b) {
  if (!BothNumbers(a, b)) Unsupported("//", a, b);
  RequireDivisor(b);
  if (BothIntegral(a, b)) return FloorDivideInts(a.AsInt(), b.AsInt());
  return PythonFloorDivide(a.AsDouble(), b.AsDouble());
}

Value Modulo(const Value& a, const Value& b) {
  if (a.IsString()) return PercentFormat(a.AsString(), b);
  if (!BothNumbers(a, b)) Unsupported("%", a, b);
  RequireDivisor(b);
  if (BothIntegral(a, b)) return ModuloInts(a.AsInt(), b.AsInt());
  return PythonFmod(a.AsDouble(), b.AsDouble());
}

Value Power(const Value& a, const Value& b) {
  if (!BothNumbers(a, b)) Unsupported("** or pow()", a, b);
  if (BothIntegral(a, b) && b.AsInt() >= 0) {
    return PowerInts(a.AsInt(), b.AsInt());
  }
  const double x = a.AsDouble(), y = b.AsDouble();
  if (x == 0 && y < 0) Raise("0.0 cannot be raised to a negative power");
  const double result = std::pow(x, y);
  if (std::isnan(result) && !std::isnan(x) && !std::isnan(y)) {
    Raise("complex numbers are not supported");
  }
  if (std::isinf(result) && !std::isinf(x) && !std::isinf(y)) {
    Raise("a float exceeds its range");
  }
  return result;
}

Value Negate(const Value& a) {
  if (a.IsIntegral()) return CheckedInt(0, a.AsInt(), SubtractInts);
  if (a.IsFloat()) return -a.AsDouble();
  a.RequireDefined();
  Raise("bad operand type for unary -: '{}'", a.TypeName());
}

Value Plus(const Value& a) {
  if (a.IsIntegral()) return a.AsInt();
  if (a.IsFloat()) return a;
  a.RequireDefined();
  Raise("bad operand type for unary +: '{}'", a.TypeName());
}

int64_t IntFromDouble(double number) {
  if (std::isnan(number)) Raise("cannot convert float NaN to integer");
  if (!(std::fabs(number) < 9223372036854775808.0)) {
    Raise("a float is too large for an integer of 64 bits");
  }
  return static_cast<int64_t>(number);
}

}  // namespace llamba::jinja
