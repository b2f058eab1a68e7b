#!/bin/bash
# Every script in scripts/ explains itself, refuses an unknown flag, and does
# nothing more then.
#
#   usage_test.sh SCRIPTS
set -u
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

# Some look for the repository around them.
cp -r "$1" "$tmp/scripts"
files() { (cd "$tmp" && find . | sort); }
before=$(files)
cd "$tmp" || exit 1
for script in scripts/*; do
  name=${script##*/}
  [[ $name == usage.sh ]] && continue  # sourced by the others
  for flag in -h --help; do
    out=$("$script" "$flag" 2>&1 </dev/null) || fail "$name $flag: exit $?"
    [[ $out == "$name"* ]] || fail "$name $flag: $out"
    [[ $out != *"set -"* ]] || fail "$name $flag shows its code: $out"
  done
  out=$("$script" --nonsense 2>&1 </dev/null)
  code=$?
  [[ $code == 2 ]] || fail "$name --nonsense: exit $code, expected 2"
  [[ $out == *"--nonsense"* ]] || fail "$name --nonsense: $out"
  [[ $(files) == "$before" ]] || fail "$name wrote files: $(files)"
done
