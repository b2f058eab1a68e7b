#!/bin/bash
# Distils the smallest teacher in a few steps, in the ways that a run can be cut
# up, ended and spread over workers.
#
#   distill_test.sh LLAMBA-DISTILL LLAMBA CASE     (in the repository's root)
set -u
distill=$1 llamba=$2 case=$3
teacher=tests/data/stories260k.gguf
tmp=$(mktemp -d)
started=()  # processes that a failing case may leave
cleanup() {
  for pid in "${started[@]}"; do kill -9 "$pid" 2>/dev/null; done
  rm -rf "$tmp"
}
trap cleanup EXIT
export NO_COLOR=1

fail() { echo "FAILED: $*" >&2; exit 1; }
# expect CODE COMMAND...: keeps $tmp/out and $tmp/err.
expect() {
  local expected=$1; shift
  "$@" >"$tmp/out" 2>"$tmp/err"
  local code=$?
  [[ $code == "$expected" ]] ||
    fail "$*: exit $code, expected $expected: $(tail -5 "$tmp/err")"
}
err_has() { grep -qF -- "$1" "$tmp/err" || fail "no '$1' in: $(cat "$tmp/err")"; }
same_student() {
  cmp "$tmp/$1/model.safetensors" "$tmp/$2/model.safetensors" ||
    fail "the student of $2 is not that of $1"
}

# Thirty updates, ten a stage, of 4 x 64 tokens.
train_flags=(--teacher "$teacher" --device cpu --threads 1
  --set sequence_length=64 --set student.d_state=8 --set checkpoint_steps=5
  --set evaluate_steps=5 --set evaluate_sequences=4 --set logits_rows=100
  --set optimizer.clip_norm=0.5)
for stage in 1 2 3; do
  train_flags+=(--set "stage$stage.tokens=2560" --set "stage$stage.lr=1e-3"
    --set "stage$stage.batch=4" --set "stage$stage.micro_batch=2")
done
shards() {
  expect 0 "$distill" sample --teacher "$teacher" --tokens 6000 --rows 16 \
    --length 256 --device cpu --threads 1 -o "$tmp/shards"
  train_flags+=(--data "$tmp/shards" --held-out "$tmp/shards")
}
train() {
  local output=$1; shift
  "$distill" train "${train_flags[@]}" -o "$tmp/$output" "$@"
}
# after N PID NAME: waits until a run has done N updates.
after() {
  for _ in $(seq 2000); do
    [[ -f $tmp/$3/metrics.jsonl ]] &&
      (($(wc -l <"$tmp/$3/metrics.jsonl") >= $1)) && return
    kill -0 "$2" 2>/dev/null || fail "$3 ended before update $1"
    sleep 0.02
  done
  fail "$3 does not get on"
}
# start NAME ARGUMENTS...: a run in the background, its id in $pid. (Of `train &`
# it would be that of a shell.)
start() {
  "$distill" train "${train_flags[@]}" -o "$tmp/$1" "${@:2}" \
    >"$tmp/$1.log" 2>&1 &
  pid=$!
  started+=("$pid")
}
# catching PID: waits until a program in the background stops cleanly at SIGTERM.
catching() {
  for _ in $(seq 1000); do
    [[ /proc/$1/exe -ef $distill ]] &&
      grep -qs '^SigCgt:.*[4-7c-f]...$' "/proc/$1/status" && return
    sleep 0.02
  done
  fail "process $1 catches no signal"
}
# How many updates a run has logged (a line without a loss is its start).
updates() { grep -c '"loss"' "$tmp/$1/metrics.jsonl"; }

for cases in "$(dirname "$0")"/*_cases.sh; do . "$cases"; done
"case_$case"
