#!/usr/bin/env python3
"""What must hold for the tracked files as a whole.

No file over 2 MB except in models/, no source over 500 lines, no build for one
machine alone, no path of a home or temporary folder, scripts that can run.
"""
import os
import re
import subprocess
import sys

MAX_BYTES = 2_000_000
MAX_LINES = 500
SOURCE = (".cc", ".h", ".cu", ".cuh")
TEXT = SOURCE + (".py", ".txt", ".cmake", ".md", ".json", ".sh", "Makefile")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:home|root|tmp/w|work)/\w")
NATIVE = re.compile(r"-m(?:arch|tune|cpu)=native")
# What speaks of these rules, or of other programs' builds.
EXEMPT = {"tools/check_hygiene.py", "docs/architecture.md", "README.md",
          "CONTRIBUTING.md", "scripts/interop-venv"}


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return [path for path in listed.split("\0") if path and os.path.isfile(path)]


def check_text(path, text):
    if path.startswith("src/") and path.endswith(SOURCE):
        lines = text.count("\n")
        if lines > MAX_LINES:
            yield f"{path}: {lines} lines, more than {MAX_LINES}"
    if path in EXEMPT or path.startswith("tests/data/"):
        return
    for name, pattern in (("a path of one machine", MACHINE_PATHS),
                          ("a build for one machine", NATIVE)):
        match = pattern.search(text)
        if match:
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {name}: {match.group()}"


def check(path):
    size = os.path.getsize(path)
    if size > MAX_BYTES and not path.startswith("models/"):
        yield f"{path}: {size} bytes, more than {MAX_BYTES} outside models/"
        return
    if path.endswith(TEXT):
        with open(path, encoding="utf-8", errors="replace") as file:
            yield from check_text(path, file.read())
    with open(path, "rb") as file:
        if file.read(2) == b"#!" and not os.access(path, os.X_OK):
            yield f"{path}: begins with #! but may not be executed"


def main():
    complaints = [complaint for path in tracked() for complaint in check(path)]
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
