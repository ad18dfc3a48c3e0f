# `make demo` shows the product, `make test` proves it. Both set up what they need.
VENV := .venv
BIN := $(VENV)/bin
SOURCES := src tests examples benchmarks scripts entrypoint.py

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-faults test-security test-unit lint format bench bench-verification bench-jobs bench-security e2e lock clean

help: ## Show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 22

setup: $(VENV)/.ready ## Make the environment in .venv
$(VENV)/.ready: scripts/setup locks/build.txt locks/dev.txt pyproject.toml
	@scripts/setup $(VENV)

demo: setup ## Run the main job on the calculator; results in out/
	@$(BIN)/python examples/demo.py

test: setup ## Run all tests, those on the real agent server included
	@$(BIN)/python -m pytest -m "not alone" -n 2 --dist loadgroup || failed=1; \
	$(BIN)/python -m pytest -m alone || failed=1; \
	exit $${failed:-0}

test-security: setup ## Attack a run from within, as a hostile agent and as a hostile test
	@$(BIN)/python -m pytest tests/security

test-unit: setup ## Run the fast tests
	@$(BIN)/python -m pytest tests/unit

test-faults: setup ## Strike every phase of a job with every fault (make test strikes a few)
	@FAULTS=all $(BIN)/python -m pytest tests/faults tests/integration/generation/test_jobs.py

ACTIONLINT := github.com/rhysd/actionlint@v1.7.12 ./cmd/actionlint
lint: setup ## Check style, types and workflows
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/zizmor --offline --quiet --pedantic .github action.yml
	@if command -v go >/dev/null; then "$$(scripts/go-program $(ACTIONLINT))"; \
	else echo "not run: actionlint, which Go builds, and there is no Go here"; fi

format: setup ## Bring the code into its form
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

bench: bench-verification bench-jobs bench-security ## Measure, as ratios

bench-verification: setup ## Judge the labelled corpus; compare with other tools
	@$(BIN)/python benchmarks/verification/bench.py

bench-jobs: setup ## The jobs' own cost, and how much of the model's time they hide
	@$(BIN)/python benchmarks/jobs/bench.py

bench-security: setup ## What the gateway and the separation of users and processes cost
	@$(BIN)/python benchmarks/security/bench.py

e2e: setup ## Build the image and run it as GitHub's runner does
	@$(BIN)/python -m pytest tests/e2e -m e2e

LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate
lock: setup ## Renew the locks from pyproject.toml
	@$(LOCK) --upgrade --python-version 3.11 locks/build.in --output-file locks/build.txt
	@$(LOCK) --upgrade --python-version 3.11 pyproject.toml --excludes locks/tool.excludes --output-file locks/tool.txt
	@$(LOCK) --upgrade --python-version 3.11 --group dev pyproject.toml --output-file locks/dev.txt
	@$(LOCK) --upgrade --python-version 3.12 locks/agent-server.in --excludes locks/agent-server.excludes --output-file locks/agent-server.txt

clean: ## Remove what was made here
	@rm -rf $(VENV) out build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
