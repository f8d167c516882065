#!/usr/bin/env bash
# Lint, types, and whether the migrations say what the models say. Stops at the first that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
export DATABASE_URL="sqlite:///$fresh/check.db" VAR_DIR="$fresh"

step() {
    echo "check: $1"
    shift
    "$@"
}
step "ruff" $bin/ruff check --quiet .
step "mypy, strict" $bin/mypy
step "alembic: migrations match the models" $bin/rechtdoor migrate
$bin/alembic check >"$fresh/alembic.log" 2>&1 || {
    cat "$fresh/alembic.log"
    exit 1
}
echo "check: all well"
