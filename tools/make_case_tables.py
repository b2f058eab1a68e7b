#!/usr/bin/env python3
"""Writes src/template/unicode_tables.inc: case mappings and letters of Unicode
as Python's str methods know them."""

import pathlib

OUT = pathlib.Path(__file__).parent.parent / "src/template/unicode_tables.inc"
CODES = [c for c in range(0x80, 0x110000) if not 0xD800 <= c < 0xE000]


def mapping(fold):
    """Rows (first, last, step, delta) of one-to-one mappings."""
    rows = []
    for code in CODES:
        text = fold(chr(code))
        if len(text) != 1 or ord(text) == code:
            continue
        delta = ord(text) - code
        if rows:
            first, last, step, same = rows[-1]
            gap = code - last
            if same == delta and gap <= 2 and step in (0, gap):
                rows[-1] = (first, code, gap, delta)
                continue
        rows.append((code, code, 0, delta))
    return [(a, b, max(s, 1), d) for a, b, s, d in rows]


def runs(predicate):
    rows = []
    for code in CODES:
        if predicate(chr(code)):
            if rows and rows[-1][1] == code - 1:
                rows[-1] = (rows[-1][0], code)
            else:
                rows.append((code, code))
    return rows


def several(fold, plain):
    """(code, text) where the mapping is more than plain's one code point."""
    return [
        (code, fold(chr(code)))
        for code in CODES
        if fold(chr(code)) != plain(chr(code)) or len(fold(chr(code))) > 1
    ]


def escape(text):
    return '"' + "".join(f"\\{b:03o}" for b in text.encode()) + '"'


def table(kind, name, rows):
    lines = [f"constexpr {kind} {name}[] = {{"]
    line = "   "
    for row in rows:
        cell = " {" + ", ".join(row) + "},"
        if len(line) + len(cell) > 80:
            lines.append(line)
            line = "   "
        line += cell
    return "\n".join(lines + [line, "};", ""])


def numbers(rows):
    return [[f"{x:#x}" if i < 2 else str(x) for i, x in enumerate(r)] for r in rows]


def main():
    upper_text = several(str.upper, str.upper)
    title_text = several(str.title, str.upper)
    lower_text = several(str.lower, str.lower)
    strings = lambda rows: [[f"{c:#x}", escape(t)] for c, t in rows]
    OUT.write_text(
        "// Written by tools/make_case_tables.py.\n"
        + table("CaseRange", "kUpper", numbers(mapping(str.upper)))
        + table("CaseRange", "kLower", numbers(mapping(str.lower)))
        + table("CaseText", "kUpperText", strings(upper_text))
        + table("CaseText", "kTitleText", strings(title_text))
        + table("CaseText", "kLowerText", strings(lower_text))
        + table("CodeRange", "kAlpha", numbers(runs(str.isalpha)))
        + table("CodeRange", "kDigit", numbers(runs(lambda c: c.isalnum() and not c.isalpha())))
    )


if __name__ == "__main__":
    main()
