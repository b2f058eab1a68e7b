# The program itself: flags, files, messages. Read by distill_test.sh.

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
  expect 1 "$distill" train --teacher models/stories260k-llamba.gguf \
    -o "$tmp/none"
  err_has "stories260k-llamba.gguf: expected a Llama (all attention)"
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
  expect 1 train own --held-out "$tmp/own/data:8x2" --data teacher=100
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
  err_has 'tokens from 1 to 1073741824, found "0"'
  expect 1 train none --data "$tmp/shards=1:64x"
  err_has 'expected PATH=WEIGHT:TOKENSxCOPIES, copies from 1 to 1000, found ""'
  expect 1 train none --data "$tmp/shards=1:64x1001"
  err_has 'copies from 1 to 1000, found "1001"'
  expect 1 train none --held-out "$tmp/shards:64x1001"
  err_has "--held-out $tmp/shards:64x1001: expected PATH:TOKENSxCOPIES"
  expect 1 train none --held-out "$tmp/absent:64"
  err_has "$tmp/absent: "
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
  # Before the teacher writes.
  for key in tokens held_out_tokens; do
    expect 1 train none --set sample.$key=63
    err_has "recipe: sample.$key: expected 64 (one sequence) or more, found 63"
  done
  [[ ! -e $tmp/none ]] || fail "a folder is left"
  expect 1 train none --set stage1.lr=1e30 --set optimizer.clip_norm=0
  err_has "stage1, step 1: the gradient is not finite: lower stage1.lr"
  err_has "and begin anew"
  expect 1 env MASTER_PORT=65536 "$distill" train --teacher "$teacher" -o "$tmp/x"
  err_has 'MASTER_PORT: expected a number from 1 to 65535, found "65536"'
}

# std::filesystem has to come from libstdc++, not from a libtorch that exports
# parts of one.
case_linking() {
  local needed
  needed=$(readelf -d "$distill" | grep -oE 'lib(stdc\+\+|torch[a-z_]*)\.so' |
    head -1)
  [[ $needed == "libstdc++.so" ]] || fail "the first library is $needed"
}
