#ifndef LLAMBA_TEMPLATE_STR_FORMAT_H_
#define LLAMBA_TEMPLATE_STR_FORMAT_H_

#include <string>

#include "template/value.h"

namespace llamba::jinja {

// str.format: "{}", "{0}", "{name.attribute[item]!r:spec}". A spec holds no
// fields of its own.
std::string StrFormat(Interpreter& interpreter, const std::string& format,
                      const Args& args);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_STR_FORMAT_H_
