#!/usr/bin/env bash
# Lets schemathesis loose on every route: a fresh farwired with a token of every scope, and a data folder that is thrown away.
#
#   schemathesis.sh FARWIRED
#
# Three runs with every check and every phase: the whole document, where POST stands beside ACTION; its twin for tools that
# know the usual verbs only; and the twin's POSTs sent as ACTION. No operation, phase or check is left out, and nothing may be
# found. What no schema can say stands in hooks.py and the configuration: bodies name things that are there, an upload to
# /import is one .rdp file, ACTION is taken out of Allow, deleted credentials are answered as none, and which statuses a
# well-formed request may get besides 2xx.
# SCHEMATHESIS_EXAMPLES says how many examples an operation gets, SCHEMATHESIS_SEED where chance begins.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=packaging/common.sh
source "$here/../../../packaging/common.sh"
# shellcheck source=tests/lib/python.sh
source "$root/tests/lib/python.sh"

farwired=${1:?name the farwired program to test}
prepare_python
scratch=$(mktemp -d)
farwired_pid=
finish() {
  [[ -z $farwired_pid ]] || stop_process "$farwired_pid"
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

run() {
  local name=$1 verb=$2 path=$3 data=$scratch/$1 begun=$EPOCHREALTIME
  shift 3
  (umask 077 && head -c 32 /dev/urandom | base64 >"$scratch/passphrase")
  start_farwired "$farwired" "$data" --port 0 --passphrase-file "$scratch/passphrase" 2>"$scratch/farwired.log" ||
    fail "farwired did not start: $(cat "$scratch/farwired.log")"
  FARWIRE_TOKEN=$("$farwired" token new --name schemathesis \
    --scopes read,write,connect,files,credentials,trust,reveal,admin --data-dir "$data")
  export FARWIRE_TOKEN FARWIRE_URL=$farwired_url FARWIRE_VERB=$verb
  curl --silent --fail --noproxy '*' "$farwired_url$path" >"$scratch/document.json"
  "$python_folder/bin/openapi-spec-validator" "$scratch/document.json"
  (cd "$scratch" && SCHEMATHESIS_HOOKS=hooks PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 NO_PROXY='*' \
    "$python_folder/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$farwired_url$path" \
    --url "$farwired_url" --header "Authorization: Bearer $FARWIRE_TOKEN" --checks all --mode all \
    --max-examples "${SCHEMATHESIS_EXAMPLES:-200}" --seed "${SCHEMATHESIS_SEED:-1}" --workers 1 \
    --generation-database none --no-color --continue-on-failure "$@")
  stop_process "$farwired_pid"
  farwired_pid=
  say "ok $name: $(awk -v from="$begun" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.0f", to - from }') s"
}

run whole POST /openapi.json
run twin POST '/openapi.json?twin=post'
run action ACTION '/openapi.json?twin=post' --include-method POST
