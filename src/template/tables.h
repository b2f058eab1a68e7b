#ifndef LLAMBA_TEMPLATE_TABLES_H_
#define LLAMBA_TEMPLATE_TABLES_H_

#include <span>
#include <string_view>

#include "template/ast.h"

namespace llamba::jinja {

struct FilterEntry {
  std::string_view name;
  FilterFunction function;
};
struct TestEntry {
  std::string_view name;
  TestFunction function;
};

// The filters and tests of jinja2, by the kind of value that they work on.
std::span<const FilterEntry> StringFilters();
std::span<const FilterEntry> NumberFilters();
std::span<const FilterEntry> SequenceFilters();
std::span<const FilterEntry> SelectFilters();
std::span<const FilterEntry> JsonFilters();
std::span<const TestEntry> Tests();

// Null for an unknown name.
FilterFunction FindFilter(std::string_view name);
TestFunction FindTest(std::string_view name);

// A global function (range, dict, namespace, raise_exception, ...); false where
// there is none of this name.
bool FindGlobal(std::string_view name, Value* out);

// A method or attribute of a str, list, tuple, dict or number as Python has it,
// bound to `self`; false where there is none.
bool FindMethod(const Value& self, std::string_view name, Value* out);

struct MethodEntry {
  std::string_view name;
  Value (*function)(Interpreter&, const Value& self, const Args& args);
};
std::span<const MethodEntry> StringMethods();
std::span<const MethodEntry> StringPredicates();
std::span<const MethodEntry> ListMethods();
std::span<const MethodEntry> DictMethods();

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_TABLES_H_
