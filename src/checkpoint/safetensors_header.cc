#include "checkpoint/safetensors_header.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/error.h"
#include "checkpoint/json_error.h"
#include "checkpoint/printable.h"

namespace llamba {
namespace {

using nlohmann::json;

// Receives the parser's events. The header never becomes a tree: its depth is
// bounded by the places below, and keys that occur twice are seen.
class HeaderHandler : public nlohmann::json_sax<json> {
 public:
  HeaderHandler(const std::string& path, SafetensorsHeader& header)
      : path_(path), header_(header) {}

  bool start_object(std::size_t) override {
    if (place_ == Place::kOutside) {
      place_ = Place::kTop;
    } else if (place_ != Place::kTop) {
      Unexpected("an object");
    } else if (name_ == kMetadataName) {
      place_ = Place::kMetadata;
    } else {
      place_ = Place::kTensor;
      header_.entries.push_back({name_, {}, {}, {}});
    }
    fields_.clear();
    return true;
  }

  bool end_object() override {
    if (place_ == Place::kTensor) {
      for (const char* field : {"dtype", "shape", "data_offsets"}) {
        if (fields_.count(field) == 0) {
          Fail("{}: tensor '{}': field '{}' is missing", path_,
               Printable(name_), field);
        }
      }
    }
    place_ = place_ == Place::kTop ? Place::kOutside : Place::kTop;
    return true;
  }

  bool key(std::string& key) override {
    if (place_ == Place::kTop) {
      if (!names_.insert(key).second) {
        Fail("{}: header: '{}' occurs twice", path_, Printable(key));
      }
      name_ = key;
      return true;
    }
    if (!fields_.insert(key).second) {
      Fail("{}: header: '{}': field '{}' occurs twice", path_, Printable(name_),
           Printable(key));
    }
    field_ = key;
    if (place_ == Place::kTensor && field_ != "dtype" && field_ != "shape" &&
        field_ != "data_offsets") {
      Fail(
          "{}: tensor '{}': expected dtype, shape and data_offsets, found '{}'",
          path_, Printable(name_), Printable(field_));
    }
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::kTensor || field_ == "dtype") Unexpected("an array");
    place_ = Place::kArray;
    return true;
  }

  bool end_array() override {
    place_ = Place::kTensor;
    const auto& offsets = header_.entries.back().offsets;
    if (field_ == "data_offsets" && offsets.size() != 2) {
      Fail("{}: tensor '{}': data_offsets: expected 2 numbers, found {}", path_,
           Printable(name_), offsets.size());
    }
    return true;
  }

  bool string(std::string& value) override {
    if (place_ == Place::kMetadata) {
      header_.metadata[field_] = value;
    } else if (place_ == Place::kTensor && field_ == "dtype") {
      header_.entries.back().dtype = value;
    } else {
      Unexpected("a string");
    }
    return true;
  }

  bool number_unsigned(uint64_t value) override {
    if (place_ != Place::kArray) Unexpected(fmt::format("{}", value));
    auto& entry = header_.entries.back();
    if (field_ == "data_offsets") {
      entry.offsets.push_back(value);
      return true;
    }
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      Unexpected(fmt::format("{}", value));
    }
    entry.shape.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool null() override { return Unexpected("null"); }
  bool boolean(bool) override { return Unexpected("a boolean"); }
  bool number_integer(int64_t value) override {
    return Unexpected(fmt::format("{}", value));
  }
  bool number_float(double, const std::string& text) override {
    return Unexpected(text);
  }
  bool binary(json::binary_t&) override { return Unexpected("binary"); }

  bool parse_error(std::size_t position, const std::string&,
                   const json::exception& error) override {
    Fail("{}: header: expected JSON, found an error at byte {}: {}", path_,
         position, JsonReason(error));
  }

 private:
  // Where the parser stands: outside the header, among the names, inside
  // "__metadata__", among a tensor's fields, in the array of one of them.
  enum class Place { kOutside, kTop, kMetadata, kTensor, kArray };
  static constexpr std::string_view kMetadataName = "__metadata__";

  [[noreturn]] bool Unexpected(std::string_view found) const {
    switch (place_) {
      case Place::kOutside:
        Fail("{}: header: expected an object, found {}", path_, found);
      case Place::kTop:
        Fail("{}: header: '{}': expected an object, found {}", path_,
             Printable(name_), found);
      case Place::kMetadata:
        Fail("{}: header: __metadata__: '{}': expected a string, found {}",
             path_, Printable(field_), found);
      case Place::kTensor:
      case Place::kArray:
        break;
    }
    Fail("{}: tensor '{}': {}: expected {}, found {}", path_, Printable(name_),
         field_, Expected(), found);
  }

  std::string_view Expected() const {
    if (field_ == "dtype") return "a type's name";
    return place_ == Place::kTensor ? "an array"
                                    : "whole numbers from 0 to 2^63 - 1";
  }

  const std::string& path_;
  SafetensorsHeader& header_;
  Place place_ = Place::kOutside;
  std::string name_, field_;
  std::unordered_set<std::string> names_, fields_;
};

}  // namespace

SafetensorsHeader ParseSafetensorsHeader(const std::string& path,
                                         std::string_view text) {
  SafetensorsHeader header;
  HeaderHandler handler(path, header);
  json::sax_parse(text.begin(), text.end(), &handler);
  return header;
}

}  // namespace llamba
