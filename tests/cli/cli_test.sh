#!/bin/bash
# The program as a person meets it: exit codes, messages, texts, files, signals.
#
#   cli_test.sh LLAMBA MODEL-CANDIDATE... -- CASE
#
# The first model that exists is used; without one, cases that need it exit 77.
set -u
llamba=$1; shift
model=
while [[ $1 != -- ]]; do
  [[ -z $model && -e $1 ]] && model=$1
  shift
done
case=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export HOME=$tmp XDG_STATE_HOME=$tmp/state NO_COLOR=1

fail() { echo "FAILED: $*" >&2; exit 1; }
need_model() {
  [[ -n $model ]] || { echo "skipped: needs the small model"; exit 77; }
}
# run EXPECTED-CODE ARGUMENTS...: keeps $tmp/out and $tmp/err.
run() {
  local expected=$1; shift
  "$llamba" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
  local code=$?
  [[ $code == "$expected" ]] ||
    fail "llamba $*: exit $code, expected $expected: $(cat "$tmp/err")"
}
out_has() { grep -qF -- "$1" "$tmp/out" || fail "no '$1' in: $(cat "$tmp/out")"; }
err_has() { grep -qF -- "$1" "$tmp/err" || fail "no '$1' in: $(cat "$tmp/err")"; }
same() { [[ $1 == "$2" ]] || fail "expected '$2', found '$1'"; }
err_lacks() { ! grep -qF -- "$1" "$tmp/err" || fail "'$1' in: $(cat "$tmp/err")"; }
# Where a command was interrupted: nothing but what was there before.
only_files() { same "$(cd "$1" && echo *)" "$2"; }
text() { cat "$tmp/out"; echo .; }  # the dot keeps line breaks at the end

# The reference: golden.json beside the model, decoded by sentencepiece.
prompt="Once upon a time, there was a little girl named Lily. She loved to play \
outside in the park. One day, she saw a big, red ball."
teacher=$(dirname "$0")/../data/stories260k.gguf
greedy=" She wanted to play with it, but it was too high. She wanted to play \
with it, but she didn't want to play with it.
L"

for cases in "$(dirname "$0")"/*_cases.sh; do . "$cases"; done
"case_$case"
