#!/usr/bin/env python3
"""Writes src/tokenizer/unicode_ranges.cc to standard output.

The classes are asked of the PyPI package `tokenizers` (0.23.3: Unicode 16), so
that they are those of the library that the models' own tokenizers ran on.
"""

from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

CLASSES = {"kLetter": r"\p{L}", "kNumber": r"\p{N}", "kSpace": r"\s"}


def members(pattern):
    """Code points that the pattern matches."""
    split = Split(Regex(pattern), "removed")
    found = set()
    for base in range(0, 0x110000, 0x400):
        block = [c for c in range(base, base + 0x400) if not 0xD800 <= c < 0xE000]
        if not block:
            continue
        kept = split.pre_tokenize_str("".join(map(chr, block)))
        found.update(set(block) - {ord(c) for piece, _ in kept for c in piece})
    return found


def ranges(points):
    result = []
    for point in sorted(points):
        if result and result[-1][1] == point - 1:
            result[-1][1] = point
        else:
            result.append([point, point])
    return result


def main():
    rows = []
    for name, pattern in CLASSES.items():
        rows += [(a, b, name) for a, b in ranges(members(pattern))]
    rows.sort()
    print("// Written by tools/generate_unicode_classes.py; do not edit.")
    print('#include "tokenizer/unicode_class.h"\n')
    print("namespace llamba {\nnamespace {\n")
    print("constexpr CharClass kL = CharClass::kLetter;")
    print("constexpr CharClass kN = CharClass::kNumber;")
    print("constexpr CharClass kS = CharClass::kSpace;\n")
    print("// clang-format off\nconstexpr ClassRange kRanges[] = {")
    for start in range(0, len(rows), 5):
        cells = [f"{{0x{a:X},0x{b:X},k{n[1]}}}" for a, b, n in rows[start : start + 5]]
        print("    " + ",".join(cells) + ",")
    print("};\n// clang-format on\n\n}  // namespace\n")
    print("std::span<const ClassRange> UnicodeClassRanges() { return kRanges; }\n")
    print("}  // namespace llamba")


if __name__ == "__main__":
    main()
