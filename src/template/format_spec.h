#ifndef LLAMBA_TEMPLATE_FORMAT_SPEC_H_
#define LLAMBA_TEMPLATE_FORMAT_SPEC_H_

#include <string>
#include <string_view>

#include "template/value.h"

namespace llamba::jinja {

// How one value is written, as printf-style formatting and str.format share it.
struct FormatSpec {
  std::string fill = " ";
  // '<', '>', '^', '=' or 0 for the type's own.
  char align = 0;
  // '+', ' ' or 0: only a minus is shown.
  char sign = 0;
  // Python's '#': 0x and alike before the digits.
  bool alternate = false;
  // ',' or '_' between thousands, or 0.
  char thousands = 0;
  int width = 0;
  int precision = -1;
  // 'd', 'f', 's', ... or 0 for the type's own.
  char type = 0;
};

// Reads up to 4 digits at text[*pos]; -1 where there is none. Raises beyond
// 1000, which no layout needs.
int ReadFormatNumber(std::string_view text, size_t* pos);

// The integer or float in the spec's type, sign, precision and width.
std::string FormatNumber(const Value& value, const FormatSpec& spec);
// The text cut to the precision and padded.
std::string FormatText(std::string_view text, const FormatSpec& spec);

// "[[fill]align][sign][#][0][width][,][.precision][type]".
FormatSpec ParseFormatSpec(std::string_view text);
// format(value, spec).
std::string FormatValue(const Value& value, const FormatSpec& spec);

// The decimal text of `number` with `precision` digits, type 'f', 'e' or 'g'.
std::string FormatDouble(double number, int precision, char type,
                         bool alternate = false);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_FORMAT_SPEC_H_
