# Everything that is done to this repository. Needs make and Python 3.11 or newer, nothing else.

.DEFAULT_GOAL := help
.PHONY: help demo test test-asterisk check-slow lint check fix bench lock

BIN := .venv/bin
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
NEW_ENOUGH := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

demo: .venv/installed ## start the engine with simulated callers and the wallboard
	@$(BIN)/offhook demo

test: .venv/installed ## run every test but the slow ones
	$(BIN)/python -m pytest -n 2

test-asterisk: .venv/installed ## run the tests that need a real Asterisk (root, Debian)
	$(BIN)/python -m pytest -n 2 -m "real_asterisk and not slow"

check-slow: .venv/installed ## run the slow tests
	OFFHOOK_HYPOTHESIS=search $(BIN)/python -m pytest -n 2 -m "slow and not real_asterisk"

lint: .venv/installed ## check format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## lint, then test: what a change must pass

fix: .venv/installed ## format, and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed ## run the benchmarks and print their table
	@$(BIN)/python bench/run.py

lock: ## pin the dependencies anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--fork-strategy fewest --upgrade --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --quiet --output-file requirements.lock

# The environment that is there is kept when it works; a new one is made with the first Python
# that is new enough. `make PYTHON=/some/python3 …` names one.
.venv/libraries: requirements.lock
	@set -e; \
	if ! { $(BIN)/python -c '$(NEW_ENOUGH)' && $(BIN)/python -m pip --version; } >/dev/null 2>&1; then \
		found=; for python in $(PYTHON); do \
			if $$python -c '$(NEW_ENOUGH)' >/dev/null 2>&1; then found=$$python; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "Offhook needs Python 3.11 or newer with its venv module; looked for: $(PYTHON)." >&2; \
			echo "Install it (Debian: apt install python3 python3-venv), or name one:" >&2; \
			echo "    make PYTHON=/path/to/python3 $(or $(MAKECMDGOALS),help)" >&2; \
			exit 1; \
		fi; \
		echo "Making .venv with $$($$found --version)"; \
		$$found -m venv --clear .venv; \
	fi
	@echo "Installing the libraries of requirements.lock (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements.lock
	@touch $@

.venv/installed: .venv/libraries pyproject.toml
	@echo "Installing offhook"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --editable .
	@touch $@
