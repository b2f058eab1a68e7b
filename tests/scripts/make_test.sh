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
answer=$(make -s -C "$1" --no-print-directory -o engine chat LLAMBA="$tmp/llamba" \
  MODEL="$text")
[[ $answer == "<chat><$text>" ]] || fail "make chat: $answer"
