#!/usr/bin/env bash
# Fuzzes targets, each for FUZZ_SECONDS (600), two at a time; tests/long.sh calls it.
#
#   tests/fuzz/run.sh             all of them: about 120 minutes
#   tests/fuzz/run.sh TARGET …    some
#
# It fails when an input panics, takes over 10 s, or memory goes over 1 GiB; that input is then in tests/fuzz/artifacts.
# Once its cause is gone, it belongs in tests/fuzz/corpus/TARGET under a name that says what it is.
# New inputs are collected in tests/fuzz/target/found, where the next run goes on from.
set -euo pipefail
# shellcheck source=packaging/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../packaging/common.sh"
cd "$root"

version=0.13.2
seconds=${FUZZ_SECONDS:-600}
found=$root/tests/fuzz/target/found

# Sets the flags of every call. Without a sanitizer, which the safe code under test needs least, stable Rust builds it.
flags=(--fuzz-dir tests/fuzz --target-dir tests/fuzz/target --sanitizer none)

# Fuzzes one target; its last lines tell how it went.
fuzz() {
  local target=$1 log=$found/$1.log status=0
  mkdir -p "$found/$target"
  cargo fuzz run "${flags[@]}" "$target" "$found/$target" "tests/fuzz/corpus/$target" -- \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    tail -n 40 "$log"
    say "FAILED $target; the whole log: $log"
    return 1
  fi
  say "ok     $target  $(awk '/^stat::/ { stat[$1] = $2 } END {
    printf "%d inputs, %d a second, at most %d MiB", stat["stat::number_of_executed_units:"],
      stat["stat::average_exec_per_sec:"], stat["stat::peak_rss_mb:"] }' "$log")"
}

[[ $(cargo fuzz --version 2>/dev/null) == "cargo-fuzz $version" ]] || cargo install cargo-fuzz --version "=$version" --locked
# It has no such flag itself.
cargo fetch --locked --manifest-path tests/fuzz/Cargo.toml
cargo fuzz build "${flags[@]}"

targets=("$@")
(($# > 0)) || mapfile -t targets < <(cargo fuzz list --fuzz-dir tests/fuzz)
failed=0
for ((at = 0; at < ${#targets[@]}; at += 2)); do
  pids=()
  for target in "${targets[@]:at:2}"; do
    fuzz "$target" &
    pids+=("$!")
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
done
((failed == 0)) || fail "Fuzzing found something."
