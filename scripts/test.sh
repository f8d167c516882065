#!/usr/bin/env bash
# All tests: the bot's in its own environment, then the app's. Both always run; the status tells of either.
# Arguments go to the app's pytest, for example: bash scripts/test.sh tests/tooling -k port
set -uo pipefail
cd "$(dirname "$0")/.."
reports=var/reports
mkdir -p "$reports"
rm -f "$reports"/*.xml
status=0

echo "The bot's tests (Python 3.10)"
(cd bot && .venv/bin/python -m pytest tests -q --junitxml="../$reports/bot.xml") || status=$?
echo "The app's tests (Python 3.11)"
.venv/bin/python -m pytest --junitxml="$reports/app.xml" "$@" || status=$?

.venv/bin/python scripts/junit.py report "$reports/bot.xml" "$reports/app.xml"
exit "$status"
