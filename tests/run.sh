#!/usr/bin/env bash
# The whole suite. `make test` and CI call it. Stages print their seconds; a failure stops after its stage.
set -euo pipefail
cd "$(dirname "$0")/.."
export ATRIUM_MODE=test ATRIUM_VAR="${ATRIUM_VAR:-$PWD/var/test}" PYTHONUNBUFFERED=1
mkdir -p "$ATRIUM_VAR"
stage() { # NAME COMMAND...
    local started=$SECONDS name=$1
    shift
    echo "== $name"
    "$@" || { local code=$?; echo "== $name: FAILED after $((SECONDS - started)) s"; return "$code"; }
    echo "== $name: $((SECONDS - started)) s"
}
# Two at once on a machine with two cores, each with a folder of its own; the first one's output comes when both are done.
together() { # NAME COMMAND -- NAME COMMAND: functions
    local first=0 second=0 pid
    (ATRIUM_VAR="$ATRIUM_VAR/beside" stage "$1" "$2") >"$ATRIUM_VAR/beside.log" 2>&1 &
    pid=$!
    stage "$4" "$5" || second=$?
    wait "$pid" || first=$?
    cat "$ATRIUM_VAR/beside.log"
    return $((first ? first : second))
}
stage "lint" make -s lint
stage "catalogs" .venv/bin/python manage.py compile_po
stage "migrations are complete" .venv/bin/python manage.py makemigrations --check --dry-run
# One order and one seed: a run that is red is red again. `pytest` alone shuffles, to find what depends on the order.
TESTS=(.venv/bin/pytest -p no:cacheprovider --randomly-dont-reorganize --randomly-seed=20261130 "$@")
# The browser's driver keeps an event loop in the main thread: its tests run in processes of their own.
without_browser() { "${TESTS[@]}" -m "not browser and not stack"; }
in_browser() { "${TESTS[@]}" -m "browser and not stack"; }
together "tests" without_browser -- "tests in the browser" in_browser
stage "tests on the real systems" "${TESTS[@]}" -m stack
