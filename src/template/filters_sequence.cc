#include <algorithm>

#include "template/attribute_getter.h"
#include "template/group.h"
#include "template/params.h"
#include "template/tables.h"
#include "template/text_ops.h"
#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

Value LengthFilter(Interpreter&, const Value& value, const Args& args) {
  const Params params("length", args, {});
  return Length(value);
}

Value List(Interpreter&, const Value& value, const Args& args) {
  const Params params("list", args, {});
  return Value::MakeList(ToVector(value));
}

Value First(Interpreter&, const Value& value, const Args& args) {
  const Params params("first", args, {});
  Value item;
  if (Iterate(value)->Next(&item)) return item;
  return Value::MakeUndefined("no first item, the sequence was empty");
}

Value Last(Interpreter&, const Value& value, const Args& args) {
  const Params params("last", args, {});
  if (!value.IsUndefined()) Length(value);
  std::vector<Value> items = ToVector(value);
  if (!items.empty()) return items.back();
  return Value::MakeUndefined("no last item, the sequence was empty");
}

std::string ReverseText(std::string_view text) {
  std::string out(text.size(), '\0');
  size_t end = text.size();
  for (size_t pos = 0; pos < text.size();) {
    const size_t bytes = CodePointBytes(text, pos);
    end -= bytes;
    text.copy(out.data() + end, bytes, pos);
    pos += bytes;
  }
  return out;
}

Value Reverse(Interpreter&, const Value& value, const Args& args) {
  const Params params("reverse", args, {});
  if (value.IsString()) return ReverseText(value.AsString());
  std::vector<Value> items = ToVector(value);
  std::reverse(items.begin(), items.end());
  // reversed() of what has no length is a TypeError; jinja2 lists it then.
  const bool generator = value.IsObject() && value.AsObject()->Length() < 0;
  if (generator || value.IsUndefined()) {
    return Value::MakeList(std::move(items));
  }
  return MakeIterator(value.TypeName() + "_reverseiterator", std::move(items));
}

Value Join(Interpreter& interpreter, const Value& value, const Args& args) {
  const Params params("join", args, {"d", "attribute"});
  const std::string separator = Str(params.Or(0, ""));
  if (!params.Has(1) || params[1].IsNone()) {
    return JoinText(separator, value, true);
  }
  const AttributeGetter getter(params[1]);
  std::vector<Value> items = ToVector(value);
  for (Value& item : items) item = getter.Get(interpreter, item);
  return JoinText(separator, Value::MakeList(std::move(items)), true);
}

// Items with their keys, sorted as Python's sorted() does.
struct Keyed {
  Value key, item;
};

void SortKeyed(std::vector<Keyed>* items, bool reverse) {
  std::stable_sort(items->begin(), items->end(),
                   [reverse](const Keyed& a, const Keyed& b) {
                     return reverse ? Compare(b.key, a.key, "<") < 0
                                    : Compare(a.key, b.key, "<") < 0;
                   });
}

std::vector<Value> ItemsOf(std::vector<Keyed> keyed) {
  std::vector<Value> items;
  items.reserve(keyed.size());
  for (Keyed& entry : keyed) items.push_back(std::move(entry.item));
  return items;
}

Value Sort(Interpreter& interpreter, const Value& value, const Args& args) {
  const Params params("sort", args, {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = params.Flag(1, false);
  const auto getters = AttributeGetters(params.Or(2, Value()));
  std::vector<Keyed> keyed;
  for (const Value& item : ToVector(value)) {
    std::vector<Value> key;
    for (const AttributeGetter& getter : getters) {
      const Value part = getter.Get(interpreter, item);
      key.push_back(case_sensitive ? part : IgnoreCase(part));
    }
    keyed.push_back({Value::MakeList(std::move(key)), item});
  }
  SortKeyed(&keyed, params.Flag(0, false));
  return Value::MakeList(ItemsOf(std::move(keyed)));
}

Value DictSort(Interpreter&, const Value& value, const Args& args) {
  const Params params("dictsort", args, {"case_sensitive", "by", "reverse"});
  const std::string by = params.Has(1) ? params.Text(1) : "key";
  if (by != "key" && by != "value") {
    Raise("dictsort sorts by \"key\" or \"value\" only");
  }
  value.RequireDefined();
  if (!value.IsDict()) Raise("dictsort needs a mapping");
  const bool case_sensitive = params.Flag(0, false);
  std::vector<Keyed> keyed;
  for (const auto& [key, item] : value.Pairs()) {
    const Value& part = by == "key" ? key : item;
    keyed.push_back({case_sensitive ? part : IgnoreCase(part),
                     Value::MakeTuple({key, item})});
  }
  SortKeyed(&keyed, params.Flag(2, false));
  return Value::MakeList(ItemsOf(std::move(keyed)));
}

Value Unique(Interpreter& interpreter, const Value& value, const Args& args) {
  const Params params("unique", args, {"case_sensitive", "attribute"});
  const bool case_sensitive = params.Flag(0, false);
  const AttributeGetter getter(params.Or(1, Value()));
  std::vector<Value> seen, items;
  for (const Value& item : ToVector(value)) {
    Value key = getter.Get(interpreter, item);
    if (!case_sensitive) key = IgnoreCase(key);
    RequireHashable(key);
    const bool known =
        std::any_of(seen.begin(), seen.end(),
                    [&](const Value& other) { return Equal(other, key); });
    if (known) continue;
    seen.push_back(std::move(key));
    items.push_back(item);
  }
  return MakeIterator("generator", std::move(items));
}

template <bool greatest>
Value Extreme(Interpreter& interpreter, const Value& value, const Args& args) {
  const Params params("min or max", args, {"case_sensitive", "attribute"});
  const bool case_sensitive = params.Flag(0, false);
  const AttributeGetter getter(params.Or(1, Value()));
  Value best, best_key;
  bool any = false;
  for (const Value& item : ToVector(value)) {
    Value key = getter.Get(interpreter, item);
    if (!case_sensitive) key = IgnoreCase(key);
    const bool better = !any || (greatest ? Compare(key, best_key, ">") > 0
                                          : Compare(key, best_key, "<") < 0);
    if (!better) continue;
    any = true;
    best = item;
    best_key = std::move(key);
  }
  if (any) return best;
  return Value::MakeUndefined("no aggregated item, the sequence was empty");
}

Value Sum(Interpreter& interpreter, const Value& value, const Args& args) {
  const Params params("sum", args, {"attribute", "start"});
  const AttributeGetter getter(params.Or(0, Value()));
  Value total = params.Or(1, 0);
  if (total.IsString()) Raise("sum() can't sum strings");
  for (const Value& item : ToVector(value)) {
    total = Add(total, getter.Get(interpreter, item));
  }
  return total;
}

int64_t PositiveCount(const Params& params) {
  const int64_t count = params.Int(0, 0);
  if (count < 1 || count > 1'000'000) {
    Raise("the number of parts must lie between 1 and 1000000");
  }
  return count;
}

Value Batch(Interpreter&, const Value& value, const Args& args) {
  const Params params("batch", args, {"linecount", "fill_with"}, 1);
  const auto size = static_cast<size_t>(PositiveCount(params));
  const std::vector<Value> items = ToVector(value);
  std::vector<Value> rows;
  for (size_t start = 0; start < items.size(); start += size) {
    const size_t end = std::min(start + size, items.size());
    std::vector<Value> row(items.begin() + static_cast<long>(start),
                           items.begin() + static_cast<long>(end));
    if (params.Has(1) && !params[1].IsNone()) row.resize(size, params[1]);
    rows.push_back(Value::MakeList(std::move(row)));
  }
  return MakeIterator("generator", std::move(rows));
}

Value SliceFilter(Interpreter&, const Value& value, const Args& args) {
  const Params params("slice", args, {"slices", "fill_with"}, 1);
  const auto count = static_cast<size_t>(PositiveCount(params));
  const std::vector<Value> items = ToVector(value);
  const size_t each = items.size() / count, longer = items.size() % count;
  std::vector<Value> columns;
  auto start = items.begin();
  for (size_t i = 0; i < count; ++i) {
    const auto end = start + static_cast<long>(each + (i < longer ? 1 : 0));
    std::vector<Value> column(start, end);
    if (params.Has(1) && !params[1].IsNone() && i >= longer) {
      column.push_back(params[1]);
    }
    columns.push_back(Value::MakeList(std::move(column)));
    start = end;
  }
  return MakeIterator("generator", std::move(columns));
}

Value GroupBy(Interpreter& interpreter, const Value& value, const Args& args) {
  const Params params("groupby", args,
                      {"attribute", "default", "case_sensitive"}, 1);
  AttributeGetter getter(params[0]);
  getter.SetDefault(params.Or(1, Value()));
  const bool case_sensitive = params.Flag(2, false);
  std::vector<Keyed> keyed;
  for (const Value& item : ToVector(value)) {
    const Value key = getter.Get(interpreter, item);
    keyed.push_back({case_sensitive ? key : IgnoreCase(key), item});
  }
  SortKeyed(&keyed, false);
  std::vector<Value> groups;
  for (size_t i = 0; i < keyed.size();) {
    std::vector<Value> items;
    const Value key = keyed[i].key;
    const Value name = getter.Get(interpreter, keyed[i].item);
    for (; i < keyed.size() && Equal(keyed[i].key, key); ++i) {
      items.push_back(keyed[i].item);
    }
    groups.push_back(MakeGroup(name, Value::MakeList(std::move(items))));
  }
  return Value::MakeList(std::move(groups));
}

Value Items(Interpreter&, const Value& value, const Args& args) {
  const Params params("items", args, {});
  std::vector<Value> items;
  if (!value.IsUndefined()) {
    if (!value.IsDict()) Raise("can only get item pairs from a mapping");
    for (const auto& [key, item] : value.Pairs()) {
      items.push_back(Value::MakeTuple({key, item}));
    }
  }
  return MakeIterator("generator", std::move(items));
}

constexpr FilterEntry kFilters[] = {
    {"batch", Batch},     {"count", LengthFilter}, {"dictsort", DictSort},
    {"first", First},     {"groupby", GroupBy},    {"items", Items},
    {"join", Join},       {"last", Last},          {"length", LengthFilter},
    {"list", List},       {"max", Extreme<true>},  {"min", Extreme<false>},
    {"reverse", Reverse}, {"slice", SliceFilter},  {"sort", Sort},
    {"sum", Sum},         {"unique", Unique},
};

}  // namespace

std::span<const FilterEntry> SequenceFilters() { return kFilters; }

}  // namespace llamba::jinja
