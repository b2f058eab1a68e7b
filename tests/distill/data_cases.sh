# What the student reads: shards, and text that the teacher writes. Read by
# distill_test.sh.

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
  expect 1 "$distill" sample --teacher "$teacher" --openings "$tmp/shards" \
    --ask "Who is it?" -o "$tmp/x"
  err_has "no chat template"
  expect 1 "$distill" sample --teacher "$teacher" --ask "Who is it?" -o "$tmp/x"
  err_has "--ask"
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

# What has written nothing at a signal leaves nothing; what stays is whole.
case_interrupted() {
  interrupt() {
    kill "-$1" "$pid"; wait "$pid"
    [[ $? == 130 ]] || fail "SIG$1: $(cat "$tmp/err")"
  }
  for signal in INT TERM; do
    "$distill" sample --teacher "$teacher" --tokens 100000000 --threads 1 \
      -o "$tmp/none/deep" 2>"$tmp/err" &
    pid=$!; started+=("$pid"); catching "$pid"
    interrupt $signal
    [[ ! -e $tmp/none ]] || fail "sample, SIG$signal: a folder is left"
  done
  # Of an input that has more to come.
  mkfifo "$tmp/pipe"
  exec 3<>"$tmp/pipe"
  tokenize() {
    "$distill" tokenize - --teacher "$teacher" --threads 1 --shard-tokens 1 \
      -o "$tmp/$1" <&3 2>"$tmp/err" &
    pid=$!; started+=("$pid"); catching "$pid"
  }
  printf 'Once' >&3
  tokenize none/deep
  sleep 0.5
  interrupt TERM
  err_has "interrupted after writing 0 shards"
  [[ ! -e $tmp/none ]] || fail "tokenize: a folder is left"
  # A document that is a batch of its own, and ends with a block that is read.
  tokenize part
  yes "Once upon a time." | head -c $(((9 << 20) - 15)) >&3
  printf '<|end_of_text|>' >&3
  for _ in $(seq 1000); do
    [[ -f $tmp/part/00000.tokens ]] && break
    sleep 0.02
  done
  sleep 0.5
  interrupt INT
  err_has "interrupted after writing 1 shard to $tmp/part"
  [[ $(ls "$tmp/part") == 00000.tokens ]] || fail "not one shard"
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
  # What is not there is missed before the teacher writes for long.
  expect 1 timeout 60 "$distill" train "${train_flags[@]}" -o "$tmp/absent" \
    --data teacher=100000000 --data "$tmp/none"
  err_has "$tmp/none"
  [[ ! -e $tmp/absent/data ]] || fail "the teacher wrote first"
  # There is no checkpoint yet to go on from.
  start stopped --data teacher=100000000
  catching "$pid"
  kill -TERM "$pid"; wait "$pid"
  [[ $? == 130 ]] || fail "SIGTERM: $(tail -5 "$tmp/stopped.log")"
  grep -qF "interrupted while the teacher wrote" "$tmp/stopped.log" ||
    fail "$(tail -5 "$tmp/stopped.log")"
  [[ ! -e $tmp/stopped ]] || fail "a folder is left"
}
