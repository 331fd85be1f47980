#!/usr/bin/env bash
# Installs the test servers that are missing, runs the tests, and prints the minutes of each part. CI calls it.
#
#   tests/run.sh                       everything, in the order below; at most 45 minutes cold on 2 cores
#   tests/run.sh --quick               format, lints, unit tests: before every commit
#   tests/run.sh --part NAME …         some parts only
#   tests/run.sh --conformance FILE …  conformance scripts against a fresh farwired, a real VNC server and a real SSH server
#
# Parts: scripts format page lints build bindings rust browser window; by name only: schemathesis, which tests/long.sh runs
# The last line counts tests (a part that counts none is one): `N passed, N failed`. It stops at the first part that fails.
# With CI set, a server that cannot be installed is a failure; elsewhere its tests are skipped, and say so.
# FARWIRE_SHOTS names a folder for screenshots of the window and the page.
set -euo pipefail
# shellcheck source=packaging/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packaging/common.sh"
cd "$root"

all=(scripts format page lints build bindings rust browser window)
quick=(format page_quick lints rust_quick)

test_packages=(
  "${build_packages[@]}" "${window_packages[@]}" "${desktop_packages[@]}"
  # Screens nobody sees, and hands and eyes on them.
  xvfb x11-utils xdotool xclip xsettingsd imagemagick
  # A program that files are dragged from and to.
  python3-gi python3-xlib gir1.2-gtk-3.0
  # The page's browser and the window's driver.
  chromium webkit2gtk-driver
  # Other VNC servers, and a network with a cable to pull.
  x11vnc qemu-system-x86 wayvnc sway swaybg grim iproute2
  # Real RDP servers.
  xrdp xorgxrdp fuse3 freerdp2-shadow-x11 winpr-utils openssl
  # A real SSH server.
  openssh-server openssh-sftp-server
  # Another one.
  dropbear-bin
  # Accounts for a VNC server that are no accounts of the machine.
  libpam-wrapper
  # A disk of a test's own, and who cuts its power.
  e2fsprogs mount python3
  # A key store, and a message bus of its own.
  gnome-keyring dbus dbus-x11
  # Shows what the desktop tells.
  dunst
  # Opens the archives that go to another machine.
  age
  # Schemathesis and what it reads the API's document with.
  python3 curl
  shellcheck
)

usage() { sed -n '2,/^set /{/^set /d;s/^#\( \|$\)//p}' "${BASH_SOURCE[0]}"; }

# A second run on a machine is quick: its folder outlives the checkout.
if [[ -n ${CI:-} && -z ${CARGO_TARGET_DIR:-} ]] && mkdir -p "$HOME/.cache/farwire-target" 2>/dev/null; then
  export CARGO_TARGET_DIR=$HOME/.cache/farwire-target
fi
built=$(target_folder)/debug
export CARGO_TERM_COLOR=never NO_COLOR=1

part_scripts() {
  local -a scripts
  mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run tests/bench/{api,page,picture,ssh,vnc,window})
  if command -v shellcheck >/dev/null || [[ -n ${CI:-} ]]; then
    shellcheck --external-sources "${scripts[@]}"
  else
    say "skipped: shellcheck is not installed"
  fi
}

part_format() {
  cargo fmt --all --check
  cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
}

part_page() {
  npm_packages ui
  npm --prefix ui run check
  npm --prefix ui test
  build_page
}

part_page_quick() {
  build_page
  npm --prefix ui test
}

# Cargo unites the features of what it is asked for, so that asking for less, once, builds nearly everything again: all parts
# ask for the same, the whole workspace with its tests.
part_lints() {
  cargo clippy --locked --workspace --all-targets -- -D warnings
  # The fuzzed workspace has a lock file of its own, which the crates it builds can outgrow.
  cargo metadata --locked --format-version 1 --manifest-path tests/fuzz/Cargo.toml >/dev/null
}

part_build() { build_programs; }

# The page's types are what the model's tests write. The index lists them and is written by hand.
part_bindings() {
  local written
  written=$(mktemp -d)
  TS_RS_EXPORT_DIR=$written cargo test --locked --workspace --quiet export_bindings
  diff --recursive --exclude=index.ts "$written" ui/src/bindings || {
    rm -rf "$written"
    fail "The types of the page are old. Write them: TS_RS_EXPORT_DIR=\$PWD/ui/src/bindings cargo test -p farwire-model export_bindings"
  }
  rm -rf "$written"
}

part_rust() {
  build_programs
  FARWIRED_BIN=$built/farwired cargo test --locked --workspace "$@"
}

part_rust_quick() { part_rust --lib --bins; }

part_schemathesis() {
  build_programs
  tests/lib/schemathesis/schemathesis.sh "$built/farwired"
}

part_browser() {
  build_programs
  npm_packages tests/ui
  FARWIRED_BIN=$built/farwired node --test --test-reporter=spec --test-concurrency=1 tests/ui/browser/*.test.mjs
}

part_window() {
  build_programs
  FARWIRE_BIN=$built/farwire node --test --test-reporter=spec --test-concurrency=1 tests/ui/desktop/*.test.mjs
}

# Prints "PASSED FAILED" of the tests a log tells of, in the words of cargo, vitest and node.
count_tests() {
  awk '
    /^test result:/ { passed += $4; failed += $6 }
    /^ +Tests +.*[0-9]+ passed/ { for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) passed += $(i - 1); if ($i ~ /^failed/) failed += $(i - 1) } }
    /^(#|ℹ) pass [0-9]+$/ { passed += $3 }
    /^(#|ℹ) fail [0-9]+$/ { failed += $3 }
    END { print passed + 0, failed + 0 }' "$1"
}

minutes() { awk -v from="$1" -v to="$2" 'BEGIN { printf "%5.1f min", (to - from) / 60 }'; }

run_parts() {
  local part log begun all_begun=$EPOCHREALTIME status passed failed all_passed=0 all_failed=0
  logs=$(mktemp -d)
  install_packages "${test_packages[@]}" || {
    [[ -z ${CI:-} ]] || fail "The test servers could not be installed."
    say "Going on without them: what needs them is skipped."
  }
  for part in "$@"; do
    log=$logs/$part.log
    begun=$EPOCHREALTIME
    printf '%-12s ' "$part"
    set +e
    (
      set -e
      "part_$part"
    ) </dev/null >"$log" 2>&1
    status=$?
    set -e
    read -r passed failed < <(count_tests "$log")
    ((passed + failed > 0)) || passed=$((status == 0))
    ((status == 0 || failed > 0)) || failed=1
    all_passed=$((all_passed + passed)) all_failed=$((all_failed + failed))
    if ((status != 0)); then
      printf 'FAILED %s\n' "$(minutes "$begun" "$EPOCHREALTIME")"
      tail -n 80 "$log"
      say "The whole log: $log"
      break
    fi
    printf 'ok     %s  %s tests\n' "$(minutes "$begun" "$EPOCHREALTIME")" "$passed"
  done
  ((all_failed > 0)) || rm -rf "$logs"
  printf '%-12s        %s\n' total "$(minutes "$all_begun" "$EPOCHREALTIME")"
  say "$all_passed passed, $all_failed failed"
  ((all_failed == 0))
}

selected=()
case ${1:-} in
  '') selected=("${all[@]}") ;;
  --quick) selected=("${quick[@]}") ;;
  --part)
    shift
    for part in "$@"; do
      declare -F "part_$part" >/dev/null || fail "There is no part $part: ${all[*]}"
      selected+=("$part")
    done
    ;;
  --conformance)
    shift
    exec "$root/tests/lib/conformance.sh" "$@"
    ;;
  --help | -h) usage && exit 0 ;;
  *) usage >&2 && exit 2 ;;
esac
require_toolchains
run_parts "${selected[@]}"
