# What scores and compares models. Read by cli_test.sh.

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
  # Without a file it is printed, as by every command.
  run 0 eval "$model" --json --tasks rte "${flags[@]}"
  python3 -c 'import json, sys; json.load(sys.stdin)["results"]["rte"]' <"$tmp/out" ||
    fail "other than JSON: $(cat "$tmp/out")"
  run 1 eval --json "$model" --tasks rte "${flags[@]}"
  err_has "MODEL is required: '$model' is the file that --json writes"
  (cd "$tmp" && run 1 eval "$model" --tasks rte "${flags[@]}" --json x --html ./x) ||
    exit 1
  err_has "./x: expected a file for each output, found it for two"
  run 0 eval "$model" --tasks rte "${flags[@]}" --limit 1 --baseline "$model" \
    --samples "$tmp/s.jsonl"
  out_has "baseline"
  grep -q '"arguments":\[\["Lily ran.\\nQuestion: She sat. True or False?\\nAnswer:"," True"\],' \
    "$tmp/s.jsonl" || fail "no prompt in the samples"
  [ "$(wc -l <"$tmp/s.jsonl")" = 1 ] || fail "not one sample of one item"
  # Without --max-length, as far as the teacher sees.
  run 0 eval "$model" --tasks rte --data "$tmp/data" --baseline "$teacher"
  out_has "at most 512 tokens at a time"
  run 0 eval "$teacher" --long-context 1024
  err_has "kv: left out, as $teacher has a context of 512 tokens"
  run 1 eval "$model" --tasks rte --data "$tmp/data"; err_has "give --max-length"
  run 1 eval "$model" --tasks rte "${flags[@]}" --json "$tmp/none/r.json"
  err_has "no such directory"
  # Before the work, not after it.
  run 1 eval "$model" --tasks rte "${flags[@]}" --json "$tmp"
  err_has "expected a file, found a directory"
  printf 'Lily ran.' >"$tmp/text"; printf 'It was red.' >"$tmp/other"
  run 0 eval --text "$tmp/text" --text "$tmp/other" "$model" --max-length 512
  out_has "text "; out_has "other "
  cp "$model" "$tmp/m.gguf"
  for out in --json --markdown --html --samples; do
    for input in m.gguf text; do
      run 1 eval "$tmp/m.gguf" --text "$tmp/text" $out "$tmp/$input"
      err_has "expected another place than that of $tmp/$input, which is read"
    done
  done
  same "$(cat "$tmp/text")" "Lily ran."
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

  # Read twice, a text has the sum of the log-likelihoods of both readings.
  ppl() { run 0 kl "$model" "$model" --json "$@"; p=$(sed -n 's/.*"ppl_a": \([0-9.]*\),.*/\1/p' "$tmp/out"); }
  local story="Lily saw a big dog."
  ppl -p "$story"; first=$p
  ppl -p "$story $story"; both=$p
  ppl -p "$story" --copies 2; second=$p
  awk "BEGIN { d = $first * $second / ($both * $both) - 1; exit !(d * d < 1e-8) }" ||
    fail "perplexities $first, then $second, in all $both"
  run 0 kl "$model" "$tmp/q.gguf" -f "$tmp/text" --copies 3 --window 20
  out_has "tokens            44"
  run 1 kl "$model" "$tmp/q.gguf" -f "$tmp/text" --copies 20 --window 20
  err_has "--copies: expected 19 (the window without its prefix) at most, found 20"

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

# The bar moves within a window.
case_kl_progress() {
  need_model
  for _ in $(seq 800); do echo "$prompt"; done >"$tmp/text"
  "$(dirname "$0")/on_terminal.py" "" -- "$llamba" kl "$model" "$model" \
    -f "$tmp/text" --window 16777216 >"$tmp/out" || fail "$(cat "$tmp/out")"
  grep -qE "comparing .* [1-9][0-9]? %" "$tmp/out" ||
    fail "nothing between none and all: $(cat "$tmp/out")"
}

# In the midst of a window.
case_kl_interrupt() {
  need_model
  for _ in $(seq 5000); do echo "$prompt"; done >"$tmp/text"
  (trap - INT; exec "$llamba" kl "$model" "$model" -f "$tmp/text" \
    --window 16777216 >"$tmp/out" 2>"$tmp/err") &
  local pid=$!
  sleep 1
  kill -INT "$pid"
  wait "$pid"; same $? 130
  tail -1 "$tmp/err" | grep -q "cancelled after [0-9]* of " ||
    fail "no word of it: $(cat "$tmp/err")"
  same "$(cat "$tmp/out")" ""
}

case_bench() {
  need_model
  local few=(--repeats 1 --batch 1)
  run 1 bench "$tmp/none" --batch 0; err_has "--batch: expected 1 or more, found 0"
  run 1 bench "$teacher" --depth 0,481 "${few[@]}"
  err_has "--depth: $teacher: expected 480 (its context length, less the steps"
  err_has "at most, found 481"
  run 1 bench "$teacher" --depth 0 --prefill 513 "${few[@]}"
  err_has "--prefill: $teacher: expected 512 (its context length) at most"
  run 0 bench "$teacher" --depth 480 --prefill 512 "${few[@]}"
  out_has "| 480 | 1 |"; out_has "| 512 |"
  # Of what nobody asked for, what fits.
  run 0 bench "$teacher" "${few[@]}"
  out_has "| 0 | 1 |"; out_has "| 512 |"
  ! grep -q "| 1024 |" "$tmp/out" || fail "a depth beyond the context"
  run 0 bench "$model" --depth 600 --prefill 600 "${few[@]}"
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
