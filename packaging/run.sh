#!/usr/bin/env bash
# Sets up this machine and starts Farwire. Needs Rust and Node; installs everything else that is missing (Debian and relatives).
#
#   packaging/run.sh [--demo] [--browser] [--debug]
#
#   --demo      also starts a remote desktop on this computer and opens it as "Demo desktop"; uses a data folder of its own
#   --browser   starts farwired, the program with the browser page, also where there is a display for the window
#   --debug     builds quicker, runs slower
#
# With a display it opens the window, else it starts farwired on loopback. Everything it starts ends with it.
set -euo pipefail
# shellcheck source=packaging/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() { sed -n '2,/^set /{/^set /d;s/^#\( \|$\)//p}' "${BASH_SOURCE[0]}"; }

demo='' has_window='' profile=release build_options=(--release)
[[ -z ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]] || has_window=1
for argument in "$@"; do
  case $argument in
    --demo) demo=1 ;;
    --browser) has_window='' ;;
    --debug) profile=debug build_options=() ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
built=$(target_folder)/$profile

started=()
scratch=''
finish() {
  local index
  trap '' INT TERM HUP
  for ((index = ${#started[@]} - 1; index >= 0; index--)); do stop_process "${started[index]}"; done
  [[ -z $scratch ]] || rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

set_up() {
  local -a packages=("${build_packages[@]}") programs=(-p farwire-api --bin farwired)
  if [[ -n $has_window ]]; then
    packages+=("${window_packages[@]}")
    programs+=(-p farwire --bin farwire)
  fi
  [[ -z $demo ]] || packages+=("${desktop_packages[@]}")
  require_toolchains
  install_packages "${packages[@]}" || fail "The packages could not be installed."
  build_page
  say "Building Farwire. The first time takes some minutes."
  (cd "$root" && cargo build --locked "${build_options[@]}" "${programs[@]}")
}

# Whether a key store answers on the user's message bus. One that would have to be started could only ask on a display.
has_key_store() {
  [[ $(busctl --user --timeout=3 call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus \
    NameHasOwner s org.freedesktop.secrets 2>/dev/null) == 'b true' ]]
}

# Makes the file that seals the passwords of a new data folder where no key store does. Sets sealed_by to the arguments for it.
use_passphrase_file() {
  local data=$1 file=$1/passphrase
  sealed_by=()
  if [[ ! -e $data ]] && ! has_key_store; then
    (umask 077 && mkdir -p "$data" && head -c 32 /dev/urandom | base64 >"$file")
    say "No desktop key store answers here. Passwords are sealed with a random passphrase, kept in $file (only you can read it)."
  fi
  [[ ! -e $file ]] || sealed_by=(--passphrase-file "$file")
}

# Starts the demo's remote desktop. Sets demo_port.
start_demo_desktop() {
  scratch=$(mktemp -d)
  mkdir -m 700 "$scratch/desktop"
  # This script holds the other end of its standard input, so that it ends also when this script is killed. Ctrl+C is not for
  # it: Farwire is to leave first.
  coproc demo_desktop { trap '' INT && exec "$root/tests/lib/desktop.sh" "$scratch/desktop"; }
  # shellcheck disable=SC2154 # Set by coproc.
  started+=("$demo_desktop_PID")
  read -r -t 30 demo_port _ <&"${demo_desktop[0]}" || fail "The demo's remote desktop did not start."
}

# Saves the connection to it in the farwired that runs on a data folder. Sets demo_uid, by which it is opened.
save_demo_connection() {
  local password=$scratch/desktop/password status=0
  demo_uid=$(node "$root/packaging/demo.mjs" "$1" "$demo_port" "$password") || status=$?
  case $status in
    0) ;;
    4) say "No key store answers, so the password of the demo could not be saved. It is: $(cat "$password")" ;;
    *) fail "The demo connection could not be saved." ;;
  esac
}

open_window() {
  if [[ -n $demo ]]; then
    # A lasting folder, so that the key store gets one entry for all demos.
    export FARWIRE_DATA_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/farwire/demo
    mkdir -p "$FARWIRE_DATA_DIR"
    start_farwired "$built/farwired" "$FARWIRE_DATA_DIR" --port 0 || fail "farwired did not start."
    started+=("$farwired_pid")
    save_demo_connection "$FARWIRE_DATA_DIR"
    stop_process "$farwired_pid"
    export FARWIRE_OPEN=$demo_uid
  fi
  "$built/farwire" &
  started+=($!)
  wait $!
}

serve_browser() {
  local data=${FARWIRE_DATA_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/dev.farwire.app}
  local -a port=()
  if [[ -n $demo ]]; then
    data=$scratch/saved
    port=(--port 0)
  fi
  use_passphrase_file "$data"
  start_farwired "$built/farwired" "$data" "${port[@]}" "${sealed_by[@]}" || fail "farwired did not start."
  started+=("$farwired_pid")
  if [[ -n $demo ]]; then
    save_demo_connection "$data"
    farwired_link+="&open=$demo_uid"
  fi
  say "
Farwire answers on $farwired_url
Sign in by this link, which works once:
  $farwired_link
For another one: $built/farwired link --data-dir $data
Token for scripts: $data/api-token
Ctrl+C ends it."
  wait "$farwired_pid"
}

set_up
[[ -z $demo ]] || start_demo_desktop
if [[ -n $has_window ]]; then open_window; else serve_browser; fi
