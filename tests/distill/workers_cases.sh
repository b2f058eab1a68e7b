# Runs of several workers and threads. Read by distill_test.sh.

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

# OpenMP's threads sleep while OpenBLAS's compute; a policy of the environment
# stays. What is read from a pipe is read once.
case_waiting() {
  ldd "$distill" | grep -q libopenblas || { echo "skipped: another BLAS"; exit 77; }
  shards
  policy() { tr '\0' '\n' <"/proc/$pid/environ" | grep OMP_WAIT_POLICY; }
  for expected in passive active; do
    unset OMP_WAIT_POLICY
    [[ $expected == active ]] && export OMP_WAIT_POLICY=active
    start "$expected" --set stage1.tokens=25600000 --recipe <(echo '{"seed": 7}')
    after 1 "$pid" "$expected"
    [[ $(policy) == "OMP_WAIT_POLICY=$expected" ]] || fail "found $(policy)"
    kill -9 "$pid"
    grep -q '"seed": 7' "$tmp/$expected/recipe.json" || fail "another recipe"
  done
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
