#include "checkpoint/json_error.h"

#include "base/error.h"
#include "checkpoint/printable.h"

namespace llamba {

std::string JsonReason(const std::exception& error) {
  // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
  std::string_view reason = error.what();
  const size_t name = reason.starts_with('[') ? reason.find("] ") : reason.npos;
  if (name != reason.npos) reason.remove_prefix(name + 2);
  return Printable(reason);
}

void FailNoJson(const std::string& path, std::string_view text,
                const std::exception& error) {
  if (text.empty()) Fail("{}: expected JSON, found an empty file", path);
  Fail("{}: expected JSON: {}", path, JsonReason(error));
}

}  // namespace llamba
