# Everything from a bare checkout: Python 3.11, make and a package index. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
HOST ?= 127.0.0.1
# Nothing in here talks to a hub, a telemetry host or a proxy.
export HF_HUB_OFFLINE := 1
export XDG_RUNTIME_DIR ?= $(or $(TMPDIR),/tmp)

.DEFAULT_GOAL := help
TEMPLATES = $(shell find templates -name '*.html')
SOAK = $(shell grep -rlE --include='test_*.py' 'mark[.]soak|@given' tests)
DJANGOFMT := $(BIN)/djangofmt --quiet --line-length 140 --indent-width 2

.PHONY: help install install-dev demo run test test-fast test-soak test-newest test-external checks lint fmt types check-migrations browser lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

install: $(VENV)/installed  ## the environment (.venv)
install-dev: $(VENV)/installed-dev  ## the environment with test tools

$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("raindrop needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the environment into $(VENV) (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	@echo "Installing the test tools"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

demo: install  ## a demo project with real conversations, then web and workers on http://127.0.0.1:8000
	@exec $(BIN)/python manage.py demo --host $(HOST) --port $(PORT)

run: install  ## the same app with no demo data
	@exec $(BIN)/python manage.py up --host $(HOST) --port $(PORT)

test: install-dev browser  ## environment, linters, type checks and all tests
	@$(BIN)/python tests/ci/beside.py "$(MAKE) --no-print-directory checks" \
	  $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

checks: lint types check-migrations

test-fast: install-dev  ## the tests without the browser, the SDKs and what starts real processes
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "not slow" --ignore tests/browser --ignore tests/sdks

test-soak: install-dev  ## the long form of tests that repeat the same thing: ten kills, every hostile body, more examples of each property
	@RAINDROP_LONG_TESTS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "soak or hypothesis" $(SOAK)

test-newest: install-dev  # a part of the tests under the newest Python of this machine
	@$(BIN)/python tests/ci/newest_python.py

test-external: install-dev  # a part of the tests against a PostgreSQL that only DATABASE_URL names
	@$(BIN)/python tests/ci/external_database.py

lint: install-dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(DJANGOFMT) --check $(TEMPLATES)

fmt: install-dev  ## format the code and the templates
	@$(BIN)/ruff check --quiet --fix . && $(BIN)/ruff format --quiet . && $(DJANGOFMT) $(TEMPLATES)

types: install-dev
	@$(BIN)/mypy

check-migrations: install-dev
	@$(BIN)/python tests/check_migrations.py

browser:  # Chromium for the browser tests; they are skipped, loudly, where it cannot be had
	@if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium for the browser tests"; \
	    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation) >/dev/null 2>&1 \
	      || echo "WARNING: Chromium could not be installed: THE BROWSER TESTS WILL BE SKIPPED"; \
	  else echo "WARNING: no Chromium here and no rights to install it: THE BROWSER TESTS WILL BE SKIPPED"; fi; fi

lock: install-dev  ## compile requirements*.in into pinned, hashed requirements*.txt
	@for file in requirements requirements-dev; do $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --no-header --output-file $$file.txt $$file.in; done

clean:  ## remove the environment and the data directory (asks nothing)
	rm -rf $(VENV) .data
