#!/usr/bin/env bash
# All tests, in two processes: a third makes browsers wait longer than their tests do. Those that hold a
# time to its bar (`alone`) come last, when nothing else runs.
# With arguments one pytest runs with them, for example: bash scripts/test.sh tests/tooling -k port
set -uo pipefail
cd "$(dirname "$0")/.."
reports=var/reports
mkdir -p "$reports"
rm -f "$reports"/*.xml
status=0

if [ $# -gt 0 ]; then
    .venv/bin/python -m pytest --junitxml="$reports/app.xml" "$@" || status=$?
else
    .venv/bin/python -m pytest -m "not alone" -n 2 --dist loadfile --junitxml="$reports/app.xml" || status=$?
    echo "The tests that want the machine for themselves:"
    .venv/bin/python -m pytest -m alone --junitxml="$reports/alone.xml" || status=$?
fi

.venv/bin/python scripts/junit.py report "$reports"/*.xml
exit "$status"
