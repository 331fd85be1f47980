#!/usr/bin/env bash
# A real OpenSSH server with an account of its own, reachable on this computer's loopback only. Needs root.
#
#   sshd.sh DIR [CONFIG]
#
# DIR is an existing folder, CONFIG lines of the configuration. The account, with a password and a key, is in a mount namespace of the server alone: the machine's
# own accounts stay as they are. The line `PORT USER` on standard output says that it answers; then DIR/password holds the
# password, DIR/key and DIR/key.pub the key. It ends, with everything in it, on SIGTERM, on SIGINT, or when standard input ends,
# which is when whoever started it is gone.
set -euo pipefail

dir=$(cd "${1:?the folder for its files is missing}" && pwd)
user=farwire-test
server=''
exec {stdin}<&0

finish() {
  trap '' TERM INT
  [[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true
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

# The account must reach its home.
chmod 755 "$dir"
mkdir -p "$dir/home" "$dir/namespace"
(umask 077 && head -c 12 /dev/urandom | base64 >"$dir/password")
ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
port=$(free_port)
cat >"$dir/sshd_config" <<END
${2:-}
ListenAddress 127.0.0.1:$port
HostKey $dir/host
UsePAM yes
StrictModes no
PidFile none
PrintMotd no
PrintLastLog no
AuthorizedKeysFile $dir/key.pub
Subsystem sftp /usr/lib/openssh/sftp-server
END

# Accounts and keys of the machine lie under what is written here, and are not touched.
export dir user
# shellcheck disable=SC2016 # The inner shell's variables.
unshare --mount --pid --fork --kill-child --mount-proc bash -c '
  set -e
  mount -t tmpfs tmpfs "$dir/namespace"
  mkdir "$dir/namespace/upper" "$dir/namespace/work"
  mount -t overlay overlay -o "lowerdir=/etc,upperdir=$dir/namespace/upper,workdir=$dir/namespace/work" /etc
  mount -t tmpfs tmpfs /run
  mkdir /run/sshd
  useradd -M -d "$dir/home" -s /bin/bash "$user"
  printf "%s:%s\n" "$user" "$(cat "$dir/password")" | chpasswd
  chown "$user" "$dir/home"
  exec /usr/sbin/sshd -D -e -f "$dir/sshd_config"
' </dev/null >"$dir/sshd.log" 2>&1 &
server=$!
for ((left = 100; left > 0; left--)); do
  (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  kill -0 "$server" 2>/dev/null || left=1
  sleep 0.1
done
((left > 0)) || {
  printf 'sshd did not start, which takes root and namespaces:\n%s\n' "$(cat "$dir/sshd.log")" >&2
  exit 1
}

printf '%s %s\n' "$port" "$user"
cat <&"$stdin" >/dev/null &
wait -n "$server" $!
