#!/usr/bin/env python3
"""clang-tidy over the sources of some rooms, as the .clang-tidy says.

A file is checked anew only when it, a header that it includes, its flags or the
configuration changed: what passed is remembered in the build folder.

  check_tidy.py --build DIR [--jobs N] ROOM...
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-14"
DROPPED = {"ccache", "-c"}


def commands(build, rooms):
    """(file, command) of each source of these rooms, tests apart."""
    database = json.loads((build / "compile_commands.json").read_text())
    prefixes = tuple(str(ROOT / "src" / room) + "/" for room in rooms)
    for entry in database:
        file = entry["file"]
        if file.startswith(prefixes) and not file.endswith("_test.cc"):
            yield file, shlex.split(entry["command"])


def fingerprint(build, command):
    """A hash of all that clang-tidy will read."""
    arguments = [a for a in command if os.path.basename(a) not in DROPPED]
    output = arguments.index("-o")
    del arguments[output:output + 2]
    # Comments stay in: a NOLINT is one.
    text = subprocess.run(arguments + ["-E", "-C"], cwd=build, check=True,
                          stdout=subprocess.PIPE).stdout
    key = hashlib.sha256(text)
    key.update((ROOT / ".clang-tidy").read_bytes())
    key.update("\0".join(arguments).encode())
    return key.hexdigest()


def check(build, stamps, file, command):
    """(passed, what clang-tidy said)"""
    stamp = stamps / fingerprint(build, command)
    if stamp.exists():
        return True, ""
    done = subprocess.run([TIDY, "-p", str(build), "--quiet", file],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode == 0:
        stamp.touch()
        return True, ""
    return False, done.stdout or done.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("rooms", nargs="+")
    options = parser.parse_args()
    stamps = options.build / "tidy"
    stamps.mkdir(exist_ok=True)
    work = list(commands(options.build, options.rooms))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda w: check(options.build, stamps, *w), work)
        for passed, text in results:
            failed += not passed
            print(text, end="")
    print(f"clang-tidy: {len(work)} files, {failed} with complaints")
    return 1 if failed or not work else 0


if __name__ == "__main__":
    sys.exit(main())
