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
text() { cat "$tmp/out"; echo .; }  # the dot keeps line breaks at the end

# The reference: golden.json beside the model, decoded by sentencepiece.
prompt="Once upon a time, there was a little girl named Lily. She loved to play \
outside in the park. One day, she saw a big, red ball."
teacher=$(dirname "$0")/../data/stories260k.gguf
greedy=" She wanted to play with it, but it was too high. She wanted to play \
with it, but she didn't want to play with it.
L"

case_help() {
  run 0; out_has "Type this first:"; out_has "llamba run "
  run 0 --help; out_has "Commands:"
  run 0 help; out_has "Commands:"
  run 0 run --help; out_has "--prompt"; out_has "Examples:"
  run 0 help run; out_has "--prompt"
  run 0 --version; grep -qE '^llamba [0-9]+\.[0-9]+\.[0-9]+$' "$tmp/out" || fail version
  run 1 help rnu; err_has "Did you mean 'run'?"
}

# The first thing to type names the model that was installed with the program.
case_installed() {
  mkdir -p "$tmp/bin" "$tmp/share/llamba/models"
  cp "$llamba" "$tmp/bin/llamba"
  llamba=$tmp/bin/llamba
  local first=models/smollm2-135m-llamba.q4_k.gguf
  run 0; out_has "llamba chat $first"; : >"$tmp/share/llamba/$first"
  run 0; out_has "llamba chat $tmp/share/llamba/$first"
}

case_misspelt() {
  run 1 rnu x; err_has "no command 'rnu'. Did you mean 'run'?"
  run 1 run x --promt y; err_has "no flag '--promt'. Did you mean '--prompt'?"
  run 1 run; err_has "MODEL is required"; err_has "llamba run --help"
  run 1 run x -n many; err_has "many"
  run 1 run x --dtype f33; err_has "Did you mean 'f32'?"
  same "$(cat "$tmp/out")" ""
}

case_completion() {
  run 0 completion bash
  bash -n "$tmp/out" || fail "completion is not bash"
  complete_words() {  # the words that bash would offer
    bash -c 'compopt() { :; }; source "$1"; shift
             COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _llamba
             echo "${COMPREPLY[*]}"' _ "$tmp/out" "$@"
  }
  same "$(complete_words llamba tok)" tokenize
  same "$(complete_words llamba run --dt)" --dtype
  same "$(complete_words llamba run m --dtype b)" bf16
  same "$(complete_words llamba help chat)" chat
  run 1 completion fish; err_has "expected bash"
}

case_manual() {
  run 0 help --man
  cp "$tmp/out" "$tmp/llamba.1"
  if command -v mandoc >/dev/null; then
    mandoc -Tlint "$tmp/llamba.1" || fail "mandoc -Tlint"
    mandoc -Tutf8 "$tmp/llamba.1" | col -b >"$tmp/page"
  elif command -v man >/dev/null; then
    MANWIDTH=80 man -l "$tmp/llamba.1" | col -b >"$tmp/page"
  else
    echo "skipped: neither mandoc nor man"; exit 77
  fi
  grep -q -- "--prompt" "$tmp/page" || fail "no flags in the page"
}

case_distill() {
  [[ -e $(dirname "$llamba")/llamba-distill ]] && { echo "skipped: it is built"; exit 77; }
  PATH=/nowhere "$llamba" distill --help 2>"$tmp/err"; same $? 1
  err_has "llamba-distill is not installed"
  mkdir "$tmp/bin"
  printf '#!/bin/sh\necho "got $*"\nexit 7\n' >"$tmp/bin/llamba-distill"
  chmod +x "$tmp/bin/llamba-distill"
  PATH=$tmp/bin:$PATH run 7 distill stage1 --lr 3; out_has "got stage1 --lr 3"
}

case_run() {
  need_model
  run 0 run "$model" -p "$prompt" -n 40 --greedy
  same "$(text)" "$greedy"$'\n'.
  err_has "45 tokens read"; err_has "token limit"
  printf '%s' "$prompt" >"$tmp/prompt"
  run 0 run "$model" -f "$tmp/prompt" -n 40 --greedy -q
  same "$(text)" "$greedy"$'\n'.
  same "$(cat "$tmp/err")" ""
  same "$("$llamba" run "$model" -n 40 --greedy -q <"$tmp/prompt")" "$greedy"
  run 0 run "$model" -p "$prompt" -n 40 --greedy --echo
  same "$(text)" "$prompt$greedy"$'\n'.
  run 0 run "$model" -p "$prompt" -n 40 --greedy --stop "too high" --stop zebra
  same "$(text)" " She wanted to play with it, but it was "$'\n'.
  run 0 run "$model" -p "$prompt" -n 0; same "$(text)" $'\n'.
  run 0 run "$model" -p "" -n 5 --greedy; out_has "Once upon a"
}

case_json() {
  need_model
  run 0 run "$model" -p "$prompt" -n 3 --greedy --json --seed 5
  out_has '"text": " She wanted"'; out_has '"new_tokens": 3'
  out_has '"stop_reason": "token limit"'; out_has '"seed": 5'
  out_has '"prompt_tokens": 45'
}

case_sampling() {
  need_model
  run 0 run "$model" -p "$prompt" -n 30 -q --seed 1; local a; a=$(text)
  run 0 run "$model" -p "$prompt" -n 30 -q --seed 1; same "$(text)" "$a"
  run 0 run "$model" -p "$prompt" -n 30 -q --seed 2; [[ $(text) != "$a" ]] || fail "seed"
  run 0 run "$model" -p "$prompt" -n 3 -q --greedy --logit-bias 338-inf
  [[ $(text) != " She"* ]] || fail "a forbidden token was chosen"
  run 1 run "$model" -p x --logit-bias nonsense; err_has "--logit-bias"
  run 1 run "$model" -p x --top-p 2; err_has "top-p: expected 0 to 1, found 2"
  run 1 run "$model" -p x --logit-bias 99999+1; err_has "token 99999"
}

case_state() {
  need_model
  local flags=(-q --seed 3 --temperature 0.9 --repeat-penalty 1.1) whole
  run 0 run "$model" -p "$prompt" -n 40 "${flags[@]}"; whole=$(text)
  run 0 run "$model" -p "$prompt" -n 15 "${flags[@]}" --save-state "$tmp/s"
  cp "$tmp/out" "$tmp/first"
  run 0 run "$model" --load-state "$tmp/s" -n 25 "${flags[@]}"
  same "$(cat "$tmp/first" "$tmp/out"; echo .)" "$whole"
  # More text behind it: as if both had been one prompt.
  run 0 run "$model" -p "$prompt She" -n 10 --greedy -q; whole=$(text)
  run 0 run "$model" -p "$prompt" -n 0 -q --save-state "$tmp/s"
  run 0 run "$model" --load-state "$tmp/s" -p " She" -n 10 --greedy -q
  same "$(text)" "$whole"
  # What is no such file is refused.
  run 1 run "$model" --load-state "$tmp/none"; err_has "$tmp/none"
  head -c 1000 "$tmp/s" >"$tmp/cut"
  run 1 run "$model" --load-state "$tmp/cut"; err_has "$tmp/cut"
  printf 'x' | dd of="$tmp/s" bs=1 seek=3000 conv=notrunc 2>/dev/null
  run 1 run "$model" --load-state "$tmp/s"; err_has "$tmp/s"
}

case_bad_input() {
  need_model
  run 1 run "$tmp/none.gguf" -p x; err_has "$tmp/none.gguf"
  run 1 run "$model" -f "$tmp/none.txt"; err_has "$tmp/none.txt"
  run 1 run "$model" -f "$tmp"; err_has "$tmp"
  printf 'ab\xff' >"$tmp/bad"
  run 1 run "$model" -f "$tmp/bad"; err_has "invalid UTF-8 at byte 2"
  run 1 run "$model" --chat -p x; err_has "no chat template"
  run 1 run "$model" -p x -f y; err_has "excludes"
  run 1 run "$model" -p x --isa z80; err_has "z80"
  run 1 run "$model" -p x --tokenizer "$tmp"; err_has "$tmp"
  printf 'not a model' >"$tmp/file"
  run 1 run "$tmp/file" -p x; err_has "$tmp/file"
  "$llamba" run "$model" -p x -n 3 -q >/dev/full 2>"$tmp/err" &&
    fail "a full disk went unnoticed"
  err_has "No space left on device"
}

case_pipe() {
  need_model
  # A reader that stops early ends the program soon and quietly.
  timeout 60 "$llamba" run "$model" -p "$prompt" -n -1 --ignore-end -q \
    2>"$tmp/err" | head -c 20 >"$tmp/out"
  [[ ${PIPESTATUS[0]} != 124 ]] || fail "it went on without a reader"
  same "$(wc -c <"$tmp/out")" 20
  same "$(cat "$tmp/err")" ""
}

case_interrupt() {
  need_model
  (trap - INT; exec "$llamba" run "$model" -p "$prompt" -n -1 --ignore-end \
    --save-state "$tmp/s" >"$tmp/out" 2>"$tmp/err") &
  local pid=$!
  for _ in $(seq 100); do [[ -s $tmp/out ]] && break; sleep 0.1; done
  kill -INT "$pid"
  wait "$pid"; same $? 130
  err_has "cancelled"
  [[ -s $tmp/s ]] || fail "the state was not saved"
  run 0 run "$model" --load-state "$tmp/s" -n 5
}

case_tokenize() {
  need_model
  run 0 tokenize "$model" -p "Once upon a time" --ids
  same "$(cat "$tmp/out")" "1 403 407 261 378"
  run 0 tokenize "$model" -p "Once upon a time" --ids --no-bos
  same "$(cat "$tmp/out")" "403 407 261 378"
  run 0 tokenize "$model" -p "Once upon"; out_has "403"; out_has "Once"
  run 0 tokenize "$model" -p "1 403 407" --decode; same "$(text)" "Once upon."
  run 0 tokenize "$model" -p "Once" --json; out_has '"ids":[1,403]'
  run 1 tokenize "$model" -p "1 99999" --decode; err_has "99999"
  run 0 tokenize "$model" -p "[1, 403,407]" --decode; same "$(text)" "Once upon."
  for ids in "1 -2" "1 4x" "1 99999999999"; do
    run 1 tokenize "$model" -p "$ids" --decode; err_has "found '${ids#1 }'"
  done
  # Any bytes come back.
  head -c 300 "$llamba" >"$tmp/bytes"
  "$llamba" tokenize "$model" -f "$tmp/bytes" --ids |
    "$llamba" tokenize "$model" --decode >"$tmp/back"
  cmp "$tmp/bytes" "$tmp/back" || fail "bytes were changed"
}

case_chat() {
  need_model
  printf '%s' "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}
{% endfor %}assistant:" >"$tmp/t.jinja"
  chat() {  # lines of standard input -> $tmp/out, $tmp/err
    "$llamba" chat "$model" --chat-template "$tmp/t.jinja" -n 8 --greedy "$@" \
      >"$tmp/out" 2>"$tmp/err" || fail "chat: $(cat "$tmp/err")"
  }
  printf 'Hello Lily.\n/stats\n' | chat
  err_has "messages  2"
  local first; first=$(cat "$tmp/out")
  printf 'Hello Lily.\n/save %s/c\nAnd?\n/exit\nnever\n' "$tmp" | chat
  local both; both=$(cat "$tmp/out")
  [[ $both == "$first"* ]] || fail "the first reply differs"
  printf 'And?\n' | chat --load-state "$tmp/c"
  same "$first"$'\n'"$(cat "$tmp/out")" "$both"
  printf 'Hello Lily.\nStop.\n/undo\nAnd?\n/fork\n/fork 1\n/fork 9\n/stats\n' | chat
  err_has "2 messages are left"; err_has "branch 2 of 2"; err_has "branch 1 of 2"
  err_has "expected a branch from 1 to 2, found '9'"; err_has "messages  4"
  same "$(sed -n '$p' "$tmp/out")" "$(sed -n '$p' <<<"$both")"
  printf '/sav x\n/save\n/undo\n/load %s/none\n\n/help\n' "$tmp" | chat
  err_has "no command '/sav'. Did you mean '/save'?"
  err_has "/save: expected a file"; err_has "nothing to take back"
  err_has "$tmp/none"; err_has "/fork"
  same "$(cat "$tmp/out")" ""
}

case_chat_interrupt() {
  need_model
  printf '%s' "{{ bos_token }}{{ messages[-1].content }}" >"$tmp/t.jinja"
  mkfifo "$tmp/in"
  (trap - INT; exec "$llamba" chat "$model" --chat-template "$tmp/t.jinja" -n -1 \
    --ignore-end <"$tmp/in" >"$tmp/out" 2>"$tmp/err") &
  local pid=$!
  exec 9>"$tmp/in"
  echo "Once upon a time" >&9
  for _ in $(seq 100); do [[ -s $tmp/out ]] && break; sleep 0.1; done
  kill -INT "$pid"
  printf '/stats\n/exit\n' >&9
  wait "$pid"; same $? 0
  err_has "(cancelled)"; err_has "messages  2"
}

case_eval() {
  need_model
  mkdir "$tmp/data"
  printf '%s\n' '{"sentence1": "Lily ran.", "sentence2": "She sat.", "label": 1}' \
    '{"sentence1": "It was red.", "sentence2": "It was red.", "label": 0}' \
    >"$tmp/data/rte.jsonl"
  local flags=(--data "$tmp/data" --max-length 512)
  run 0 eval "$model" --tasks rte "${flags[@]}" --json "$tmp/r.json" --markdown "$tmp/r.md"
  out_has "rte"; out_has "tokens run"
  grep -q '"acc,none"' "$tmp/r.json" || fail "no acc in the JSON"
  grep -q '^| rte | acc | 2 |' "$tmp/r.md" || fail "no row in the Markdown"
  run 0 eval "$model" --tasks rte "${flags[@]}" --limit 1 --baseline "$model" \
    --samples "$tmp/s.jsonl"
  out_has "baseline"
  grep -q '"arguments":\[\["Lily ran.\\nQuestion: She sat. True or False?\\nAnswer:"," True"\],' \
    "$tmp/s.jsonl" || fail "no prompt in the samples"
  [ "$(wc -l <"$tmp/s.jsonl")" = 1 ] || fail "not one sample of one item"
  # Without --max-length, as far as the teacher sees.
  run 0 eval "$model" --tasks rte --data "$tmp/data" --baseline "$teacher"
  out_has "at most 512 tokens at a time"
  run 1 eval "$model" --tasks rte --data "$tmp/data"; err_has "give --max-length"
  run 1 eval "$model" --tasks rte "${flags[@]}" --json "$tmp/none/r.json"
  err_has "no such directory"
  # Before the work, not after it.
  run 1 eval "$model" --tasks rte "${flags[@]}" --json "$tmp"
  err_has "expected a file, found a directory"
  run 1 eval "$model" --tasks rte "${flags[@]}" --costs 0,x; err_has "found 'x'"
  run 1 eval "$model" --tasks rte "${flags[@]}" --baseline "$tmp/none.gguf"
  err_has "$tmp/none.gguf"
  grep -q "100 %" "$tmp/err" && fail "the model was scored first"
  run 1 eval "$model" --tasks rte,copa,rte "${flags[@]}"; err_has "'rte' is there twice"
  run 1 eval "$model" --tasks rta "${flags[@]}"; err_has "Did you mean 'rte'?"
  run 1 eval "$model" --tasks rte "${flags[@]}" --limit 0; err_has "--limit"
  run 1 eval "$model" --tasks copa "${flags[@]}"; err_has "copa.jsonl"
  run 1 eval "$model" --tasks rte; err_has "--data"
  run 1 eval "$model"; err_has "nothing to score"
  # The type of most of the bytes, which the head's is not.
  run 0 quantize "$model" -o "$tmp/q.gguf" --type q4_0 --embedding q8_0
  run 0 eval "$tmp/q.gguf" --tasks rte "${flags[@]}"; out_has "matrices in Q4_0"
  : >"$tmp/data/rte.jsonl"
  run 1 eval "$model" --tasks rte "${flags[@]}"; err_has "expected items, found none"
  echo '{"sentence1": 1.5}' >"$tmp/data/rte.jsonl"
  run 1 eval "$model" --tasks rte "${flags[@]}"; err_has "rte.jsonl: line 1: field 'label'"
  run 1 eval "$model" --text "$tmp/none.txt"; err_has "none.txt"
}

# Where a command was interrupted: nothing but what was there before.
only_files() { same "$(cd "$1" && echo *)" "$2"; }

case_quantize() {
  need_model
  cp -r "$model" "$tmp/model" 2>/dev/null || fail "no copy"
  local in=$tmp/model q=$tmp/q.gguf
  [[ -d $in ]] || { mv "$in" "$in.gguf"; in=$in.gguf; }
  run 0 quantize "$in" -o "$q" --type q4_k
  out_has "token_embd.weight"; out_has "rows of 64, not of 256s: no Q4_K"
  out_has "bits a weight"
  run 0 quantize "$in" -o "$q" --type q8_0 --embedding f16 --json --threads 1
  out_has '"type": "Q8_0"'; out_has '"type": "F16"'; out_has '"bits_per_weight"'
  run 0 run "$q" -p "Once upon a" -n 3 -q --greedy; same "$(text)" " time, there"$'\n'.
  # What already has the type is copied.
  run 0 quantize "$q" -o "$tmp/again.gguf" --type q8_0 --embedding f16
  out_has "as stored"
  cmp "$q" "$tmp/again.gguf" || fail "a copy differs"
  run 0 quantize "$in" -o "$tmp/again.gguf" --meta license=mit --meta "name=a b"
  run 0 inspect "$tmp/again.gguf"; out_has 'license       "mit"'; out_has '"a b"'

  run 1 quantize "$in"; err_has "--out is required"
  run 1 quantize "$in" -o "$q" --typ q8_0; err_has "Did you mean '--type'?"
  run 1 quantize "$in" -o "$q" --type q4_z; err_has "q4_k, q4_0, q4_1, q5_0, q5_1, iq4_nl, q8_0"
  run 1 quantize "$in" -o "$q" --type Q4_K; err_has "Did you mean 'q4_k'?"
  run 1 quantize "$in" -o "$q" --type f16; err_has "--type"
  run 1 quantize "$in" -o "$q" --embedding q8_0 --head q4_0; err_has "one matrix"
  run 1 quantize "$in" -o "$tmp/q.bin"; err_has "expected FILE.gguf"
  run 1 quantize "$in" -o "$q" --meta type=x; err_has "follows from what"
  run 1 quantize "$in" -o "$tmp/none/q.gguf"; err_has "$tmp/none/q.gguf"
  run 1 quantize "$tmp/none.gguf" -o "$q"; err_has "$tmp/none.gguf"
  # Neither input nor output of a failed call is touched.
  cp "$q" "$tmp/before"
  head -c 100000 "$q" >"$tmp/cut.gguf"
  run 1 quantize "$tmp/cut.gguf" -o "$q"; err_has "$tmp/cut.gguf"
  run 1 quantize "$q" -o "$q"; err_has "expected another place than the model"
  ln -s q.gguf "$tmp/link.gguf"
  run 1 quantize "$q" -o "$tmp/link.gguf"; err_has "expected another place"
  cmp "$q" "$tmp/before" || fail "a failed call changed a file"
}

# A Llama takes activations in 16 bits, what has a Mamba-2 layer in 8.
case_activations() {
  local shape default
  for shape in tiny-llama:16 tiny-hybrid:8 tiny:8; do
    default=${shape#*:} shape=${shape%:*}
    run 0 synth --shape "$shape" -o "$tmp/in.gguf"
    run 0 quantize "$tmp/in.gguf" -o "$tmp/q.gguf" --type q8_0
    for bits in "" 8 16; do
      run 0 logits "$tmp/q.gguf" --ids 1,2,3,4,5 --json \
        ${bits:+--activations $bits}
      cp "$tmp/out" "$tmp/logits$bits"
    done
    cmp -s "$tmp/logits8" "$tmp/logits16" && fail "$shape: 8 equals 16 bits"
    cmp "$tmp/logits" "$tmp/logits$default" || fail "$shape: not $default bits"
  done
  run 1 logits "$tmp/q.gguf" --ids 1 --activations 4
  err_has "--activations"
}

case_quantize_interrupt() {
  mkdir "$tmp/dir"
  run 0 synth --shape llamba-135m -o "$tmp/dir/in.gguf"
  (trap - INT; exec "$llamba" quantize "$tmp/dir/in.gguf" -o "$tmp/dir/q.gguf" \
    --threads 1 >"$tmp/out" 2>"$tmp/err") &
  local pid=$!
  for _ in $(seq 1000); do  # until it has begun to write
    [[ $(ls -A "$tmp/dir" | wc -l) -gt 1 ]] && break; sleep 0.01
  done
  kill -INT "$pid"
  wait "$pid"; same $? 130
  err_has "nothing was written"
  only_files "$tmp/dir" in.gguf
}

case_imatrix() {
  need_model
  local i=$tmp/i.gguf
  printf '%s ' "$prompt" "$prompt" >"$tmp/text"
  run 0 imatrix "$model" -f "$tmp/text" -o "$i" --window 32 --limit 80
  out_has "80 tokens in 3 windows of 32"
  run 0 quantize "$model" -o "$tmp/q.gguf" --type q4_0 --imatrix "$i" --json
  cp "$tmp/out" "$tmp/weighed"
  run 0 quantize "$model" -o "$tmp/q.gguf" --type q4_0 --json
  cmp -s "$tmp/out" "$tmp/weighed" && fail "the importance changed nothing"
  run 0 imatrix "$model" -f "$tmp/text" -o "$i" --moments
  run 0 quantize "$model" -o "$tmp/q.gguf" --type q4_0 --imatrix "$i"

  run 1 imatrix "$model" -f "$tmp/text"; err_has "--out is required"
  run 1 imatrix "$model" -f "$tmp/text" -o "$i" --window 1; err_has "--window"
  : >"$tmp/empty"
  run 1 imatrix "$model" -f "$tmp/empty" -o "$tmp/none.gguf"
  err_has "$tmp/empty: expected a text, found none"
  printf 'ab\xff' >"$tmp/bad"
  run 1 imatrix "$model" -f "$tmp/bad" -o "$tmp/none.gguf"; err_has "invalid UTF-8"
  run 1 imatrix "$model" -f "$tmp/text" -o "$tmp/none/i.gguf"; err_has "$tmp/none/i.gguf"
  [[ ! -e $tmp/none.gguf ]] || fail "a failed call wrote a file"
  run 1 imatrix "$model" -f "$tmp/text" -o "$tmp"
  err_has "expected a file, found a directory"
  run 0 synth --shape tiny -o "$tmp/whole.gguf"
  cp "$tmp/whole.gguf" "$tmp/before"
  run 1 imatrix "$tmp/whole.gguf" -f "$tmp/text" -o "$tmp/whole.gguf"
  err_has "expected another place than the model that is read"
  cmp "$tmp/whole.gguf" "$tmp/before" || fail "the model was written over"
  # Of another model, another file, cut short.
  run 0 synth --shape tiny-hybrid -o "$tmp/other.gguf"
  run 1 quantize "$tmp/other.gguf" -o "$tmp/q.gguf" --type q4_0 --imatrix "$i"
  err_has "$i: blk.0.ffn_down.weight.in_sum2: expected F32 for 160 columns"
  run 1 quantize "$model" -o "$tmp/q.gguf" --imatrix "$tmp/other.gguf"
  err_has 'general.type: expected "imatrix", found "model"'
  run 1 quantize "$model" -o "$tmp/q.gguf" --imatrix "$tmp/text"; err_has "$tmp/text"
  run 1 quantize "$model" -o "$tmp/q.gguf" --imatrix "$tmp/none"; err_has "no such file"
  head -c 20000 "$i" >"$tmp/cut.gguf"
  run 1 quantize "$model" -o "$tmp/q.gguf" --imatrix "$tmp/cut.gguf"
  err_has "$tmp/cut.gguf"
}

case_imatrix_interrupt() {
  need_model
  mkdir "$tmp/dir"
  for _ in $(seq 20000); do echo "$prompt"; done >"$tmp/text"
  (trap - INT; exec "$llamba" imatrix "$model" -f "$tmp/text" --moments \
    -o "$tmp/dir/i.gguf" >"$tmp/out" 2>"$tmp/err") &
  local pid=$!
  sleep 0.5
  kill -INT "$pid"
  wait "$pid"; same $? 130
  err_has "nothing was written"
  only_files "$tmp/dir" "*"
}

case_kl() {
  need_model
  printf '%s' "$prompt" >"$tmp/text"
  run 0 kl "$model" "$model" -f "$tmp/text"
  out_has "mean KL(A || B)   0.000000 nats"; out_has "same top token    100.000 %"
  run 0 quantize "$model" -o "$tmp/q.gguf" --type q4_0
  run 0 kl "$model" "$tmp/q.gguf" -f "$tmp/text" --json --window 20
  out_has '"mean_kl"'; out_has '"p99_kl"'; out_has '"top1_agreement"'
  out_has '"ppl_a"'; out_has '"ppl_b"'; out_has '"tokens": 44'
  run 0 kl "$model" "$tmp/q.gguf" -p "$prompt" --limit 7; out_has "tokens            7"

  run 1 kl "$model"; err_has "B is required"
  run 1 kl "$model" "$tmp/q.gguf" -f "$tmp/text" --windows 3; err_has "'--window'?"
  run 1 kl "$model" "$tmp/q.gguf" -p ""; err_has "expected a text, found none"
  for _ in $(seq 20); do cat "$tmp/text"; done >"$tmp/long"
  run 1 kl "$model" "$teacher" -f "$tmp/long" --window 600
  err_has "--window: $teacher: expected 512 (its context length) at most, found 600"
  run 0 kl "$model" "$teacher" -f "$tmp/text" --window 600
  run 1 kl "$model" "$tmp/none.gguf" -f "$tmp/text"; err_has "$tmp/none.gguf"
  run 1 kl "$model" "$tmp/q.gguf" -f "$tmp/none"; err_has "$tmp/none"
  head -c 50000 "$tmp/q.gguf" >"$tmp/cut.gguf"
  run 1 kl "$model" "$tmp/cut.gguf" -f "$tmp/text"; err_has "$tmp/cut.gguf"
  run 0 synth --shape tiny -o "$tmp/other.gguf"
  run 1 kl "$model" "$tmp/other.gguf" -f "$tmp/text"
  err_has "expected one vocabulary, found 512 and 256 rows of logits"
}

# Peak memory of a model as wide as Llamba-1B, two layers of it, after a prompt
# that fills the working buffers: weights, states (bench holds two) and less
# than 64 MB. step_bytes are the matrices; there is no tokenizer.
case_memory() {
  cat >"$tmp/config.json" <<END
{"model_type": "llamba", "vocab_size": 512, "d_model": 2048, "n_layer": 2,
 "tie_embeddings": true, "pad_vocab_size_multiple": 8, "norm_epsilon": 1e-5,
 "mlp_cfg": {"intermediate_size": 8192, "bias": false, "act_fn": "silu"},
 "ssm_cfg": {"d_state": 64, "n_v_heads": 32, "n_qk_heads": 32, "expand": 1,
  "chunk_size": 128, "activation": "identity", "bias": false}}
END
  run 0 synth --config "$tmp/config.json" -o "$tmp/in.gguf"
  run 0 quantize "$tmp/in.gguf" -o "$tmp/q.gguf" --type q4_0
  run 0 bench "$tmp/q.gguf" --prefill 512 --depth 600 --batch 1 --repeats 1 --json
  value() { sed -n "s/^ *\"$1\": \([0-9]*\),*$/\1/p" "$tmp/out" | head -1; }
  local over=$(($(value peak_bytes) - $(value step_bytes) - 2 * $(value state_bytes)))
  (($(value step_bytes) > 70000000)) || fail "step_bytes: $(value step_bytes)"
  ((over < 64000000)) || fail "$over bytes beside weights and states"
}

"case_$case"
