# The two commands most people need: `make run` and `make test`. `make help` lists the others.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run setup test check bench pictures widget lock clean
export PYTHON311 PYTHON310

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

run: .venv/.made bot/.venv/.made  ## set up what is missing and start everything; Ctrl-C stops it
	@exec .venv/bin/rechtdoor run

setup: .venv/.made bot/.venv/.made  ## both environments, the trained bot and the embedding model
	@.venv/bin/rechtdoor setup

test: setup  ## all tests
	@bash scripts/test.sh

check: .venv/.made  ## lint, types, and whether the migrations match the models
	@bash scripts/check.sh

bench: setup  ## speed and memory, measured on this machine, beside the bars
	@.venv/bin/python -m bench

pictures: setup  ## the README's pictures, from the running product
	@.venv/bin/python scripts/pictures.py

widget: .cache/minify/.made  ## handoff/static/widget.js from its sources in handoff/static/widget
	@.cache/minify/bin/python scripts/make_widget.py

lock: .venv/.made  ## newest versions that requirements.in admits, written to requirements.lock
	@bash scripts/lock.sh

clean:  ## remove the environments, the trained bot and the built model; keeps var/ (your data)
	rm -rf .venv bot/.venv bot/models bot/.rasa .cache .mypy_cache .ruff_cache .pytest_cache

.venv/.made: requirements.lock pyproject.toml scripts/environment.sh
	@bash scripts/environment.sh .venv requirements.lock 3.11

bot/.venv/.made: bot/requirements.lock scripts/environment.sh
	@bash scripts/environment.sh bot/.venv bot/requirements.lock 3.10 --no-deps

.cache/minify/.made: scripts/minify.lock scripts/environment.sh
	@bash scripts/environment.sh .cache/minify scripts/minify.lock 3.11
