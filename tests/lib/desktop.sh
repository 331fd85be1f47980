#!/usr/bin/env bash
# A real remote desktop: TigerVNC with a password, reachable on this computer's loopback only.
#
#   desktop.sh DIR      with WIDTHxHEIGHT in GEOMETRY, by default 1280x800, and more options for Xvnc in XVNC_OPTIONS
#
# DIR is an existing folder of this user's. The line `PORT DISPLAY` on standard output says that the desktop answers; then
# DIR/password holds the password and DIR/xauth the cookie for programs that want to appear on it. It ends, with everything
# it started, on SIGTERM, on SIGINT, or when standard input ends, which is when whoever started it is gone.
set -euo pipefail
umask 077

dir=$(cd "${1:?the folder for its files is missing}" && pwd)
geometry=${GEOMETRY:-1280x800}
read -ra options <<<"${XVNC_OPTIONS:-}"
export XAUTHORITY=$dir/xauth
started=()
exec {stdin}<&0

finish() {
  local index pid left=50
  trap '' TERM INT
  for ((index = ${#started[@]} - 1; index >= 0; index--)); do
    kill "${started[index]}" 2>/dev/null || true
  done
  for pid in "${started[@]}"; do
    while ((left-- > 0)) && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true
  done
}
trap finish EXIT
trap 'exit 0' TERM INT

free_port() {
  local port
  while port=$((20000 + RANDOM % 10000)); do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  printf '%s' "$port"
}

# The cookie keeps other users of this machine off the display; the entry's number does not matter to the server.
: >"$XAUTHORITY"
cookie=$(mcookie)
printf 'add :0 . %s\n' "$cookie" | xauth -q -f "$XAUTHORITY"
# VNC passwords have eight characters.
[[ -s $dir/password ]] || printf '%s\n' "${cookie:0:8}" >"$dir/password"
vncpasswd -f <"$dir/password" >"$dir/vncpasswd"

port=$(free_port)
# Without -interface it would listen on every address of this machine. A session of its own, because it ends on a Ctrl+C in the
# terminal whatever it was told.
setsid Xvnc -displayfd 3 -auth "$XAUTHORITY" -geometry "$geometry" -depth 24 -desktop "Demo desktop" \
  -interface 127.0.0.1 -rfbport "$port" -SecurityTypes VncAuth -PasswordFile "$dir/vncpasswd" \
  -AlwaysShared -noreset -nolisten tcp "${options[@]}" </dev/null >"$dir/Xvnc.log" 2>&1 3>"$dir/display" &
started+=($!)
for ((left = 100; left > 0; left--)); do
  [[ -s $dir/display ]] && break
  kill -0 "${started[0]}" 2>/dev/null || break
  sleep 0.1
done
[[ -s $dir/display ]] || {
  printf 'Xvnc did not start:\n%s\n' "$(cat "$dir/Xvnc.log")" >&2
  exit 1
}
DISPLAY=:$(cat "$dir/display")
export DISPLAY
printf 'add %s . %s\n' "$DISPLAY" "$cookie" | xauth -q -f "$XAUTHORITY"

# What is there to see. A missing program only makes the desktop barer.
show() {
  command -v "$1" >/dev/null || return 0
  (cd "$dir" && exec "$@") </dev/null >>"$dir/programs.log" 2>&1 &
  started+=($!)
}
show xsetroot -solid '#3a5f7d'
# An xterm that opens while the window manager starts stays hidden now and then: the manager opens it when it is ready.
terminal="xterm -geometry 80x24+60+60 -fa Monospace -fs 11 -title Terminal"
if command -v openbox >/dev/null; then
  show openbox --startup "$terminal"
else
  # shellcheck disable=SC2086 # Words on purpose.
  show $terminal
fi
show xclock -geometry 160x160-40+40

printf '%s %s\n' "$port" "$DISPLAY"
cat <&"$stdin" >/dev/null &
started+=($!)
wait -n "${started[0]}" $!
