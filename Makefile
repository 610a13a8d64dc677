# The one runner. Every target makes .venv itself: `make demo` and `make test` are all a newcomer needs.

SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made-from-pyproject
ARGS ?=
# pip compiles nothing (below): what is imported is compiled once, by whoever imports it first, or
# every process of the tests would do it again
unexport PYTHONDONTWRITEBYTECODE

$(STAMP): pyproject.toml
	@python=; for candidate in python3 python3.14 python3.13 python3.12 python3.11 $(BIN)/python; do \
	  if command -v $$candidate >/dev/null 2>&1 && \
	     $$candidate -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    python=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11 or newer with its venv module is needed (on Debian: apt install python3 python3-venv);" >&2; \
	  echo "python3 here is: $$(python3 --version 2>&1)" >&2; exit 1; \
	fi; \
	[ -x $(BIN)/python ] || $$python -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[sandbox]' --group dev
	@touch $@

.PHONY: help setup demo check test coverage apiserver conformance bench gen format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## the environment alone (.venv)
	@:

demo: $(STAMP) ## the controller with no cluster and no AWS account: alb-controller sandbox $(ARGS)
	@$(BIN)/alb-controller sandbox $(ARGS)

check: $(STAMP) ## format, lint, types, imports, sizes, generated files: under a minute
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/meta

# With ARGS what is named is run at once, and nothing else.
test: $(if $(strip $(ARGS)),$(STAMP),check) ## everything that needs Python alone; make test ARGS=tests/unit runs that
ifneq ($(strip $(ARGS)),)
	@$(BIN)/python -m pytest $(ARGS)
else
	@rm -rf .ledger
	@$(BIN)/python -m pytest -n 4 --dist worksteal --ignore=tests/meta --cov --cov-report=
	@$(BIN)/python -m tests.meta.covered
	@$(BIN)/python -m tests.conformance.ledger --part
endif

coverage: $(STAMP) ## branch coverage of the last make test: 100 % of the pure core, 90 % of each edge
	@$(BIN)/python -m tests.meta.covered

apiserver: $(STAMP) ## tests on a real etcd and kube-apiserver, the recorded cases under the chart among them
	@$(BIN)/python -m pytest -m apiserver tests/apiserver $(ARGS)

conformance: $(STAMP) ## recorded cases, compared with LBC: make conformance ARGS='tags change-rules'
	@$(BIN)/python -m tests.conformance.run $(ARGS)

bench: $(STAMP) ## budgets that need a clock or much memory: latency, CPU, memory
	@$(BIN)/python -m pytest -m perf $(ARGS)

gen: $(STAMP) ## write the generated references and policies anew
	@$(BIN)/python -m tests.meta.generated

format: $(STAMP) ## ruff's format and safe fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## remove .venv and every cache
	rm -rf $(VENV) dist build .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .ledger
