# Runs that are cut up, stopped and go on. Read by distill_test.sh.

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
