#!/usr/bin/env python3
"""Holds the rooms of src/ to the table in docs/architecture.md.

Fails on an include or a CMake link that the table does not allow, and on a
third-party header outside the rooms that need it.

  check_includes.py [ROOT]
"""
import pathlib
import re
import sys

# Third-party headers: the name used in the table, by the beginning of the path.
LIBRARIES = {
    "nlohmann/": "nlohmann", "simdjson": "simdjson",
    "pcre2": "pcre2", "hwy/": "hwy", "event2/": "event2", "torch/": "torch",
    "ATen/": "torch", "cuda_": "cuda", "c10/": "torch", "CLI/": "CLI", "histedit": "histedit",
    "editline/": "histedit",
}
# Open to every room; the instruction-set headers only to those that run kernels.
OPEN = re.compile(r"(fmt|spdlog)/|[a-z_0-9]+$|sys/[a-z]+\.h$|arpa/|netinet/")
POSIX = {"dirent.h", "fcntl.h", "malloc.h", "pthread.h", "sched.h", "signal.h",
         "termios.h", "unistd.h", "strings.h", "poll.h", "langinfo.h",
         "locale.h"}
CPU = {"immintrin.h": {"kernels"}, "amxintrin.h": {"kernels"},
       "arm_neon.h": {"kernels"}, "cpuid.h": {"base", "kernels"},
       "asm/prctl.h": {"base", "kernels"}}
TESTING = ("gtest/", "gmock/")
# Tests may read fixtures in JSON and ask the machine what a kernel should yield.
TEST_LIBRARIES = {"nlohmann"}
TEST_FILE = re.compile(r"_test(ing)?\.(cc|h)$|_fuzz\.cc$")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
ROW = re.compile(r"^\| `([a-z/]+)` \|[^|]*\|([^|]*)\|([^|]*)\|\s*$", re.M)


def read_table(text):
    """{room: (rooms it may include, or None for all; libraries)}"""
    table = {}
    for room, rooms, libraries in ROW.findall(text):
        allowed = None if "anything" in rooms else set(re.findall(r"`([a-z/]+)`", rooms))
        table[room] = (allowed, set(re.findall(r"`(\w+)`", libraries)))
    return table


def room_of(path, table):
    """The row that a path below src/ belongs to: the longest that fits."""
    parts = path.split("/")[:-1]
    while parts and "/".join(parts) not in table:
        parts.pop()
    return "/".join(parts) or None


def library_of(name):
    """The third-party library that a header belongs to, or None."""
    return next((library for prefix, library in LIBRARIES.items()
                 if name.startswith(prefix)), None)


def within(room, other, allowed):
    """May `room` see `other`? A room sees itself and its sub-rooms' parent."""
    return allowed is None or other == room or other in allowed


def check_project(name, room, table, is_test):
    """What is wrong with including `name`, a path of ours."""
    if name.startswith("tests/"):
        return None if is_test else "only tests include tests/"
    if name.startswith("llamba/"):
        return None
    other = room_of(name, table)
    if other is None:
        return "no room of the table"
    if not within(room, other, table[room][0]):
        return f"the table has no arrow {room} -> {other}"
    return None


def check_system(name, room, table, is_test):
    """What is wrong with including `name`, a header of the system."""
    if name.startswith(TESTING):
        return None if is_test else "only tests include it"
    library = library_of(name)
    if library:
        if library in table[room][1] or (is_test and library in TEST_LIBRARIES):
            return None
        return f"{library} is not for {room}"
    if name in CPU:
        return (None if is_test or room in CPU[name]
                else f"instruction sets are not for {room}")
    if OPEN.match(name) or name in POSIX:
        return None
    return "a header that tools/check_includes.py does not know"


def check_source(path, text, table):
    """Complaints about one file, its path given below src/."""
    room = room_of(path, table)
    if room is None:
        return [f"src/{path}: lies in no room of the table"]
    is_test = TEST_FILE.search(path) is not None
    complaints = []
    for match in INCLUDE.finditer(text):
        quote, name = match.groups()
        # Highway's own headers are included in quotes, as its manual asks.
        ours = quote == '"' and library_of(name) is None
        wrong = (check_project if ours else check_system)(name, room, table, is_test)
        if wrong:
            line = text.count("\n", 0, match.start()) + 1
            complaints.append(f"src/{path}:{line}: {name}: {wrong}")
    return complaints


def check_links(path, text, table):
    """Complaints about llamba_room(NAME DEPS ...) in a CMakeLists.txt."""
    complaints = []
    text = re.sub(r"#.*", "", text)
    for name, arguments in re.findall(r"llamba_room\(\s*(\w+)([^)]*)\)", text):
        if name not in table:
            complaints.append(f"src/{path}: {name} is no room of the table")
            continue
        # A sub-room is built with its parent, so its arrows count here too.
        rows = [r for r in table if r == name or r.startswith(name + "/")]
        allowed = set()
        for row in rows:
            if table[row][0] is None:
                return complaints
            allowed |= table[row][0]
        arguments = re.split(r"\bTEST_DEPS\b|\bSUBDIRS\b", arguments)[0]
        for other in re.findall(r"\bllamba_(\w+)", arguments):
            # What is no room (llamba_version, llamba_torch) brings a library.
            if other in table and other not in allowed:
                complaints.append(
                    f"src/{path}: the table has no arrow {name} -> {other}")
    return complaints


def check(root):
    table = read_table((root / "docs/architecture.md").read_text())
    if not table:
        return ["docs/architecture.md: no table of rooms found"]
    complaints = []
    src = root / "src"
    for file in sorted(src.rglob("*")):
        path = file.relative_to(src).as_posix()
        if file.suffix in (".cc", ".h", ".cu", ".cuh"):
            complaints += check_source(path, file.read_text(), table)
        elif file.name == "CMakeLists.txt":
            complaints += check_links(path, file.read_text(), table)
    return complaints


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                        pathlib.Path(__file__).resolve().parent.parent)
    complaints = check(root)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
