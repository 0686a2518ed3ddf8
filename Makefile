# What a developer does here. `make help` lists it.
# Variables: PYTHON (3.11 or newer), RINGI_HOME, RINGI_PORT, RINGI_DEMO_PASSWORD, DETACH=1, VERBOSE=1, FORCE=1, CUSTOMERS=n, ARGS=…

SHELL := /bin/sh
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && echo $$python && break; done)
BIN := .venv/bin
RINGI := $(BIN)/ringi
# When somebody asked: what `make up` tells in the end includes the installing.
ASKED_AT := $(shell date +%s)
PYTEST := $(BIN)/python -m tests
# Two test processes, each with its own servers and whole files: most tests wait, for what dies, restarts or falls due.
# ARGS="-n 0 …" runs in one, as a debugger needs it.
BESIDE := -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help python setup setup-dev system-packages assets up down reset status doctor demo verify seed \
	test test-fast test-e2e test-faults test-kafka test-s3 lint types audit coverage fmt replay-record

help: ## What can be done here
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

python:
	@$(if $(PYTHON),$(PYTHON),false) -c '$(NEW_ENOUGH)' 2>/dev/null || { \
		echo "Error: $(if $(PYTHON),$(PYTHON) is not Python 3.11 or newer.,no Python 3.11 or newer was found on PATH.)"; \
		echo "To do: install one (Debian: apt-get install python3 python3-venv), or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; \
		exit 1; } >&2


setup: python ## Install what running needs into .venv (skipped when nothing changed)
	@$(PYTHON) deploy/embedded/bootstrap.py

up: setup ## Start everything on this machine; Ctrl-C stops it (DETACH=1 returns when ready)
	@RINGI_ASKED_AT=$(ASKED_AT) $(RINGI) up $(if $(DETACH),--detach) $(if $(VERBOSE),--verbose)

down: setup ## Stop a detached run
	@$(RINGI) down

reset: setup ## Delete the state folder and all data in it (FORCE=1 does not ask)
	@$(RINGI) reset $(if $(FORCE),--force)

status: setup ## What runs, how well, in how much memory
	@$(RINGI) status

doctor: setup ## Check this machine and the run; say what to mend
	@$(RINGI) doctor

demo: setup ## Run the demo's scenarios against the running system
	@$(RINGI) demo $(ARGS)

verify: setup ## Check the invariants of the running system
	@$(RINGI) verify $(ARGS)

seed: setup ## Add realistic customers with a year of history (CUSTOMERS=1000)
	@$(RINGI) seed --customers $(or $(CUSTOMERS),1000)


setup-dev: python ## Install what tests, lint and types need as well
	@$(PYTHON) deploy/embedded/bootstrap.py --dev

system-packages:
	@.ci/system-packages

assets: setup ## Build the browser's files (skipped when nothing changed)
	@$(BIN)/python -m frontend.ui.build

test: setup-dev system-packages assets ## Every test, on real PostgreSQL, Temporal, broker and browser
	@$(PYTEST) $(BESIDE) $(ARGS)

test-fast: setup-dev ## Tests without a browser and without faults
	@$(PYTEST) $(BESIDE) --ignore tests/e2e --ignore tests/faults --ignore tests/deploy $(ARGS)

test-e2e: setup-dev system-packages assets ## Tests through the gateway and in a real browser
	@$(PYTEST) $(BESIDE) tests/e2e $(ARGS)

test-faults: setup-dev ## Processes killed at every step, invariants checked after each
	@$(PYTEST) $(BESIDE) tests/faults $(ARGS)

# What reads or writes events, by itself: relays, consumers, workers, the rebuild of read models.
EVENT_TESTS := tests/services/kit/events/test_event_relay.py tests/services/kit/events/test_consumer.py \
	tests/services/kit/events/test_crashes.py tests/services/kit/events/test_gaps.py \
	tests/services/kit/events/test_lag.py tests/services/kit/events/test_signing_in_to_kafka.py \
	tests/services/kit/events/test_stream_ends.py \
	tests/services/analytics/test_rebuild.py tests/workers/test_runtime.py

test-kafka: setup-dev ## The tests of events against a real Apache Kafka (needs Java and Maven)
	@.ci/system-packages kafka
	@RINGI_TEST_BROKER=kafka $(PYTEST) $(EVENT_TESTS) $(ARGS)

test-s3: setup-dev ## The tests of the file storage against a real S3-compatible server (built with Go)
	@.ci/s3-server
	@RINGI_TEST_S3=1 $(PYTEST) tests/services/kit/files/test_bucket.py $(ARGS)

replay-record: setup-dev ## Record the histories of all processes anew, after a deliberate change
	@$(BIN)/python -m tests.replay.record $(ARGS)

lint: setup-dev ## Style and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: setup-dev ## Strict types
	@$(BIN)/mypy

audit: setup-dev ## Known vulnerabilities of the locked packages, secrets in the tree
	@$(BIN)/python .ci/audit.py

coverage: setup-dev ## Branches that the last `make test ARGS=--cov` ran; fails below what is kept
	@$(BIN)/coverage report

fmt: setup-dev ## Format and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
