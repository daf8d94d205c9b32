# Two commands do everything: `make demo` shows the system at work, `make test` checks it.
# Both set themselves up in .venv from the hash-checked requirements.lock; neither needs Docker, Java, Node or root.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

PYTEST_ARGS ?=
ONCE ?=
BENCH ?=
ROUNDS ?=
SEED ?=
CHAOS_ARGS ?=
STORMS ?=
EVENTS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types contracts unit chaos storms bench up schemas lock clean

help: ## explain the commands
	@echo "Safe Borderlands"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  make demo ONCE=1    the same demonstration, checked against its expectations, then over"

setup: $(READY) ## make .venv with exactly the locked packages

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "setting up $(VENV) (a minute or two the first time)…"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY) ## play an evening on the border: events in, texts out; stays up until Ctrl-C
	@$(BIN)/borderlands demo $(if $(ONCE),--once)

up: $(READY) ## run the whole system on this machine until Ctrl-C
	@$(BIN)/borderlands up

test: check unit ## all checks and all tests

check: lint types contracts ## style, types and import contracts

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY)
	@$(BIN)/mypy

contracts: $(READY)
	@$(BIN)/lint-imports

unit: $(READY)
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

chaos: $(READY) ## kill and starve the running system, and balance its books; longer: make chaos ROUNDS=200 SEED=7
	@$(BIN)/python -m tests.chaos $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) $(CHAOS_ARGS)

storms: $(READY) ## thousands of events at once under kills and dead providers; some only: make storms STORMS="burst dead"
	@$(BIN)/python -m tests.chaos.storms $(if $(STORMS),--scenario $(STORMS)) $(if $(EVENTS),--events $(EVENTS)) \
	  $(if $(SEED),--seed $(SEED))

bench: $(READY) ## measure, and print figures beside their goals; some only: make bench BENCH="route texts"
	@$(BIN)/python -m tests.bench $(BENCH)

schemas: $(READY) ## write the JSON Schemas of records and policy files again
	@$(BIN)/python -m schemas.export
	@$(BIN)/python -m schemas.policy.editor_schemas

LOCKED := uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate

lock: ## resolve both locks again: everything, and what the image needs (maintainers; needs uv)
	$(LOCKED) --extra dev pyproject.toml -o requirements.lock
	$(LOCKED) --constraint requirements.lock pyproject.toml -o requirements-runtime.lock

clean: ## remove the environment and everything the demo and tests left in var/
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache
