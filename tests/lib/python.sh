# shellcheck shell=bash disable=SC2154 # root is set by common.sh.
# The Python programs tests use, in a folder of their own. Sourced after packaging/common.sh.

# Outside the checkout, so that a fresh clone finds it again.
python_folder=${XDG_CACHE_HOME:-$HOME/.cache}/farwire-test-venv

prepare_python() {
  local wanted=$root/tests/lib/requirements.txt
  cmp -s "$wanted" "$python_folder/installed.txt" && return 0
  python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
  python3 -m venv --clear "$python_folder"
  "$python_folder/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
  cp "$wanted" "$python_folder/installed.txt"
}
