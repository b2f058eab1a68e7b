#include "eval/record.h"

#include "base/error.h"
#include "base/parse_number.h"

namespace llamba {
namespace {

using Json = nlohmann::json;

// What stands there, for errors: short, whatever it is.
std::string Found(const Json& value) {
  constexpr size_t kLongest = 40;
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "..";
  return text;
}

}  // namespace

Record::Record(Json fields, std::string where)
    : fields_(std::move(fields)), where_(std::move(where)) {
  if (!fields_.is_object()) {
    Fail("{}: expected an object, found {}", where_, Found(fields_));
  }
}

bool Record::Has(const std::string& field) const {
  return fields_.contains(field) && !fields_.at(field).is_null();
}

void Record::FailField(const std::string& field,
                       const std::string& expected) const {
  Fail("{}: field '{}': expected {}, found {}", where_, field, expected,
       Has(field) ? Found(fields_.at(field)) : "none");
}

const Json& Record::Field(const std::string& field,
                          const std::string& expected) const {
  if (!Has(field)) FailField(field, expected);
  return fields_.at(field);
}

std::string Record::Text(const std::string& field) const {
  const Json& value = Field(field, "a text");
  if (value.is_number_integer()) return value.dump();
  if (!value.is_string()) FailField(field, "a text");
  return value.get<std::string>();
}

std::vector<std::string> Record::Texts(const std::string& field) const {
  std::vector<std::string> texts;
  const Json& list = Field(field, "a list of texts");
  if (!list.is_array()) FailField(field, "a list of texts");
  for (const Json& value : list) {
    if (!value.is_string()) FailField(field, "a list of texts");
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

int Record::Whole(const std::string& field, int first, int last) const {
  const std::string expected =
      fmt::format("a whole number from {} to {}", first, last);
  const Json& value = Field(field, expected);
  int64_t number = int64_t{first} - 1;
  if (value.is_boolean()) {
    number = value.get<bool>() ? 1 : 0;
  } else if (value.is_number_integer()) {
    number = value.get<int64_t>();
  } else if (value.is_string()) {
    const auto parsed = ParseNumber<int64_t>(value.get<std::string>());
    if (!parsed) FailField(field, expected);
    number = *parsed;
  }
  if (number < first || number > last) FailField(field, expected);
  return static_cast<int>(number);
}

bool Record::IsObject(const std::string& field) const {
  return Has(field) && fields_.at(field).is_object();
}

bool Record::IsList(const std::string& field) const {
  return Has(field) && fields_.at(field).is_array();
}

Record Record::Object(const std::string& field) const {
  const Json& value = Field(field, "an object");
  if (!value.is_object()) FailField(field, "an object");
  return {value, where_};
}

std::vector<Record> Record::Objects(const std::string& field) const {
  std::vector<Record> records;
  const Json& list = Field(field, "a list of objects");
  if (!list.is_array()) FailField(field, "a list of objects");
  for (const Json& value : list) records.emplace_back(value, where_);
  return records;
}

void Record::Set(const std::string& field, const std::string& text) {
  fields_[field] = text;
}

}  // namespace llamba
