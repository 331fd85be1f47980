#!/usr/bin/env bash
# The loops that take too long for every change: run before something is called done.
#
#   tests/long.sh
#
# kill   farwire's store is killed again and again while it writes; nothing acknowledged may be lost
# power  the same with the power cut under its file system, which takes root and loop devices
# damage bytes are flipped in every file of a data folder; farwired starts all the same and tells what is lost
# schemathesis  every route gets requests made from the document, by 200 examples each
# fuzz   every parser of what a VNC, RDP or SSH server sends gets noise, meanwhile; tests/fuzz
#
# FARWIRE_KILL_CYCLES, FARWIRE_POWER_CUTS, FARWIRE_DAMAGE_ROUNDS and FUZZ_SECONDS say for how long: times it is killed, times
# the power is cut, times each file is damaged, and seconds for each parser.
set -euo pipefail
# shellcheck source=packaging/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packaging/common.sh"
cd "$root"

require_toolchains
install_packages "${build_packages[@]}" e2fsprogs mount python3

# Beside the rest, which waits for disks and answers most of the time.
fuzz_log=$(mktemp)
setsid nice tests/fuzz/run.sh >"$fuzz_log" 2>&1 &
fuzz=$!
finish() {
  kill -- "-$fuzz" 2>/dev/null || true
  rm -f "$fuzz_log" "${second:-}"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

say "== kill, power"
FARWIRE_KILL_CYCLES=${FARWIRE_KILL_CYCLES:-250} FARWIRE_POWER_CUTS=${FARWIRE_POWER_CUTS:-60} \
  cargo test --locked -p farwire-core --test durability --release -- --nocapture

say "== kill, power, and the store's other tests with its second engine"
FARWIRE_KILL_CYCLES=${FARWIRE_KILL_CYCLES:-250} FARWIRE_POWER_CUTS=${FARWIRE_POWER_CUTS:-60} \
  cargo test --locked -p farwire-core --features redb --lib --test durability --release -- --nocapture store kill power full

say "== damage, backups, history with the second engine"
cargo build --locked -p farwire-it -p farwire-api --features farwire-core/redb --release --bin farwired
# A copy: the tests after these want the first engine's.
second=$(mktemp)
install -m 700 "$(target_folder)/release/farwired" "$second"
FARWIRED_BIN=$second FARWIRE_DAMAGE_ROUNDS=${FARWIRE_DAMAGE_ROUNDS:-25} cargo test --locked -p farwire-it \
  --features farwire-core/redb --release -- --nocapture daemon damage backups history
rm -f "$second"

say "== damage"
FARWIRE_DAMAGE_ROUNDS=${FARWIRE_DAMAGE_ROUNDS:-25} cargo test --locked -p farwire-it --release damage -- --nocapture

say "== schemathesis"
tests/run.sh --part schemathesis

say "== fuzz"
status=0
wait "$fuzz" || status=$?
cat "$fuzz_log"
((status == 0)) || fail "Fuzzing failed."
say "ok     all"
