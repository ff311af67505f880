#!/usr/bin/env bash
# The whole suite. `make test` and CI call it. Stages print their seconds; the first failure stops.
set -euo pipefail
cd "$(dirname "$0")/.."
export ATRIUM_MODE=test ATRIUM_VAR="${ATRIUM_VAR:-$PWD/var/test}" PYTHONUNBUFFERED=1
mkdir -p "$ATRIUM_VAR"
stage() { # NAME COMMAND...
    local started=$SECONDS name=$1
    shift
    echo "== $name"
    "$@"
    echo "== $name: $((SECONDS - started)) s"
}
stage "lint" make -s lint
stage "catalogs" .venv/bin/python manage.py compile_po
stage "migrations are complete" .venv/bin/python manage.py makemigrations --check --dry-run
# One order and one seed: a run that is red is red again. `pytest` alone shuffles, to find what depends on the order.
TESTS=(.venv/bin/pytest -p no:cacheprovider --randomly-dont-reorganize --randomly-seed=20261130)
# The browser's driver keeps an event loop in the main thread: its tests run in processes of their own.
stage "tests" "${TESTS[@]}" -m "not browser and not stack" "$@"
stage "tests in the browser" "${TESTS[@]}" -m "browser and not stack" "$@"
stage "tests on the real systems" "${TESTS[@]}" -m stack "$@"
