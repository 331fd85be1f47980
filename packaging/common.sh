# shellcheck shell=bash
# What the set-up and test scripts share: installing Debian packages, building, starting farwired.
# Sourced by packaging/run.sh and tests/run.sh after `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What the command line programs are built with: some crates build C, OpenH264 has its fast paths in assembler, and VNC's anonymous
# TLS is the system's.
# shellcheck disable=SC2034 # The lists are read by the scripts that source this file.
build_packages=(build-essential nasm pkg-config libssl-dev)
# What the window is built with. They bring the libraries it runs with.
# shellcheck disable=SC2034
window_packages=(libwebkit2gtk-4.1-dev libayatana-appindicator3-dev librsvg2-dev)
# A real desktop to connect to: tests/lib/desktop.sh starts it.
# shellcheck disable=SC2034
desktop_packages=(tigervnc-standalone-server tigervnc-tools xauth xfonts-base x11-xserver-utils x11-apps openbox xterm)

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Prints the packages among the arguments that are not installed, on one line.
missing_packages() {
  local package
  local -a missing=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  printf '%s' "${missing[*]}"
}

# Installs the packages that are missing, and says so before it does. Does nothing, and asks no server, when none is.
install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "This system has no Debian packages. Make sure it has what these contain: $*"
    return 0
  fi
  local missing
  local -a as_root=()
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || return 0
  say "Installing: $missing"
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || {
      say "That needs root, and sudo is not here. As root, run: apt-get install $missing"
      return 1
    }
    as_root=(sudo)
  fi
  # shellcheck disable=SC2086 # A list of names on purpose.
  "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends $missing >/dev/null
}

# Rust and Node come from their own installers, so that the person chooses the versions.
require_toolchains() {
  command -v cargo >/dev/null || fail "Rust is missing. Install it from https://rustup.rs, then start this again."
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    fail "Node.js is missing. Install version 20.19 or newer from https://nodejs.org, then start this again."
  fi
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old: version 20.19 or newer is needed."
}

# Installs the npm packages of a folder when its lock file is newer than what is there.
npm_packages() {
  local folder=$1
  [[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] && return 0
  (cd "$folder" && npm ci --no-audit --no-fund)
}

# Builds the page that both programs carry, when something it is made of is newer than it: crates too, whose licences are in
# it. Cargo then need not build it again.
export FARWIRE_SKIP_UI=1
build_page() {
  local changed
  npm_packages "$root/ui"
  if [[ -f $root/ui/dist/index.html ]]; then
    # The folder, not index.html: building the window sets that file's time back.
    changed=$(find "$root/ui" "$root/Cargo.lock" \( -name node_modules -o -name dist \) -prune -o -type f -newer "$root/ui/dist/assets" -print -quit)
    [[ -n $changed ]] || return 0
  fi
  (cd "$root/ui" && npm run build)
}

# Prints the folder cargo builds into.
target_folder() {
  local folder=${CARGO_TARGET_DIR:-target}
  [[ $folder == /* ]] || folder=$root/$folder
  printf '%s' "$folder"
}

# Builds both programs and all tests, for tests. The page must be there: the programs carry it.
build_programs() {
  build_page
  (cd "$root" && cargo build --locked --workspace --all-targets)
}

# Starts farwired (program, data folder, further arguments) and waits until it answers; its log goes to standard error.
# Sets farwired_pid, farwired_url and farwired_link.
# shellcheck disable=SC2034
start_farwired() {
  local program=$1 data=$2 line
  shift 2
  exec {farwired_lines}< <(exec "$program" --data-dir "$data" "$@")
  farwired_pid=$!
  farwired_url='' farwired_link=''
  while [[ -z $farwired_link ]] && read -r -t 60 -u "$farwired_lines" line; do
    case $line in
      'farwired listening on '*) farwired_url=${line##* } ;;
      *'#code='*) [[ $line =~ (http[^[:space:]]+) ]] && farwired_link=${BASH_REMATCH[1]} ;;
    esac
  done
  [[ -n $farwired_link ]]
}

# Ends a process of ours by its id and waits for it, at most ten seconds before it is killed.
stop_process() {
  local pid=$1 left=100
  kill "$pid" 2>/dev/null || return 0
  while ((left-- > 0)) && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}
