#ifndef LLAMBA_BASE_ASCII_CASE_H_
#define LLAMBA_BASE_ASCII_CASE_H_

#include <string>

namespace llamba {

// Of the 26 letters, whatever the locale; all other bytes stay.
inline std::string AsciiLower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

inline std::string AsciiUpper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace llamba

#endif  // LLAMBA_BASE_ASCII_CASE_H_
