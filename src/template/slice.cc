#include <algorithm>

#include "template/objects.h"
#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

struct Bounds {
  int64_t start, stop, step;
};

int64_t IndexOr(const Value& value, int64_t otherwise) {
  if (value.IsNone()) return otherwise;
  value.RequireDefined();
  if (!value.IsIntegral()) {
    Raise("slice indices must be integers or None, not '{}'", value.TypeName());
  }
  return value.AsInt();
}

// CPython's PySlice_AdjustIndices.
int64_t Adjust(int64_t index, int64_t length, int64_t step) {
  if (index < 0) {
    index = index < -length ? -1 : index + length;
    return index < 0 ? (step < 0 ? -1 : 0) : index;
  }
  return index >= length ? (step < 0 ? length - 1 : length) : index;
}

Bounds Resolve(int64_t length, const Value& start, const Value& stop,
               const Value& step) {
  Bounds bounds{};
  bounds.step = std::max(IndexOr(step, 1), -INT64_MAX);
  if (bounds.step == 0) Raise("slice step cannot be zero");
  const bool back = bounds.step < 0;
  bounds.start =
      Adjust(IndexOr(start, back ? INT64_MAX : 0), length, bounds.step);
  bounds.stop =
      Adjust(IndexOr(stop, back ? INT64_MIN : INT64_MAX), length, bounds.step);
  return bounds;
}

// The indices of the slice; steps as long as the whole range end it, so that
// the sum cannot overflow.
template <typename Take>
void ForEachIndex(Bounds bounds, int64_t length, Take take) {
  const int64_t step = std::clamp(bounds.step, -length - 1, length + 1);
  if (step > 0) {
    for (int64_t i = bounds.start; i < bounds.stop; i += step) take(i);
  } else {
    for (int64_t i = bounds.start; i > bounds.stop; i += step) take(i);
  }
}

Value SliceString(const std::string& text, const Value& start,
                  const Value& stop, const Value& step) {
  WorkOnBytes(text.size());
  const int64_t length = CodePointCount(text);
  const Bounds bounds = Resolve(length, start, stop, step);
  if (bounds.step == 1) {
    if (bounds.stop <= bounds.start) return "";
    const size_t from = ByteOffset(text, bounds.start);
    const std::string_view rest = std::string_view(text).substr(from);
    return rest.substr(0, ByteOffset(rest, bounds.stop - bounds.start));
  }
  CheckRoom(static_cast<size_t>(length) * sizeof(size_t));
  std::vector<size_t> offsets;
  for (size_t pos = 0; pos < text.size(); pos += CodePointBytes(text, pos)) {
    offsets.push_back(pos);
  }
  std::string out;
  ForEachIndex(bounds, length, [&](int64_t i) {
    out.append(text, offsets[i], CodePointBytes(text, offsets[i]));
  });
  return out;
}

}  // namespace

Value Slice(const Value& value, const Value& start, const Value& stop,
            const Value& step) {
  if (value.IsString()) {
    return SliceString(value.AsString(), start, stop, step);
  }
  if (const auto* range = value.As<RangeObject>()) {
    const Bounds bounds = Resolve(range->Length(), start, stop, step);
    return MakeObject(std::make_shared<RangeObject>(
        range->Part(bounds.start, bounds.stop, bounds.step)));
  }
  if (!value.IsSequence()) {
    value.RequireDefined();
    Raise("'{}' object cannot be sliced", value.TypeName());
  }
  const auto& items = value.Items();
  const auto length = static_cast<int64_t>(items.size());
  const Bounds bounds = Resolve(length, start, stop, step);
  CheckRoom(items.size() * sizeof(Value));
  std::vector<Value> out;
  ForEachIndex(bounds, length, [&](int64_t i) { out.push_back(items[i]); });
  return Value::MakeList(std::move(out), value.IsTuple());
}

}  // namespace llamba::jinja
