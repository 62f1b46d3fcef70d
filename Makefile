# Everything a developer needs. Needs Python 3.11 with venv, make and the package registries; makes .venv here.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.9
BIN := .venv/bin
STAMP := .venv/.synced
WORKERS ?= 2
ARGS ?=
# tests and tools must not depend on whoever calls make
export PYTHONPATH :=
export VIRTUAL_ENV :=
# a first start must not spend its time compiling
export UV_COMPILE_BYTECODE := 1

# `make accept 1`: the word after the target is the number of the part
ifeq (accept,$(firstword $(MAKECMDGOALS)))
PART := $(word 2,$(MAKECMDGOALS))
ifneq (,$(PART))
.PHONY: $(PART)
$(PART):
	@:
endif
endif

.PHONY: help
help: ## What can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## .venv with everything in it; .venv/bin/headgate is the command

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; set PYTHON=" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(STAMP): requirements.lock pyproject.toml | $(BIN)/uv
	@echo '-e .' > .venv/.editable
	$(BIN)/uv pip sync --quiet --python $(BIN)/python requirements.lock .venv/.editable
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q src
	@touch $@

.PHONY: serve
serve: setup ## Run the gateway on this checkout (ARGS="--port 4200" is passed on)
	@exec $(BIN)/headgate serve $(ARGS)

.PHONY: fix
fix: setup ## Format, and mend what can be mended without thinking (ARGS: paths)
	$(BIN)/ruff check --fix --quiet $(ARGS) || true
	$(BIN)/ruff format $(ARGS)

.PHONY: check
check: setup ## Look, change nothing: format, lint, types, imports, shape, routes, mirror
	@$(BIN)/python -m tools.check $(ARGS)

.PHONY: test
test: setup ## All tests, on SQLite and (where there is a server) PostgreSQL
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

.PHONY: bench
bench: setup ## CPU per request, added latency, memory; beside nginx where it is installed
	$(BIN)/python -m bench $(ARGS)

.PHONY: accept
accept: setup ## `make accept 1` runs the numbered items of a part, `ITEM=3` only one
	@$(BIN)/python -m tools.accept $(PART) $(if $(ITEM),--item $(ITEM),) $(ARGS)

.PHONY: docs
docs: setup ## Write the generated pages of docs/reference
	$(BIN)/python -m tools.write_docs $(ARGS)

.PHONY: lock
lock: setup ## Resolve the dependencies anew within pyproject.toml (ARGS=--upgrade: the newest)
	$(BIN)/uv pip compile --quiet pyproject.toml --all-extras --group dev --universal --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url $(ARGS) -o requirements.lock

.PHONY: wheel
wheel: setup ## The wheel in dist/
	$(BIN)/uv build --quiet --wheel --out-dir dist

.PHONY: clean
clean: ## Remove what was made, .venv included; data/ stays
	rm -rf .venv dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis .work
