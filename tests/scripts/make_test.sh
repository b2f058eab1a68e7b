#!/bin/bash
# What a person gives make reaches the program as it was typed.
#
#   make_test.sh REPOSITORY
set -u
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >"$tmp/llamba"
chmod +x "$tmp/llamba"
text='He said "hi" $HOME $(shell echo x) `echo ran` $$ '"it's"
# The program stands there, old enough to be left alone.
answer=$(make -s -C "$1" --no-print-directory -o engine run LLAMBA="$tmp/llamba" \
  PROMPT="$text" MODEL="$text" TOKENS='5 `echo ran`') || fail "make run: $answer"
expected="<run><$text><-p><$text><--echo><-n><5 \`echo ran\`>"
[[ $answer == "$expected" ]] || fail "expected $expected, found $answer"
# What is run is told in full, apart from the text that it writes, and as a shell
# would take it.
told=$(make -C "$1" --no-print-directory -o engine run LLAMBA="$tmp/llamba" \
  PROMPT="$text" MODEL="$text" TOKENS='5 `echo ran`' 2>&1 >/dev/null)
[[ $(eval "$told") == "$expected" ]] || fail "told: $told"
told=$(make -C "$1" --no-print-directory -o engine chat LLAMBA="$tmp/llamba" \
  MODEL="$text" 2>&1 >/dev/null)
[[ $(eval "$told") == "<chat><$text>" ]] || fail "told: $told"
answer=$(make -C "$1" --no-print-directory -o engine run LLAMBA="$tmp/llamba" \
  PROMPT=p MODEL=m TOKENS=3 2>/dev/null)
[[ $answer == "<run><m><-p><p><--echo><-n><3>" ]] || fail "beside the text: $answer"
answer=$(make -s -C "$1" --no-print-directory -o engine chat LLAMBA="$tmp/llamba" \
  MODEL="$text")
[[ $answer == "<chat><$text>" ]] || fail "make chat: $answer"
