#ifndef LLAMBA_APPS_NUMBER_CHECKS_H_
#define LLAMBA_APPS_NUMBER_CHECKS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>

namespace llamba {

// For CLI::Option::check. They say what is expected and what was found, where
// CLI11's own print a bound of 309 digits and call a word out of range.

// A whole number from `least` to `most`; without `most`, from `least` up.
CLI::Validator WholeNumber(int64_t least,
                           int64_t most = std::numeric_limits<int64_t>::max());

// What fits 64 bits without a sign; CLI11 takes the largest for all beyond.
CLI::Validator SeedNumber();

// A finite number above 0.
CLI::Validator AboveZero();

}  // namespace llamba

#endif  // LLAMBA_APPS_NUMBER_CHECKS_H_
