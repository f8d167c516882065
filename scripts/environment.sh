#!/usr/bin/env bash
# Makes a Python environment from a lock file, or leaves a finished one alone.
#   scripts/environment.sh DIRECTORY LOCKFILE PYTHON_VERSION [pip options]
# DIRECTORY/.made is written last: an environment without it was interrupted and is made anew.
# A changed lock file is installed into the environment in place.
# PYTHON311 and PYTHON310 name an interpreter when the usual search finds none.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=$1 lock=$2 version=$3
shift 3
log=var/log/setup-$(echo "$dir" | tr -c 'a-z0-9\n' '-' | sed 's/^-*//').log

fits() { # fits PROGRAM: is it the wanted version, able to make environments?
    [ -n "$1" ] && "$1" -c "import sys, venv, ensurepip
raise SystemExit('%d.%d' % sys.version_info[:2] != '$version')" >/dev/null 2>&1
}

find_python() { # prints an interpreter of the wanted version; asks uv for one when there is none
    local override=PYTHON${version/./} candidate
    for candidate in "${!override:-}" "python$version" python3 "$HOME/.pyenv/versions/$version".*/bin/python; do
        if fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    if command -v uv >/dev/null; then
        echo "No Python $version here; uv fetches one." >&2
        uv python install --quiet "$version" >&2 && candidate=$(uv python find "$version") && fits "$candidate" && {
            echo "$candidate"
            return
        }
    fi
    cat >&2 <<END
Python $version with its venv module was not found, and it is needed for $dir.
Install it (Debian and Ubuntu: python$version and python$version-venv; pyenv: pyenv install $version),
or install uv, which fetches it by itself, or name it: make PYTHON${version/./}=/path/to/python$version
END
    return 1
}

fingerprint() {
    { # of pyproject.toml only what an installation depends on, which comes before the tools' settings
        cat "$lock"
        if [ "$dir" = .venv ]; then sed '/^\[tool\.ruff/,$d' pyproject.toml; fi
    } | sha256sum | cut -d' ' -f1
}

say() { # say MESSAGE: one line that replaces itself on a terminal
    if [ -t 1 ]; then printf '\r\033[K  %s' "$1"; else printf '  %s\n' "$1"; fi
}

show() { # show TOTAL: turns pip's wall of lines into a count
    local total=$1 seen=0 started=$SECONDS line status what=looking
    while true; do
        status=0
        IFS= read -r -t 15 line || status=$?
        if [ "$status" -gt 128 ]; then
            say "$seen of $total packages, $what, $((SECONDS - started)) s"
            continue
        fi
        [ "$status" -eq 0 ] || break
        case $line in
            Collecting*|Processing*|"Requirement already"*)
                seen=$((seen + 1))
                if [ -t 1 ] || [ $((seen % 40)) -eq 0 ]; then say "$seen of $total packages"; fi ;;
            *Downloading*MB\)*) what=downloading ;;
            *"Building wheel"*) what=building ;;
            Installing\ collected*) what=installing; say "installing, this takes a minute or two" ;;
        esac
    done
    say "done in $((SECONDS - started)) s"
    if [ -t 1 ]; then echo; fi
}

install() { # install PIP-ARGUMENTS: quietly, with progress; the end of the log when it fails
    set +e
    PYTHONUNBUFFERED=1 "$dir/bin/python" -m pip install --disable-pip-version-check --no-input "$@" </dev/null 2>&1 |
        tee -a "$log" | show "$packages"
    local status=${PIPESTATUS[0]}
    set -e
    if [ "$status" -ne 0 ]; then
        printf 'Installing into %s failed. The end of %s:\n' "$dir" "$log" >&2
        tail -n 15 "$log" >&2
        exit 1
    fi
}

want=$(fingerprint)
if [ -f "$dir/.made" ] && [ "$(cat "$dir/.made")" = "$want" ] && fits "$dir/bin/python"; then
    touch "$dir/.made"
    exit 0
fi

mkdir -p var/log
: >"$log"
if [ ! -f "$dir/.made" ] || ! fits "$dir/bin/python"; then
    if [ -e "$dir" ]; then echo "$dir is not complete; making it anew."; fi
    python=$(find_python)
    rm -rf "$dir"
    "$python" -m venv "$dir"
fi
rm -f "$dir/.made"
packages=$(grep -c == "$lock" || true)
echo "Installing $packages packages into $dir from $lock"
install -r "$lock" "$@"
if [ "$dir" = .venv ]; then
    "$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . >>"$log" 2>&1 ||
        { tail -n 15 "$log" >&2; exit 1; }
fi
echo "$want" >"$dir/.made"
