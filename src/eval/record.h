#ifndef LLAMBA_EVAL_RECORD_H_
#define LLAMBA_EVAL_RECORD_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace llamba {

// One row of a data file, whatever the file's form: named fields. Every method
// that does not find what it wants throws Error naming file, line and field.
class Record {
 public:
  // `where`: "FILE: line 3".
  Record(nlohmann::json fields, std::string where);

  const std::string& where() const { return where_; }
  bool Has(const std::string& field) const;
  // A text; a whole number becomes its digits.
  std::string Text(const std::string& field) const;
  std::vector<std::string> Texts(const std::string& field) const;
  // A whole number of [first, last], written as a number, as digits or as a
  // truth value (0, 1).
  int Whole(const std::string& field, int first, int last) const;
  // The field as a record, and as a list of them.
  Record Object(const std::string& field) const;
  std::vector<Record> Objects(const std::string& field) const;
  bool IsObject(const std::string& field) const;
  bool IsList(const std::string& field) const;

  void Set(const std::string& field, const std::string& text);

  [[noreturn]] void FailField(const std::string& field,
                              const std::string& expected) const;

 private:
  const nlohmann::json& Field(const std::string& field,
                              const std::string& expected) const;

  nlohmann::json fields_;
  std::string where_;
};

}  // namespace llamba

#endif  // LLAMBA_EVAL_RECORD_H_
