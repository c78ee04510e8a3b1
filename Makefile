# Needs make and Python 3.11 or later with its venv module; everything else is installed into .venv.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
STAMP := .venv/.installed
DATA ?= gapwatch-data
ARGS ?=
SOURCE ?=
# Test files that run at the same time, twice as many as two cores: half of a test of the pipeline is waiting.
# Each may start a broker, an engine and the stages.
TESTS_AT_ONCE ?= 4
# Hundreds of processes are started by the tests: what was compiled once is kept.
unexport PYTHONDONTWRITEBYTECODE
PYTEST = $(BIN)/python -m pytest --numprocesses $(TESTS_AT_ONCE) --dist loadfile --no-loadscope-reorder

.PHONY: help install run test test-fast check format golden bench score lock clean audit attacks chaos clients
.DEFAULT_GOAL := help

help: ## Say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

install: $(STAMP) ## Set up .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later with venv is needed (on Debian: apt-get install" \
		"python3 python3-venv); or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || { echo "Making .venv with $(PYTHON) …"; $(PYTHON) -m venv .venv; }
	@echo "Installing what requirements.lock names (a few minutes, most of it downloads) …"
	@$(BIN)/python infra/installing.py
	@touch $@

run: $(STAMP) ## Start everything, send the sample logs, show findings until Ctrl-C (DATA=folder)
	@exec $(BIN)/gapwatch run --demo --data $(DATA) $(ARGS)

test: $(STAMP) ## Run the tests (ARGS='-k word' for some)
	@$(PYTEST) $(ARGS)

test-fast: $(STAMP) ## Run the tests that start no broker and take no time
	@$(PYTEST) -m 'not slow and not processes and not long' $(ARGS)

check: $(STAMP) ## Lint, docstrings, types, import rules
	@$(BIN)/ruff format --check --quiet . || { echo "make format puts this right"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/python -m tests.support.docstrings
	@$(BIN)/python -m tests.support.words
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(STAMP) ## Format the code and put right what ruff can
	@$(BIN)/ruff check --quiet --fix-only . ; $(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet .

golden: $(STAMP) ## Write the answers of golden pairs anew (SOURCE=name for one source)
	@$(BIN)/python -m tests.support.golden $(SOURCE)

bench: $(STAMP) ## Measure events per second on this machine
	@$(BIN)/python -m tests.bench $(ARGS)

score: $(STAMP) ## Score the controls against the recorded cases
	@$(BIN)/python -m tests.score $(ARGS)

audit: $(STAMP) ## Bill of materials, licences and known faults of the lock file (needs the network)
	@test -x .venv/audit/bin/pip-audit || { $(BIN)/python -m venv .venv/audit && .venv/audit/bin/python -m pip install \
		--quiet --disable-pip-version-check --no-input --require-hashes --requirement requirements-audit.lock; }
	@mkdir -p build
	@.venv/audit/bin/cyclonedx-py environment $(BIN)/python --output-file build/sbom.json && echo "build/sbom.json"
	@$(BIN)/python -m infra.licences > build/licences.tsv && echo "build/licences.tsv: all known"
	@$(BIN)/python -m infra.known_faults .venv/audit/bin/pip-audit

attacks: $(STAMP) ## Attack what is built, and write the table of docs/security.md anew (minutes)
	@$(BIN)/python -m tests.attacks.table $(ARGS)

chaos: $(STAMP) ## Three Kafka brokers, and something fails in each of 200 rounds (ARGS='--rounds 20 --seed 2')
	@$(BIN)/python -m tests.chaos $(ARGS)

clients: $(STAMP) ## Fetch the SQL clients that tests run, each from its own registry
	@$(BIN)/python -m tests.clients.fetch

lock: ## Make requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --quiet --output-file requirements.lock

clean: ## Remove .venv and what the tools left; the data folder stays
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
