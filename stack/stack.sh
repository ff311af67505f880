#!/usr/bin/env bash
# The whole stack on ONE PostgreSQL cluster: PostgreSQL, Redis, Keycloak, Tryton (ERP), BottleCRM (CRM), by the recipes' own scripts.
#
#   stack.sh up [--parallel]   start everything that is not running; prints seconds by step
#   stack.sh down              stop everything (data stays)
#   stack.sh env               print the shell lines that every other script needs:  eval "$(stack.sh env)"
#   stack.sh memory            PSS by part, in MB
#
# All data under $ATRIUM_STACK_DIR (default .stack beside this script). Ports: ATRIUM_PG_PORT 26432, ATRIUM_REDIS_PORT 26379, KC_PORT 8080,
# KC_MGMT_PORT 9000, ATRIUM_TRYTON_PORT 8010, CRM_PORT 8020. ATRIUM_WITH_REDIS=0 leaves Redis out. PYTHON: 3.11 or newer for Tryton and services.py.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export ATRIUM_STACK_DIR=${ATRIUM_STACK_DIR:-$here/.stack}
mkdir -p "$ATRIUM_STACK_DIR"
ATRIUM_STACK_DIR=$(cd "$ATRIUM_STACK_DIR" && pwd)
PYTHON=${PYTHON:-python3}
die() { printf 'stack: %s\n' "$*" >&2; exit 1; }
command -v "$PYTHON" >/dev/null || die "missing: $PYTHON"

secret() { # NAME: made once, 0600
    local f=$ATRIUM_STACK_DIR/secrets/$1
    [ -s "$f" ] || (umask 077; mkdir -p "${f%/*}"; head -c 24 /dev/urandom | base64 | tr -d '\n=+/' >"$f")
    cat "$f"
}
settings() {
    export KC_DB=postgres KC_PORT=${KC_PORT:-8080} KC_MGMT_PORT=${KC_MGMT_PORT:-9000}
    export KC_URL=${KC_URL:-http://localhost:$KC_PORT}
    export ATRIUM_OIDC_ISSUER=${ATRIUM_OIDC_ISSUER:-$KC_URL/realms/atrium}       # "iss", letter by letter; localhost is not 127.0.0.1
    export ATRIUM_OIDC_JWKS=${ATRIUM_OIDC_JWKS:-$ATRIUM_OIDC_ISSUER/protocol/openid-connect/certs}
    export ATRIUM_DEMO_PASSWORD=${ATRIUM_DEMO_PASSWORD:-Atrium-demo-2026}
    export ATRIUM_PG_PORT=${ATRIUM_PG_PORT:-26432} ATRIUM_REDIS_PORT=${ATRIUM_REDIS_PORT:-26379}
    eval "$("$PYTHON" "$here/services/services.py" env | sed -n 's/^\(PGPASSFILE\|PG_BIN\|REDIS_URL\)=\(.*\)$/export \1='\''\2'\''/p')"
    export KC_DB_URL=jdbc:postgresql://127.0.0.1:$ATRIUM_PG_PORT/keycloak KC_DB_USERNAME=keycloak KC_DB_PASSWORD
    KC_DB_PASSWORD=$(secret keycloak_db)
    export ATRIUM_TRYTON_PORT=${ATRIUM_TRYTON_PORT:-8010} ATRIUM_TRYTON_PG_URI
    ATRIUM_TRYTON_PG_URI=postgresql://tryton:$(secret tryton_db)@127.0.0.1:$ATRIUM_PG_PORT/
    export CRM_PORT=${CRM_PORT:-8020} CRM_PGADMIN=atrium CRM_PGHOST=127.0.0.1 CRM_PGPORT=$ATRIUM_PG_PORT
    export CRM_OIDC_ISSUER=$ATRIUM_OIDC_ISSUER CRM_OIDC_JWKS=$ATRIUM_OIDC_JWKS
}
psqla() { "$PG_BIN/psql" -X -q -At -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$ATRIUM_PG_PORT" -U atrium -d postgres "$@"; }
cluster() {
    local parts=(pg)
    [ "${ATRIUM_WITH_REDIS:-1}" = 0 ] || parts+=(redis)
    "$PYTHON" "$here/services/services.py" up "${parts[@]}"
    settings
    local pair role
    for pair in "keycloak nocreatedb" "tryton createdb"; do
        role=${pair% *}
        [ "$(psqla -c "select 1 from pg_roles where rolname = '$role'")" = 1 ] ||
            psqla -c "create role $role login nosuperuser ${pair#* } password '$(secret "${role}_db")'"
    done
    [ "$(psqla -c "select 1 from pg_database where datname = 'keycloak'")" = 1 ] || psqla -c "create database keycloak owner keycloak"
}
step() { # NAME COMMAND...
    local t0 rc=0 name=$1; shift
    t0=$(date +%s%N)
    "$@" >"$ATRIUM_STACK_DIR/$name.log" 2>&1 || rc=$?
    printf 'stack: %-16s %6.1f s%s\n' "$name" "$(awk "BEGIN{print ($(date +%s%N)-$t0)/1e9}")" "$([ $rc = 0 ] || echo " FAILED, see $name.log in the data folder: $(tail -n 2 "$ATRIUM_STACK_DIR/$name.log" | tr '\n' ' ')")"
    return $rc
}
install_keycloak() { step keycloak-get "$here/keycloak/get.sh"; }
keycloak() { install_keycloak && step keycloak-start "$here/keycloak/run.sh" start; }
pss() { # pids...
    local total=0 v p
    for p in "$@"; do v=$(awk '/^Pss:/{print $2}' "/proc/$p/smaps_rollup" 2>/dev/null || true); total=$((total + ${v:-0})); done
    echo $((total / 1024))
}
tree() { # pid and all its descendants
    local c; echo "$1"; for c in $(pgrep -P "$1" || true); do tree "$c"; done
}
pid_of() { cat "$ATRIUM_STACK_DIR/$1" 2>/dev/null || true; }

case ${1:-} in
up)
    t0=$(date +%s%N)
    step cluster cluster
    settings
    if [ "${2:-}" = --parallel ]; then
        keycloak & a=$!
        step tryton "$here/erp/up.sh" & b=$!
        step crm "$here/crm/up.sh" & c=$!
        rc=0; wait $a || rc=1; wait $b || rc=1; wait $c || rc=1
        [ $rc = 0 ] || exit 1
    else
        keycloak; step tryton "$here/erp/up.sh"; step crm "$here/crm/up.sh"
    fi
    printf 'stack: all ready after %.1f s: Keycloak %s, ERP http://127.0.0.1:%s/erp, CRM http://127.0.0.1:%s\n' \
        "$(awk "BEGIN{print ($(date +%s%N)-$t0)/1e9}")" "$ATRIUM_OIDC_ISSUER" "$ATRIUM_TRYTON_PORT" "$CRM_PORT" ;;
down)
    settings
    "$here/crm/down.sh"; "$here/erp/down.sh"; "$here/keycloak/run.sh" stop
    "$PYTHON" "$here/services/services.py" down ;;
env)
    settings
    for n in ATRIUM_STACK_DIR KC_DB KC_PORT KC_MGMT_PORT KC_URL KC_DB_URL KC_DB_USERNAME KC_DB_PASSWORD ATRIUM_OIDC_ISSUER ATRIUM_OIDC_JWKS ATRIUM_DEMO_PASSWORD \
        ATRIUM_PG_PORT ATRIUM_REDIS_PORT REDIS_URL PG_BIN PGPASSFILE ATRIUM_TRYTON_PORT ATRIUM_TRYTON_PG_URI CRM_PORT CRM_PGADMIN CRM_PGHOST CRM_PGPORT CRM_OIDC_ISSUER CRM_OIDC_JWKS; do
        [ -z "${!n:-}" ] || printf 'export %s=%q\n' "$n" "${!n}"
    done ;;
memory)
    for part in "postgresql services/pg/data/postmaster.pid" "redis services/redis/redis.pid" "keycloak run/keycloak.pid" "tryton tryton/trytond.pid" "crm crm/run/gunicorn.pid" "crm-webhooks crm/run/webhooks.pid"; do
        p=$(pid_of "${part#* }" | head -n 1)
        # shellcheck disable=SC2046
        [ -z "$p" ] || [ ! -d "/proc/$p" ] || printf '%-13s %5s MB PSS\n' "${part% *}" "$(pss $(tree "$p"))"
    done ;;
*) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
