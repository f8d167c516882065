#!/usr/bin/env bash
# All tests: those inside the bot's environment, where there are any, then all others. The status tells of both.
# Arguments go to the app's pytest, for example: bash scripts/test.sh tests/tooling -k port
set -uo pipefail
cd "$(dirname "$0")/.."
reports=var/reports
mkdir -p "$reports"
rm -f "$reports"/*.xml
status=0

if compgen -G "bot/tests/test_*.py" >/dev/null; then
    echo "Tests that run inside the bot's environment"
    (cd bot && .venv/bin/python -m pytest tests -q --junitxml="../$reports/bot.xml") || status=$?
fi
.venv/bin/python -m pytest --junitxml="$reports/app.xml" "$@" || status=$?

.venv/bin/python scripts/junit.py report "$reports"/*.xml
exit "$status"
