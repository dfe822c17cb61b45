# shinsatsu: `make help` lists everything; nothing needs setting up first.
SHELL := /bin/bash
BIN := .venv/bin
WEB := src/shinsatsu/web/index.html
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check bench bench-sfu web docs format clean

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

demo: .venv/.installed $(WEB)  ## Start a demo clinic and print a link for each role (ARGS="--port 8080 --with-patient")
	@exec $(BIN)/shinsatsu demo $(ARGS)

test: .venv/.tests $(WEB) check  ## Check, then run every test, in real browsers too (installs what it needs)
	@npm --prefix web test --silent
	$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal --ignore=tests/e2e $(ARGS)
	$(BIN)/pytest tests/e2e $(ARGS)

check: .venv/.tests web/node_modules/.installed  ## Format, lint, strict types, house rules: under a minute
	$(BIN)/ruff format --check src tests bench tools
	$(BIN)/ruff check src tests bench tools
	$(BIN)/mypy
	@npm --prefix web run --silent check
	$(BIN)/python tools/permissions_doc.py --check
	$(BIN)/pytest -q tests/architecture

bench: .venv/.tests $(WEB)  ## Measure beside the peers that the figures name (ARGS="api" for one)
	$(BIN)/python -m bench $(ARGS)

bench-sfu: .venv/.tests  ## Measure the SFU beside Janus, in one run (as root: in a network of its own)
	@tools/setup.sh bench
	$(BIN)/python -m bench.sfu $(ARGS)

web: $(WEB)  ## Build the page

docs: .venv/.installed  ## Write docs/permissions.md from the permission table
	$(BIN)/python tools/permissions_doc.py

format:  ## Format the sources
	$(BIN)/ruff format src tests bench tools
	$(BIN)/ruff check --fix src tests bench tools

clean:  ## Remove what was built here, the demo's data too
	rm -rf .venv web/node_modules src/shinsatsu/web .shinsatsu .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/.installed: pyproject.toml constraints.txt tools/setup.sh
	@tools/setup.sh server

.venv/.tests: pyproject.toml constraints.txt tools/setup.sh .venv/.installed
	@tools/setup.sh tests

web/node_modules/.installed: web/package.json web/package-lock.json .venv/.installed
	@tools/setup.sh node

$(WEB): $(WEB_SOURCES) web/node_modules/.installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix web run --silent build 1>&2
	@touch $@
