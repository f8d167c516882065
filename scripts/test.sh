#!/usr/bin/env bash
# All tests. Those in a browser run beside the others, and these in two processes: all mostly wait, and two cores serve
# them together. Those that hold a time to its bar (`alone`) come last, when nothing else runs.
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
    .venv/bin/python -m pytest -m browser --junitxml="$reports/browser.xml" >"$reports/browser.txt" 2>&1 &
    browser=$!
    trap 'kill "$browser" 2>/dev/null' INT TERM
    .venv/bin/python -m pytest -m "not browser and not alone" -n 2 --dist loadfile --junitxml="$reports/app.xml" || status=$?
    echo "The tests in a browser:"
    wait "$browser" || status=$?
    cat "$reports/browser.txt"
    echo "The tests that want the machine for themselves:"
    .venv/bin/python -m pytest -m alone --junitxml="$reports/alone.xml" || status=$?
fi

.venv/bin/python scripts/junit.py report "$reports"/*.xml
exit "$status"
