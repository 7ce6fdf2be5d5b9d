# What a contributor does with this checkout. Needs Python 3.11+ (with venv and pip) and make; everything
# lands in .venv, nothing outside this folder.

PYTHON ?= python3
VENV   := .venv
COVERAGE := $(VENV)/coverage.json
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Both locks are made alike: hashes of every platform's files, and no word of where they came from.
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --no-strip-extras \
	--allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

# Every process that a test starts would compile the program anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo install dev test covered crash lint check format lock messages golden bench pictures container sbom clean

help:  ## show these verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

demo: install  ## start the bot against stand-ins for Braze and Slack, with a page to watch it
	@exec $(BIN)/python -m cdi_bot demo $(DEMO)

test: dev  ## lint, types, import directions, and every test with the coverage gate
	@$(MAKE) --no-print-directory -j 2 lint covered

covered: dev
	$(BIN)/python -m slipcover --json --out $(COVERAGE) -m pytest -n 4 --dist worksteal $(TESTS)
	$(BIN)/python -m slipcover --fail-under 95 --skip-covered --out $(COVERAGE) --merge $(COVERAGE)

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/oxlint cdi_bot/sandbox/page

check: lint  ## the quick half of `make test`: everything but the tests

format: dev  ## format, and fix what ruff can fix by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

crash: dev  ## kill the bot at 200 random moments, live 200 lives, poll for five minutes, time 20 takeovers; `make test` has less
	CRASH_ROUNDS=20 LIVES=200 LIMITS_SECONDS=300 $(BIN)/python -m pytest -n 3 -o faulthandler_timeout=1200 \
		tests/e2e/test_crash.py tests/whole/test_life.py tests/e2e/test_limits.py
	$(BIN)/python -m tests.bench.takeover

bench: dev  ## measure the figures of docs/performance.md, for 45 minutes; some of them: make bench BENCH="scale storm"
	$(BIN)/python -m tests.bench $(BENCH)

pictures: dev  ## photograph the demo's page for README and docs; all of it to a folder: make pictures PICTURES=/tmp/pictures
	$(BIN)/python -m tests.pictures $(PICTURES)

container: dev  ## build the image of Containerfile and let the bot tell a failure in it (as root; Debian: buildah, mmdebstrap)
	CONTAINER=1 $(BIN)/python -m pytest -n 0 tests/e2e/test_container.py

sbom: dev  ## write the software bill of materials of what the bot runs on (CycloneDX) to sbom.json
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible -o sbom.json requirements.txt

lock: dev  ## choose the newest allowed versions anew, with their hashes
	$(COMPILE) --upgrade --output-file requirements.txt pyproject.toml
	$(COMPILE) --upgrade --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

messages: dev  ## gather the texts that people read into the gettext template and the catalogues
	$(BIN)/python -m tests.catalogues

golden: dev  ## write the golden files of all messages and forms anew, in every language; look at the difference
	CDI_BOT_WRITE_GOLDEN=1 $(BIN)/python -m pytest -q -n 3 tests/slack tests/configuration/test_document.py

clean:  ## remove the virtual environment and what the tools left
	rm -rf $(VENV) build dist sbom.json .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache

install: $(VENV)/.installed
dev: $(VENV)/.installed-dev

# A failed or interrupted creation leaves no `.created`, and is begun again from nothing.
$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "Python is missing: install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "cdi-bot needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) lacks the venv module (on Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Creating $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed: requirements.txt $(VENV)/.created
	@echo "Installing the locked dependencies ..."
	@$(PIP) install --require-hashes -r requirements.txt
	@$(LINK)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing the development dependencies ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

# .venv/bin/cdi-bot, running this checkout. Written by hand rather than by an editable install: that would
# fetch a build backend, which the lock of what the bot runs on has no hash for.
define LINK
printf '%s\n' '#!/bin/sh' 'cd_bot=$$(CDPATH= cd -- "$$(dirname -- "$$0")/../.." && pwd) || exit 1' \
	'PYTHONPATH="$$cd_bot$${PYTHONPATH:+:$$PYTHONPATH}" exec "$$cd_bot/$(BIN)/python" -m cdi_bot "$$@"' \
	> $(BIN)/cdi-bot && chmod +x $(BIN)/cdi-bot
endef
