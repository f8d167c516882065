#!/usr/bin/env bash
# Resolves requirements.in in a new environment and writes requirements.lock from what came out.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "Resolving requirements.in; this downloads and takes some minutes."
.venv/bin/python -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off "setuptools>=77" -r requirements.in |
    grep --line-buffered -E '^(Collecting|Processing|Installing)' | cut -c1-80
{
    echo "# Python 3.11. Made from requirements.in by \`make lock\`; install with plain pip."
    "$work/venv/bin/python" -m pip freeze --all --exclude pip | sed -E 's/ @ file:.*//; s/[+]cpu$//' | LC_ALL=C sort -f
} >"$work/lock"
if grep -vE '^#|^[A-Za-z0-9_.-]+==[^ ]+$' "$work/lock"; then
    echo "These lines carry no version; requirements.lock is left as it was." >&2
    exit 1
fi
mv "$work/lock" requirements.lock
echo "requirements.lock is written. 'make test' installs it and tries it."
