# What a run makes. Read by distill_test.sh.

case_student() {
  expect 0 train own --data teacher=4000 --set sample.rows=8 \
    --set sample.length=128 --set sample.held_out_tokens=600 --keep-attention 1
  [[ -f $tmp/own/data/train.tokens ]] || fail "the teacher wrote nothing"
  grep -q '"evaluation"' "$tmp/own/metrics.jsonl" || fail "no evaluation"
  expect 0 "$llamba" inspect "$tmp/own"
  expect 0 "$llamba" convert "$tmp/own" -o "$tmp/own.gguf" --tokenizer "$teacher"
  expect 0 "$llamba" run "$tmp/own.gguf" -p "Once upon" -n 4
}

# Each held-out set has its own figures, which are those that it has alone.
case_held_out() {
  shards
  expect 0 train one
  local again="$tmp/shards:16x2"
  expect 0 train two --held-out "$again" --set evaluate_sequences=8
  err_has "held out, $again: teacher perplexity"
  same_student one two
  grep -q '"sets"' "$tmp/one/metrics.jsonl" && fail "one set is named"
  # times TEXT: evaluations of the second run that have it.
  times() { grep -cF -- "$1" "$tmp/two/metrics.jsonl"; }
  local figures n=0
  while read -r figures; do
    (($(times "{\"name\":\"$tmp/shards\",$figures}") > 0)) ||
      fail "not those of one set alone: $figures"
    n=$((n + 1))
  done < <(sed -n 's/.*"evaluation":{\([^}]*\)}}/\1/p' "$tmp/one/metrics.jsonl")
  ((n == 7)) || fail "$n evaluations"
  [[ $(times "{\"name\":\"$again\",") == 7 ]] || fail "not each has $again"
  grep -qF "\"sets\":[{\"name\":\"$tmp/shards\"," "$tmp/two/report.html" ||
    fail "no sets in the report"
  # Beside the teacher's own text.
  expect 0 train own --set sample.held_out_tokens=600 --set stage2.tokens=0 \
    --set sample.rows=8 --set sample.length=128 --set stage3.tokens=0
  grep -qF "{\"name\":\"the teacher's\"," "$tmp/own/metrics.jsonl" ||
    fail "the teacher's text is no set"
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
  err_has "metrics.jsonl: line 1: type must be number, but is string"
  echo '{"teacher": 3}' >"$tmp/run/recipe.json"
  expect 1 "$distill" report "$tmp/run"
  err_has "run/recipe.json: type must be string, but is number"
}
