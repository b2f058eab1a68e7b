# What turns text into text or tokens. Read by cli_test.sh.

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
  run 0 run --stop "too high" --stop zebra "$model" -p "$prompt" -n 40 --greedy
  same "$(text)" " She wanted to play with it, but it was "$'\n'.
  run 0 run "$model" -p "$prompt" -n 40 --greedy --stop "[too high]"
  same "$(text)" "$greedy"$'\n'.
  run 0 run "$model" -p "$prompt" -n 0; same "$(text)" $'\n'.
  run 0 run "$model" -p "" -n 5 --greedy; out_has "Once upon a"
  err_has "1 token read"
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
  run 0 inspect "$tmp/s"; out_has "a text of 45 tokens"; out_has "saved state, version 1"
  run 0 inspect "$tmp/s" --json; out_has '"model": "Llamba, 5 layers'
  # What is said of the text starts a line of its own.
  "$llamba" run "$model" -p "$prompt" -n 1 --greedy --save-state "$tmp/s" \
    >"$tmp/out" 2>&1 || fail "one place for text and notes"
  same "$(sed -n 1p "$tmp/out")" " She"
  "$llamba" run "$model" -p "$prompt" -n 1 --greedy --save-state /dev/full \
    >"$tmp/out" 2>&1 && fail "a full device went unnoticed"
  same "$(sed -n 1p "$tmp/out")" " She"
  # What is no such file is refused.
  run 1 run "$model" --load-state "$tmp/none"; err_has "$tmp/none"
  : >"$tmp/empty"; printf 'LLAM or other' >"$tmp/other"
  for file in empty other; do
    run 1 run "$model" --load-state "$tmp/$file"
    err_has "$tmp/$file: not a saved state of llamba"
  done
  # Where it is saved is looked at first; a state may take its own place.
  run 1 run "$model" -p x -n 1 --save-state "$tmp/none/s"
  err_has "no such directory"; same "$(cat "$tmp/out")" ""
  printf 'x' >"$tmp/text"; cp "$model" "$tmp/m.gguf"
  run 1 run "$tmp/m.gguf" -f "$tmp/text" --save-state "$tmp/text"
  err_has "expected another place than that of $tmp/text"
  run 1 run "$tmp/m.gguf" -p x -n 1 --save-state "$tmp/m.gguf"
  err_has "expected another place"; cmp "$model" "$tmp/m.gguf" || fail "model"
  same "$(cat "$tmp/text")" x
  cp "$tmp/s" "$tmp/own"
  run 0 run "$model" --load-state "$tmp/own" -n 1 --save-state "$tmp/own"
  head -c 1000 "$tmp/s" >"$tmp/cut"
  run 1 run "$model" --load-state "$tmp/cut"; err_has "$tmp/cut"
  run 1 inspect "$tmp/cut"; err_has "$tmp/cut: cut short"
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
  local own=(--chat -p x --chat-template "$tmp/t.jinja")
  printf '{%% if %%}' >"$tmp/t.jinja"
  run 1 run "$model" "${own[@]}"; err_has "$tmp/t.jinja, line 1"
  : >"$tmp/t.jinja"
  run 1 run "$model" "${own[@]}"
  err_has "$tmp/t.jinja: expected a Jinja template, found an empty file"
  run 1 run "$model" -p x -f y; err_has "excludes"
  run 1 run "$model" -p x --isa z80; err_has "z80"
  run 1 run "$model" -p x --tokenizer "$tmp"; err_has "$tmp"
  printf 'not a model' >"$tmp/file"
  run 1 run "$tmp/file" -p x; err_has "$tmp/file: expected a model directory or a GGUF"
  : >"$tmp/file"; run 1 run "$tmp/file" -p x; err_has "found an empty file"
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
    err_has "expected whole numbers from 0 to 2147483647"
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
  err_has "messages  2"; err_has "last "
  local first; first=$(cat "$tmp/out")
  printf 'Hello Lily.\r\n/stats\r\n' | chat
  err_has "messages  2"; same "$(cat "$tmp/out")" "$first"
  printf 'Hello Lily.\n/reset\n/stats\n' | chat
  err_has "messages  0"; err_lacks "last "
  printf 'Hello Lily.\n/save %s/c\nAnd?\n/exit\nnever\n' "$tmp" | chat
  local both; both=$(cat "$tmp/out")
  [[ $both == "$first"* ]] || fail "the first reply differs"
  printf 'And?\n' | chat --load-state "$tmp/c"
  same "$first"$'\n'"$(cat "$tmp/out")" "$both"
  printf 'Hello Lily.\nStop.\n/undo\nAnd?\n/fork\n/fork 1\n/fork 9\n/stats\n' | chat
  err_has "2 messages left"; err_has "branch 2 of 2"; err_has "branch 1 of 2"
  err_has "expected a branch from 1 to 2, found '9'"; err_has "messages  4"
  same "$(sed -n '$p' "$tmp/out")" "$(sed -n '$p' <<<"$both")"
  # Before the first word: a conversation, and the beginning of a text.
  printf '/save %s/new\n/load %s/new\nHello Lily.\n' "$tmp" "$tmp" | chat
  err_has "0 messages, 0 tokens: go on"; same "$(cat "$tmp/out")" "$first"
  run 0 run "$model" -p "$prompt" -n 8 --greedy -q; local begun; begun=$(text)
  run 0 run "$model" --load-state "$tmp/new" -p "$prompt" -n 8 --greedy -q
  same "$(text)" "$begun"
  printf '/sav x\n/save\n/save %s/t.jinja\n/undo\n/load %s/none\n\n/help\n' \
    "$tmp" "$tmp" | chat
  err_has "expected another place than that of $tmp/t.jinja"
  err_has "no command '/sav'. Did you mean '/save'?"
  err_has "/save: expected a file"; err_has "nothing to take back"
  err_has "$tmp/none"; err_has "/fork"
  same "$(cat "$tmp/out")" ""
}

# A person at a terminal: Tab completes a path, as a shell would, and is one of
# the letters of a message. (A Ctrl-D that comes before libedit listens is lost.)
case_chat_terminal() {
  need_model
  printf '%s' "{{ bos_token }}{{ messages[-1].content }}" >"$tmp/t.jinja"
  printf '/save %s/saved talk (1)\n' "$tmp" |
    "$llamba" chat "$model" --chat-template "$tmp/t.jinja" 2>"$tmp/err" ||
    fail "chat: $(cat "$tmp/err")"
  python3 "$(dirname "$0")/on_terminal.py" '> ' \
    "/load $tmp/saved"$'\t\n' $'a\tb\n' $'/exit\n' -- \
    "$llamba" chat "$model" --chat-template "$tmp/t.jinja" -n 1 >"$tmp/out" ||
    fail "on a terminal: $(cat "$tmp/out")"
  out_has "0 messages, 0 tokens: go on"
  grep -qF 'a\011b' "$XDG_STATE_HOME/llamba/history" ||
    fail "another message: $(tail -1 "$XDG_STATE_HOME/llamba/history")"
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
