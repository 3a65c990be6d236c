# `make` alone checks everything. Each target makes what it needs first; the second time that takes no time.
.DEFAULT_GOAL := all
.PHONY: all setup dev demo test quick format format-check lint types layers bench soak lock picture clean

BIN := .venv/bin

all: format-check lint types layers test ## everything below, in this order

setup: ## .venv with what fleetfoot needs to run
	@scripts/setup core

dev: ## .venv with the tools too
	@scripts/setup dev

demo: setup ## a local fleet, a surge, and the table at the end (under three minutes)
	@$(BIN)/fleetfoot demo

test: ## all tests
	@scripts/test

quick: dev ## the tests that take no longer than a breath
	@$(BIN)/python -m pytest -q -n 2 -m "not slow and not browser"

format: dev ## rewrite in the one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --quiet .

format-check: dev
	@$(BIN)/ruff format --check .

lint: dev ## ruff
	@$(BIN)/ruff check .

types: dev ## mypy, strict
	@$(BIN)/mypy

layers: dev ## who may import whom
	@$(BIN)/python -m pytest -q -n 0 tests/architecture/test_layers.py tests/architecture/test_purity.py

bench: dev ## figures for docs/measurements.md; leave the machine alone meanwhile
	@for script in $$(grep -l __main__ bench/*.py | grep -v -e soak -e kills -e compare -e leave -e robust -e storms -e mutations); do \
		echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

soak: dev ## half an hour of steady traffic, a million fuzzed messages, a thousand random kills: nothing lost; the full comparison
	@$(BIN)/python bench/soak.py
	@$(BIN)/python bench/fuzz.py --count 1000000
	@$(BIN)/python bench/kills.py --kills 1000
	@$(BIN)/python bench/compare.py --check
	@$(BIN)/python bench/compare.py --plant hostile --check
	@$(BIN)/python bench/leave_one_out.py
	@$(BIN)/python bench/robust.py
	@$(BIN)/python bench/storms.py --seeds 10000
	@$(BIN)/python bench/template_modes.py
	@$(BIN)/python bench/mutations.py --count 200

lock: dev ## pin everything again from pyproject.toml
	@scripts/lock

picture: setup ## docs/loop.svg, from the tables in the code
	@$(BIN)/python scripts/picture.py

clean: ## everything that was made, .venv too
	@rm -rf .venv .venv-iac build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis report.html
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find src -name '*.egg-info' -type d -prune -exec rm -rf {} +
