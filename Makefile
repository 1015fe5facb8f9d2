# Every command of the project. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
SAM := .venv-sam/bin/sam
export SAM_CLI_TELEMETRY := 0

# The first Python that is new enough; Lambda runs 3.13, development needs 3.11 or newer.
FIND_PYTHON = for candidate in python3 python3.13 python3.12 python3.11; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$candidate"; break; }; \
	done
# sam build takes only the very Python of the runtime; pyenv may have it without it being on PATH.
FIND_PYTHON_313 = for candidate in "$$(command -v python3.13)" "$$HOME"/.pyenv/versions/3.13.*/bin/python3.13; do \
	"$$candidate" -c '' 2>/dev/null && { echo "$$candidate"; break; }; \
	done

.PHONY: help
help: ## list the commands
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.done ## make the Python environment (again only when the requirements change)

$(VENV)/.done: requirements-dev.txt
	@python=$$($(FIND_PYTHON)); test -n "$$python" || { echo "Python 3.11 or newer is needed"; exit 1; }; \
	test -x $(PYTHON) || "$$python" -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

.venv-sam/.done: requirements-sam.txt
	@python=$$($(FIND_PYTHON)); test -n "$$python" || { echo "Python 3.11 or newer is needed"; exit 1; }; \
	test -x .venv-sam/bin/python || "$$python" -m venv .venv-sam
	.venv-sam/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-sam.txt
	@touch $@

.PHONY: demo
demo: setup ## the whole story on this machine, from workbook to e-mail; leaves nothing running
	@$(PYTHON) -m infra.local.demo

.PHONY: local
local: setup ## the same cloud, up until Ctrl-C; it says how to use it
	@$(PYTHON) -m infra.local up

.PHONY: test test-fast test-unit test-integration test-e2e
test: test-fast test-e2e ## all tests

# A process per core: nothing here is shared. The end-to-end tests share one cloud, which needs all cores itself.
test-fast: setup
	$(PYTHON) -m pytest --numprocesses auto --dist worksteal tests/unit tests/integration

test-unit: setup ## tests without AWS
	$(PYTHON) -m pytest --numprocesses auto --dist worksteal tests/unit

test-integration: setup ## handlers and stores on moto, and the template
	$(PYTHON) -m pytest --numprocesses auto --dist worksteal tests/integration

test-e2e: setup ## the product on the local cloud
	$(PYTHON) -m pytest tests/e2e

.PHONY: lint
lint: setup ## ruff, mypy --strict, cfn-lint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy functions infra
	$(VENV)/bin/cfn-lint template.yaml

.PHONY: validate
validate: .venv-sam/.done ## sam validate --lint and sam build
	$(SAM) validate --lint
	@python=$$($(FIND_PYTHON_313)); test -n "$$python" || { echo "sam build needs Python 3.13"; exit 1; }; \
	PATH="$$(dirname "$$python"):$$PATH" $(SAM) build

.PHONY: bench
bench: setup ## speed and size, as ratios and counts
	@$(PYTHON) -m tests.bench

.PHONY: requirements
requirements: setup ## compile the .in files to pinned requirements
	$(COMPILE) functions/requirements.in --output-file functions/requirements.txt
	$(COMPILE) requirements-dev.in --output-file requirements-dev.txt
	$(COMPILE) requirements-sam.in --output-file requirements-sam.txt
COMPILE = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header

.PHONY: clean
clean: ## remove what was built and what the local cloud left (not the environments)
	rm -rf .aws-sam .local .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find functions infra tests -name __pycache__ -type d -prune -exec rm -rf {} +
