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

case_resume() {
  shards
  expect 0 train whole
  start cut
  after 4 "$pid" cut
  kill -TERM "$pid"; wait "$pid"
  [[ $? == 3 ]] || fail "SIGTERM: $(tail -5 "$tmp/cut.log")"
  start cut --resume
  after 14 "$pid" cut
  kill -9 "$pid"; wait "$pid" 2>/dev/null
  expect 1 train cut
  err_has "pass --resume"
  expect 0 train cut --resume
  same_student whole cut
  # The metrics too, but for the speed of the machine.
  for run in whole cut; do
    sed -E 's/"(tokens_per_second|peak_share)":[^,}]*//g' \
      "$tmp/$run/metrics.jsonl" >"$tmp/$run.m"
  done
  cmp "$tmp/whole.m" "$tmp/cut.m" || fail "the metrics differ"
  cmp "$tmp/whole/maps.jsonl" "$tmp/cut/maps.jsonl" || fail "the maps differ"
  [[ $(ls "$tmp/cut/checkpoints" | wc -l) == 2 ]] || fail "checkpoints pile up"
  # A run that is done writes what it makes again; it needs no data for that.
  rm "$tmp/cut"/{model.safetensors,config.json,recipe.json} "$tmp/shards"/*
  expect 0 train cut --resume
  same_student whole cut
  cmp "$tmp/whole/config.json" "$tmp/cut/config.json" || fail "config.json"
  # Without its checkpoints it is not written over.
  rm -r "$tmp/cut/checkpoints"
  for flag in '' --resume; do
    expect 1 train cut $flag
    err_has "cut/config.json: is there already; give another folder"
  done
  same_student whole cut
}

# What a stage has learnt outlives a student that cannot be written.
case_unwritten() {
  shards
  mkdir -p "$tmp/run/model.safetensors"
  expect 1 train run
  err_has "run/model.safetensors"
  rmdir "$tmp/run/model.safetensors"
  expect 0 train run --resume
  err_has "going on from $tmp/run/checkpoints/stage4-00000000"
  [[ $(updates run) == 30 ]] || fail "stage 3 was trained again"
}

# The optimizer of a stage that is left out on the way is not the next one's.
case_left_out() {
  shards
  expect 3 train run --minutes 0.00001 --resume
  err_has "run: no checkpoint to go on from: the run begins anew"
  expect 0 train run --resume --set stage1.tokens=0
  [[ $(updates run) == 21 ]] || fail "not two stages more"
}

# A large update takes its time: what a signal does is said before, and a second
# one need not wait.
case_signals() {
  shards
  start slow --set stage1.batch=100000 --set stage1.tokens=640000000
  for _ in $(seq 1000); do
    [[ -f $tmp/slow/recipe.json ]] && break
    sleep 0.02
  done
  sleep 0.5
  kill -TERM "$pid"
  for _ in $(seq 100); do
    grep -q "stopping when this update is done" "$tmp/slow.log" && break
    sleep 0.1
  done
  grep -q "stopping when this update is done" "$tmp/slow.log" ||
    fail "nothing is said: $(tail -5 "$tmp/slow.log")"
  kill -0 "$pid" || fail "the first signal ended it"
  sleep 0.6
  kill -TERM "$pid"; wait "$pid"
  [[ $? == 143 ]] || fail "the second signal: $(tail -5 "$tmp/slow.log")"
}

# --threads also holds for a BLAS that starts threads of its own.
case_threads() {
  shards
  for n in 1 2; do
    expect 0 env OPENBLAS_NUM_THREADS=$n "$distill" train "${train_flags[@]}" \
      -o "$tmp/$n"
  done
  same_student 1 2
}

# std::filesystem has to come from libstdc++, not from a libtorch that exports
# parts of one.
case_linking() {
  local needed
  needed=$(readelf -d "$distill" | grep -oE 'lib(stdc\+\+|torch[a-z_]*)\.so' |
    head -1)
  [[ $needed == "libstdc++.so" ]] || fail "the first library is $needed"
}

case_minutes() {
  shards
  expect 0 train whole
  expect 3 train pieces --minutes 0.00001
  [[ $(updates pieces) == 1 ]] || fail "more than one update"
  expect 3 train pieces --minutes 0.00001 --resume
  expect 0 train pieces --resume
  same_student whole pieces
  # From weights alone, with another schedule.
  expect 0 train other --init "$tmp/pieces" --set stage1.tokens=0 \
    --set stage2.tokens=0 --set stage3.lr=1e-4
  [[ $(updates other) == 10 ]] || fail "stage 3 alone"
}

# How many updates a run has logged (a line without a loss is its start).
updates() { grep -c '"loss"' "$tmp/$1/metrics.jsonl"; }
# workers N NAME ARGUMENTS...: starts them; ids in $workers.
start_workers() {
  local size=$1 name=$2; shift 2
  export MASTER_ADDR=127.0.0.1 MASTER_PORT=$((20000 + RANDOM % 20000))
  workers=()
  for ((rank = 0; rank < size; ++rank)); do
    RANK=$rank WORLD_SIZE=$size LOCAL_RANK=$rank \
      "$distill" train "${train_flags[@]}" -o "$tmp/$name" "$@" \
      >"$tmp/$name.$rank" 2>&1 &
    workers+=($!)
    started+=($!)
  done
}
losses() { sed -n 's/.*"loss":\([^,]*\),.*/\1/p' "$tmp/$1/metrics.jsonl"; }

# The sums run in another order, so that losses differ by roundings of float32
# that thirty updates let grow.
case_workers() {
  shards
  expect 0 train one
  start_workers 2 two
  for pid in "${workers[@]}"; do
    wait "$pid" || fail "a worker: $(tail -n 5 "$tmp"/two.?)"
  done
  grep -qF "waiting at 127.0.0.1:$MASTER_PORT for 2 workers in all" "$tmp/two.0" ||
    fail "no word of the wait: $(head -5 "$tmp/two.0")"
  paste <(losses one) <(losses two) | awk '
    { d = ($1 - $2) / $1; if (d < 0) d = -d; if (d > worst) worst = d }
    END { print NR " updates, largest relative difference " worst
          exit !(NR == 30 && worst < 1e-4) }' || fail "losses of 1 and 2 workers"
  # A batch that is not read need not fit the workers.
  start_workers 2 odd --set stage1.batch=3 --set stage1.tokens=0 \
    --set stage2.tokens=0 --set stage3.tokens=256
  for pid in "${workers[@]}"; do
    wait "$pid" || fail "a worker: $(tail -n 5 "$tmp"/odd.?)"
  done
}

case_lost_worker() {
  shards
  start_workers 2 lost --set stage3.tokens=2560000
  after 6 "${workers[0]}" lost
  kill -9 "${workers[1]}"
  for _ in $(seq 600); do
    kill -0 "${workers[0]}" 2>/dev/null || break
    sleep 0.1
  done
  kill -0 "${workers[0]}" 2>/dev/null && fail "the other worker hangs"
  wait "${workers[0]}"
  [[ $? == 1 ]] || fail "the other worker: exit $?"
  grep -qF "lost the others" "$tmp/lost.0" || fail "$(tail -5 "$tmp/lost.0")"
  # On another number of workers.
  expect 0 train lost --resume
}

case_tokenize() {
  printf 'Once upon a time.\n<|end_of_text|>\nThe end.' >"$tmp/a.txt"
  printf '{"text": "One day."}\n{"text": 3}\n' >"$tmp/b.jsonl"
  expect 0 "$distill" tokenize "$tmp/a.txt" --teacher "$teacher" -o "$tmp/t"
  err_has "2 documents"
  expect 0 "$distill" tokenize - --teacher "$teacher" -o "$tmp/stdin" <"$tmp/a.txt"
  cmp "$tmp/t/00000.tokens" "$tmp/stdin/00000.tokens" || fail "standard input"
  expect 0 "$distill" tokenize <(cat "$tmp/a.txt") --teacher "$teacher" \
    -o "$tmp/pipe"
  cmp "$tmp/t/00000.tokens" "$tmp/pipe/00000.tokens" || fail "a pipe"
  expect 0 "$distill" tokenize "$tmp/a.txt" --teacher "$teacher" -o "$tmp/two" \
    --shard-tokens 1
  err_has "2 shards"
  # Shards of an earlier run would be read with the new ones; they stay.
  expect 1 "$distill" tokenize "$tmp/b.jsonl" --teacher "$teacher" -o "$tmp/t"
  err_has "t/00000.tokens: is there already"
  cmp "$tmp/t/00000.tokens" "$tmp/pipe/00000.tokens" || fail "it was replaced"
  # What gives nothing leaves nothing.
  refused() {
    expect 1 "$distill" tokenize "$1" --teacher "$teacher" -o "$tmp/none"
    err_has "$2"
    [[ ! -e $tmp/none ]] || fail "$1: a folder is left"
  }
  : >"$tmp/empty.txt"
  printf 'One.<|end_of_text|>Tw\377o.' >"$tmp/latin.txt"
  refused "$tmp/b.jsonl" "b.jsonl: line 2"
  refused "$tmp/empty.txt" "empty.txt: expected text, found none"
  echo '{"messages": [{"role": "user", "content": "Hi."}]}' >"$tmp/chat.jsonl"
  refused "$tmp/chat.jsonl" "chat.jsonl: line 1: messages need a chat template"
  refused "$tmp/latin.txt" "latin.txt: document 2: invalid UTF-8 at byte 2"
  refused "$tmp/absent" "absent: no such file"
  refused "$tmp" "$tmp: expected a file, found a directory"
  refused /dev/null "/dev/null: expected text, found none"
  expect 1 "$distill" tokenize "$tmp/a.txt" --teacher "$teacher" -o /proc
  err_has "/proc/00000.tokens: cannot create"
}

case_sample() {
  shards
  mv "$tmp/shards" "$tmp/first"
  shards
  cmp "$tmp/first/sampled-0.tokens" "$tmp/shards/sampled-0.tokens" ||
    fail "the same seed gave other text"
  # An earlier text stays; what cannot be written is not begun.
  expect 1 timeout 60 "$distill" sample --teacher "$teacher" \
    --tokens 100000000 -o "$tmp/shards"
  err_has "sampled-0.tokens: is there already; give another --seed or folder"
  expect 1 timeout 60 "$distill" sample --teacher "$teacher" \
    --tokens 100000000 -o /proc
  err_has "/proc/sampled-0.tokens: cannot create"
  expect 0 "$distill" sample --teacher "$teacher" --tokens 6000 --rows 16 \
    --length 256 --device cpu --seed 1 -o "$tmp/shards"
  cmp -s "$tmp/shards/sampled-0.tokens" "$tmp/shards/sampled-1.tokens" &&
    fail "another seed gave the same text"
  expect 0 "$distill" sample --teacher "$teacher" --tokens 6000 --rows 16 \
    --length 256 --device cpu --prompt "Lily and Tom" -o "$tmp/prompted"
  local shard=$tmp/prompted/sampled-0.tokens documents begin
  documents=$(od -An -tu8 -j16 -N8 "$shard")  # data/token_shard.h
  begin=$(od -An -tu2 -w40 -j$((64 + 8 * documents)) -N40 "$shard")
  expect 0 "$llamba" tokenize "$teacher" --decode -p "$(echo $begin)"
  grep -q "^ *Lily and Tom" "$tmp/out" ||
    fail "the first text does not begin with the prompt: $(cat "$tmp/out")"
  expect 0 "$distill" sample --teacher "$teacher" --tokens 3000 --rows 8 \
    --length 64 --device cpu --openings "$tmp/shards" --opening-tokens 24 \
    -o "$tmp/opened"
  shard=$tmp/opened/sampled-0.tokens
  documents=$(od -An -tu8 -j16 -N8 "$shard")
  begin=$(od -An -tx1 -w48 -j$((66 + 8 * documents)) -N48 "$shard")  # without <s>
  od -An -tx1 -v -w1048576 -j64 "$tmp"/shards/sampled-*.tokens | tr -d '\n' |
    grep -q -- "$begin" || fail "the first text goes on from no piece: $begin"
  expect 1 "$distill" sample --teacher "$teacher" --openings "$tmp/shards" \
    --opening-tokens 2000 --length 4000 -o "$tmp/x"
  err_has "expected documents of more than 2000 tokens to open texts with"
  expect 1 "$distill" sample --teacher "$teacher" --openings "$tmp/shards" \
    --length 96 -o "$tmp/x"
  err_has "a beginning of 97 tokens leaves no room in texts of 96"
  expect 1 "$distill" sample --teacher "$teacher" --opening-tokens 8 -o "$tmp/x"
  err_has "--opening-tokens"
  expect 1 "$distill" sample --teacher "$teacher" --conversations -o "$tmp/x"
  err_has "no chat template"
  expect 1 "$distill" sample --teacher "$teacher" --length 4 \
    --prompt "Once upon a time there was a little girl" -o "$tmp/x"
  err_has "leaves no room in texts of 4"
  [[ ! -e $tmp/x ]] || fail "an empty folder is left"
  expect 1 "$distill" sample --teacher "$teacher" --length 1 -o "$tmp/x"
  err_has "--length: expected a whole number from 2 up, found '1'"
  expect 1 "$distill" sample --teacher "$teacher" --seed -1 -o "$tmp/x"
  err_has "--seed: expected a whole number from 0 to 18446744073709551615"
  expect 1 "$distill" sample --teacher "$teacher" --tokens 0 -o "$tmp/x"
  err_has "--tokens: expected a whole number from 1 up, found '0'"
  : >"$tmp/file"
  expect 1 "$distill" sample --teacher "$teacher" -o "$tmp/file"
  err_has "$tmp/file: Not a directory"
  # What a signal leaves, if anything, is whole; the code tells of it.
  (trap - INT; exec "$distill" sample --teacher "$teacher" --tokens 100000000 \
    --rows 16 --length 32 --threads 1 -o "$tmp/part" 2>"$tmp/err") &
  local pid=$!
  started+=("$pid")
  sleep 2
  kill -INT "$pid"; wait "$pid"
  [[ $? == 130 ]] || fail "SIGINT: $(cat "$tmp/err")"
  [[ $(ls "$tmp/part") =~ ^(sampled-0.tokens)?$ ]] || fail "not one whole shard"
}

case_errors() {
  expect 0 "$distill" --help
  expect 0 "$distill" train --help
  cp "$tmp/out" "$tmp/help"
  expect 0 "$distill" help train
  cmp "$tmp/out" "$tmp/help" || fail "help train is not train --help"
  expect 1 "$distill" trian
  err_has "Did you mean 'train'?"
  expect 1 train none
  err_has "no data given"
  [[ ! -e $tmp/none ]] || fail "an empty folder is left"
  # Data of the command line are in place of the recipe's, unless --set asks.
  sampled() { sed -n '/"sample"/,/}/p' "$tmp/out" | grep -E '"(held_out_)?tokens"'; }
  local mini=(train --recipe recipes/stories260k.json --print-recipe --data x)
  expect 0 "$distill" "${mini[@]}"
  [[ $(sampled) =~ 8192.*\"tokens\":\ 0, ]] || fail "--data: $(sampled)"
  expect 0 "$distill" "${mini[@]}" --held-out y --set sample.tokens=9
  [[ $(sampled) =~ \"held_out_tokens\":\ 0,.*\"tokens\":\ 9, ]] ||
    fail "--held-out: $(sampled)"
  expect 1 "$distill" layers --teacher "$teacher" --seed -1
  err_has "--seed: expected a whole number from 0 to 18446744073709551615"
  expect 1 "$distill" train -o "$tmp/none"
  err_has "no teacher given (name one with --teacher)"
  expect 1 "$distill" train --teacher "$teacher"
  err_has "train: --output is required"
  err_has "train --help"
  # What is read is not written over, nor the root of the file system.
  expect 0 "$llamba" convert "$teacher" -o "$tmp/hf"
  expect 1 "$distill" train --teacher "$tmp/hf" -o "$tmp/hf"
  err_has "$tmp/hf: expected another place than that of $tmp/hf, which is read"
  expect 1 train hf --init "$tmp/hf"
  err_has "$tmp/hf: expected another place than that of $tmp/hf, which is read"
  mkdir -p "$tmp/own/data"
  expect 1 train own --data "$tmp/own/data" --data teacher=100
  err_has "own/data: expected another place"
  expect 1 "$distill" sample --teacher "$teacher" -o ""
  err_has "--output: expected DIR, found nothing"
  expect 1 "$distill" tokenize "" --teacher "$teacher" -o "$tmp/none"
  err_has "FILES: expected FILE, found nothing"
  expect 1 train none --keep-attention 1,x
  err_has "--keep-attention: expected a whole number from 0"
  expect 1 train none --recipe recipes/stories260k.json --set stage1.tokens=-1
  err_has "--set stage1.tokens=-1: stage1.tokens: expected 0 or more"
  shards
  expect 1 train none --data "$tmp/shards=much"
  err_has 'expected a weight above 0 behind =, found "much"'
  for weight in inf nan 0; do
    expect 1 train none --data "$tmp/shards=$weight"
    err_has "expected a weight above 0 behind =, found \"$weight\""
  done
  expect 1 train none --data =2
  err_has "--data =2: expected a path, found none"
  expect 1 train none --data "$tmp/shards=1:0"
  err_has 'found tokens "0"'
  expect 1 train none --data "$tmp/shards=1:64x"
  err_has 'expected PATH=WEIGHT:TOKENSxCOPIES, found copies ""'
  expect 1 train none --data "$tmp/shards=1:64x1001"
  err_has "data.copies: expected 1 to 1000, found 1001"
  expect 1 train none --set stage1.lrr=1
  err_has "unknown key \"stage1.lrr\""
  expect 1 train none --set student.keep_attention=[9]
  err_has "keep_attention names layer 9"
  expect 1 train none --keep-attention 0,1,2,3,4
  err_has "keep_attention names all 5 layers"
  [[ ! -e $tmp/none ]] || fail "a folder is left"
  # Before the data are read, which here do not exist.
  expect 1 train none --data "$tmp/absent" --set sequence_length=513
  err_has "sequence_length: expected 512 (the context length of $teacher) at most"
  err_has "found 513"
  expect 1 train none --set stage1.lr=1e30 --set optimizer.clip_norm=0
  err_has "stage1, step 1: the gradient is not finite: lower stage1.lr"
  err_has "and begin anew"
  expect 1 env MASTER_PORT=65536 "$distill" train --teacher "$teacher" -o "$tmp/x"
  err_has 'MASTER_PORT: expected a number from 1 to 65535, found "65536"'
}

case_student() {
  expect 0 train own --data teacher=4000 --set sample.rows=8 \
    --set sample.length=128 --set sample.held_out_tokens=600 --keep-attention 1
  [[ -f $tmp/own/data/train.tokens ]] || fail "the teacher wrote nothing"
  grep -q '"evaluation"' "$tmp/own/metrics.jsonl" || fail "no evaluation"
  expect 0 "$llamba" inspect "$tmp/own"
  expect 0 "$llamba" convert "$tmp/own" -o "$tmp/own.gguf" --tokenizer "$teacher"
  expect 0 "$llamba" run "$tmp/own.gguf" -p "Once upon" -n 4
}

# The teacher's text belongs to a run and its recipe.
case_written() {
  train_flags+=(--data teacher=2000 --set sample.rows=8 --set sample.length=64)
  local text=$tmp/own/data/train.tokens
  expect 3 train own --minutes 0.00001
  cp "$text" "$tmp/first"
  rm -r "$tmp/own/checkpoints"
  expect 3 train own --minutes 0.00001 --set sample.temperature=0.5
  cmp -s "$text" "$tmp/first" && fail "the text of another recipe was kept"
  [[ $(grep -c '"step":0' "$tmp/own/maps.jsonl") == 1 ]] ||
    fail "the maps of an earlier run were kept"
  cp "$text" "$tmp/second"
  expect 3 train own --minutes 0.00001 --resume --set stage1.lr=0.002
  err_has "recipe differs from the checkpoint's: sample.temperature 0.5 -> 1"
  err_has "recipe differs from the checkpoint's: stage1.lr 0.001 -> 0.002"
  err_has "train.tokens: stays as the teacher wrote it"
  cmp "$text" "$tmp/second" || fail "a resumed run wrote another text"
  expect 3 train own --minutes 0.00001 --resume --set stage1.lr=0.002
  grep -q differs "$tmp/err" && fail "the same recipe: $(cat "$tmp/err")"
  # There is no checkpoint yet to go on from.
  start stopped --data teacher=100000000
  for _ in $(seq 1000); do
    [[ -d $tmp/stopped/data ]] && break
    sleep 0.02
  done
  kill -TERM "$pid"; wait "$pid"
  [[ $? == 130 ]] || fail "SIGTERM: $(tail -5 "$tmp/stopped.log")"
  grep -qF "interrupted while the teacher wrote" "$tmp/stopped.log" ||
    fail "$(tail -5 "$tmp/stopped.log")"
}

case_average() {
  shards
  expect 0 train one
  expect 0 train other --set seed=1
  # The mean of a student and itself is that student.
  expect 0 "$distill" average "$tmp/one=2" "$tmp/one=2" -o "$tmp/same"
  same_student one same
  expect 0 "$distill" average "$tmp/one=0.5" "$tmp/other=1.5" -o "$tmp/mean"
  cmp -s "$tmp/other/model.safetensors" "$tmp/mean/model.safetensors" &&
    fail "the mean is one of the two"
  # Weights are shares of their sum.
  expect 0 "$distill" average "$tmp/one" "$tmp/other=3" -o "$tmp/again"
  same_student mean again
  expect 0 "$llamba" run "$tmp/mean" -p "Once upon a time" -n 4
  expect 1 "$distill" average "$tmp/one" "$teacher" -o "$tmp/x"
  err_has "expected a student, found a Llama"
  expect 0 train narrow --set student.d_state=4
  expect 1 "$distill" average "$tmp/one" "$tmp/narrow" -o "$tmp/x"
  err_has "in_proj.weight': expected (264, 64) as in the first student, found (200,"
  expect 1 "$distill" average "$tmp/one=-1" "$tmp/other" -o "$tmp/x"
  err_has "one=-1: expected a weight above 0 behind =, found \"-1\""
  expect 1 "$distill" average "$tmp/one" "$tmp/other" -o "$tmp/mean"
  err_has "$tmp/mean/config.json: is there already; give another folder"
  expect 1 "$distill" average "$tmp/one" "$tmp/other" -o "$tmp/one"
  err_has "$tmp/one: expected another place than that of $tmp/one, which is read"
  expect 1 "$distill" average "$tmp/one" -o "$tmp/x"
  err_has "STUDENT: expected two or more, found one"
  expect 1 "$distill" average "$tmp/one" "$tmp/other" -o "$tmp/x.gguf"
  err_has "expected a folder, found the name of a file"
  err_has "llamba convert"
}

# The recipe that the README shows, whole: 0.183 nats and 0.792 when last run.
case_recipe() {
  expect 0 "$distill" train --recipe recipes/stories260k.json --device cpu \
    --threads 1 -o "$tmp/mini"
  tail -1 "$tmp/mini/metrics.jsonl" | grep -o '"evaluation".*'
  tail -1 "$tmp/mini/metrics.jsonl" |
    sed -n 's/.*"evaluation".*"kl":\([^,]*\),"top1_agreement":\([^,]*\),.*/\1 \2/p' |
    awk '{ n = NR; good = $1 < 0.3 && $2 > 0.72 } END { exit !(n == 1 && good) }' ||
    fail "the student is too far from its teacher"
  expect 0 "$llamba" run "$tmp/mini" -p "Once upon a time" -n 8
}

# A page of its own: nothing is loaded from elsewhere, no text ends the script.
case_report() {
  shards
  expect 0 train run --set student.memory=20
  [[ -f $tmp/run/report.html ]] || fail "train wrote no report"
  expect 0 "$distill" report "$tmp/run" -o "$tmp/page.html"
  cmp "$tmp/run/report.html" "$tmp/page.html" || fail "another report"
  grep -qE '(src|href)=|@import|url\(' "$tmp/page.html" && fail "it loads things"
  for part in '"stages":[{"stage":1' '"layers":' '"evaluations":' '"heads":' \
      '"peak":' '"name":"start"'; do
    grep -qF -- "$part" "$tmp/page.html" || fail "no $part in the report"
  done
  expect 1 "$distill" report "$tmp/run" -o "$tmp/run/metrics.jsonl"
  err_has "expected another place"
  expect 1 "$distill" report "$tmp/absent"
  err_has "absent/metrics.jsonl"
  mkdir "$tmp/empty"
  expect 1 "$distill" report "$tmp/empty"
  err_has "metrics.jsonl"
  echo '{"stage": 1, "step": "x"}' >"$tmp/empty/metrics.jsonl"
  expect 1 "$distill" report "$tmp/empty"
  err_has "metrics.jsonl: line 1"
}

"case_$case"
