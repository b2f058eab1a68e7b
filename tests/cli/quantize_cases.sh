# What rounds models. Read by cli_test.sh.

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
  run 1 quantize "$in" -o "$q" --type Q4-K; err_has "Did you mean 'q4_k'?"
  run 0 quantize "$in" -o "$tmp/capital.gguf" --type Q4_0
  run 0 quantize "$in" -o "$tmp/small.gguf" --type q4_0
  cmp "$tmp/capital.gguf" "$tmp/small.gguf" || fail "Q4_0 is not q4_0"
  run 1 quantize "$in" -o "$q" --type f16; err_has "--type"
  run 1 quantize "$in" -o "$q" --embedding q8_0 --head q4_0; err_has "one matrix"
  run 1 quantize "$in" -o "$tmp/q.bin"; err_has "expected FILE.gguf"
  run 1 quantize "$in" -o "$q" --meta type=x; err_has "follows from what"
  run 1 quantize "$in" -o "$q" --meta $'name=a\xff'
  err_has "--meta name: invalid UTF-8 at byte 1"
  run 1 quantize "$in" -o "$tmp/none/q.gguf"; err_has "$tmp/none/q.gguf"
  run 1 quantize "$tmp/none.gguf" -o "$q"; err_has "$tmp/none.gguf"
  # Neither input nor output of a failed call is touched.
  cp "$q" "$tmp/before"
  head -c 100000 "$q" >"$tmp/cut.gguf"
  run 1 quantize "$tmp/cut.gguf" -o "$q"; err_has "$tmp/cut.gguf"
  run 1 quantize "$q" -o "$q"; err_has "expected another place than that of $q"
  ln -s q.gguf "$tmp/link.gguf"
  run 1 quantize "$q" -o "$tmp/link.gguf"; err_has "expected another place"
  cmp "$q" "$tmp/before" || fail "a failed call changed a file"
}

# Where a result would take the place of what it is made from.
case_convert() {
  need_model
  cp "$model" "$tmp/m.gguf"
  run 0 convert "$tmp/m.gguf" -o "$tmp/dir"
  run 0 convert "$tmp/dir" -o "$tmp/dir/AGAIN.GGUF"
  [[ -f $tmp/dir/AGAIN.GGUF ]] || fail "no file of that name"
  local before; before=$(cd "$tmp/dir" && cksum *)
  run 1 convert "$tmp/m.gguf" -o "$tmp/dir" --tokenizer "$tmp/dir"
  err_has "expected another place than that of $tmp/dir, which is read"
  run 1 convert "$tmp/dir/model.safetensors" -o "$tmp/dir"
  err_has "expected another place"
  run 1 synth --config "$tmp/dir/config.json" -o "$tmp/dir"
  err_has "expected another place"
  same "$(cd "$tmp/dir" && cksum *)" "$before"
  # A tokenizer.json comes before the tokenizer.model that is written.
  : >"$tmp/dir/tokenizer.json"
  before=$(cd "$tmp/dir" && cksum *)
  run 1 convert "$tmp/m.gguf" -o "$tmp/dir"
  err_has "$tmp/dir/tokenizer.json: is there already"
  cp "$tmp/dir/config.json" "$tmp/shape.json"
  run 1 synth --config "$tmp/shape.json" -o "$tmp/dir" --tokenizer "$tmp/m.gguf"
  err_has "$tmp/dir/tokenizer.json: is there already"
  same "$(cd "$tmp/dir" && cksum *)" "$before"
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
  for out in "$tmp" "$tmp/text" "$tmp/im"; do
    run 1 imatrix "$model" -f "$tmp/text" -o "$out"; err_has "expected FILE.gguf"
  done
  cp "$tmp/text" "$tmp/text.gguf"
  run 1 imatrix "$model" -f "$tmp/text.gguf" -o "$tmp/text.gguf"
  err_has "expected another place"; cmp "$tmp/text" "$tmp/text.gguf" || fail "text"
  cp "$i" "$tmp/im.gguf"
  run 1 quantize "$model" -o "$tmp/im.gguf" --imatrix "$tmp/im.gguf"
  err_has "expected another place"; cmp "$i" "$tmp/im.gguf" || fail "imatrix"
  run 0 synth --shape tiny -o "$tmp/whole.gguf"
  cp "$tmp/whole.gguf" "$tmp/before"
  run 1 imatrix "$tmp/whole.gguf" -f "$tmp/text" -o "$tmp/whole.gguf"
  err_has "expected another place than that of $tmp/whole.gguf"
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

# In the midst of a window, too.
case_imatrix_interrupt() {
  need_model
  mkdir "$tmp/dir"
  for _ in $(seq 20000); do echo "$prompt"; done >"$tmp/text"
  for window in 512 16777216; do
    (trap - INT; exec "$llamba" imatrix "$model" -f "$tmp/text" --moments \
      --window $window -o "$tmp/dir/i.gguf" >"$tmp/out" 2>"$tmp/err") &
    local pid=$!
    sleep 0.5
    kill -INT "$pid"
    wait "$pid"; same $? 130
    err_has "reading: "; tail -1 "$tmp/err" | grep -q "nothing was written" ||
      fail "the bar ends after the note"
    only_files "$tmp/dir" "*"
  done
}
