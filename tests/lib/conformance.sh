#!/usr/bin/env bash
# Runs conformance scripts against a fresh farwired with every dialect, a real VNC server and a real SSH server: see tests/run.sh --conformance.
#
#   conformance.sh FILE …
#
# A script finds its servers in its environment, prints `N passed, N failed` at its end, and ends with 0 when nothing failed.
set -euo pipefail
# shellcheck source=packaging/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../packaging/common.sh"
# shellcheck source=tests/lib/python.sh
source "$root/tests/lib/python.sh"

(($# > 0)) || fail "Name the conformance scripts to run."
for script in "$@"; do
  [[ -f $script ]] || fail "There is no conformance script $script."
done

require_toolchains
install_packages "${build_packages[@]}" "${window_packages[@]}" "${desktop_packages[@]}" python3 openssh-server || fail "The servers could not be installed."
prepare_python
build_programs
farwired=$(target_folder)/debug/farwired

scratch=$(mktemp -d)
# The SSH server's account has its home inside.
chmod 711 "$scratch"
started=()
finish() {
  local index
  for ((index = ${#started[@]} - 1; index >= 0; index--)); do stop_process "${started[index]}"; done
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

mkdir -m 700 "$scratch/desktop"
coproc desktop { exec "$root/tests/lib/desktop.sh" "$scratch/desktop"; }
# shellcheck disable=SC2154 # Set by coproc.
started+=("$desktop_PID")
read -r -t 30 VNC_PORT _ <&"${desktop[0]}" || fail "The VNC server did not start."
VNC_PASSWORD=$(cat "$scratch/desktop/password")

mkdir -m 755 "$scratch/sshd"
# It ends when this end of its standard input is closed: a second coprocess is more than the shell looks after.
mkfifo "$scratch/sshd/said"
# shellcheck disable=SC2034 # Held open until the end.
exec {sshd_stdin}> >(exec "$root/tests/lib/sshd.sh" "$scratch/sshd" >"$scratch/sshd/said")
started+=($!)
read -r -t 30 SSH_PORT SSH_USER <"$scratch/sshd/said" || fail "The SSH server did not start."
SSH_PASSWORD=$(cat "$scratch/sshd/password")
export SSH_HOST=127.0.0.1 SSH_PORT SSH_USER SSH_PASSWORD SSH_KEY=$scratch/sshd/key

data=$scratch/saved
(umask 077 && head -c 32 /dev/urandom | base64 >"$scratch/passphrase")
start_farwired "$farwired" "$data" --port 0 --passphrase-file "$scratch/passphrase" \
  --dialects native,files,sessions 2>"$scratch/farwired.log" ||
  fail "farwired did not start: $(cat "$scratch/farwired.log")"
started+=("$farwired_pid")
FARWIRE_URL=$farwired_url
FARWIRE_TOKEN=$(cat "$data/api-token")
FARWIRE_REVEAL=$("$farwired" token new --name reveal --scopes read,reveal --data-dir "$data")
export FARWIRE_URL FARWIRE_TOKEN FARWIRE_REVEAL VNC_HOST=127.0.0.1 VNC_PORT VNC_PASSWORD

all_passed=0 all_failed=0
for script in "$@"; do
  say "== $script"
  status=0
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(dirname "$script") "$python_folder/bin/python" "$script" 2>&1 |
    tee "$scratch/said" || status=$?
  if [[ $(tail -n 1 "$scratch/said") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]}
  else
    passed=0 failed=0
  fi
  ((status == 0 || failed > 0)) || failed=1
  all_passed=$((all_passed + passed)) all_failed=$((all_failed + failed))
done
((all_failed == 0)) || { say "What farwired said:" && tail -n 60 "$scratch/farwired.log"; }
say "$all_passed passed, $all_failed failed"
((all_failed == 0 && all_passed > 0))
