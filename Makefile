# `make help` lists the targets. Everything is installed into .venv and var/; nothing outside this folder is changed.
PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.installed-$(shell cat requirements.txt 2>/dev/null | cksum | cut -d' ' -f1)
DEVSTAMP := .venv/.dev-installed-$(shell cat requirements.txt requirements-dev.txt 2>/dev/null | cksum | cut -d' ' -f1)

.PHONY: help demo stack stack-reset test test-unit test-postgres test-real lint contracts messages migrations bench pictures requirements system-packages erp-dump clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Run it
demo: $(STAMP) ## The embedded default: SQLite, sandboxes, demo people. Ctrl-C stops it
	@$(PY) stack/run.py demo $(ARGS)

stack: $(DEVSTAMP) ## The real thing: Keycloak, Tryton, BottleCRM, PostgreSQL, Redis. Ctrl-C stops it
	@$(PY) stack/run.py stack $(ARGS)

stack-reset: $(STAMP) ## Fresh data in the real stack, from template databases
	@$(PY) stack/run.py stack-reset $(ARGS)

##@ Quality
test: $(DEVSTAMP) system-packages ## The whole suite, real systems included
	@bash tests/run.sh

lint: $(DEVSTAMP) ## ruff, mypy strict, import contracts, template linter
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports
	@.venv/bin/djlint templates --lint --quiet
	@$(PY) -m mypy

contracts: $(DEVSTAMP) ## The import contracts only
	@.venv/bin/lint-imports

bench: $(DEVSTAMP) ## Benchmarks against a floor measured beside them; writes docs/bench/. T=realtime: one subject
	@$(PY) -m tests.bench $(T)

pictures: $(DEVSTAMP) ## Pictures of every page, in both languages, into docs/guide/pictures
	@ATRIUM_MODE=test $(PY) -m pytest -q -p no:cacheprovider tests/browser/pictures.py

requirements: $(DEVSTAMP) ## Table: requirement, tests that show it, last result
	@$(PY) tests/requirements_table.py

##@ Upkeep
messages: $(STAMP) ## Compile the Chinese catalogs
	@$(PY) manage.py compile_po

migrations: $(STAMP) ## Make migrations after a change of models
	@$(PY) manage.py makemigrations

system-packages: ## What the tests need beside Python: a browser and a Chinese font
	@bash stack/system_packages.sh

erp-dump: $(STAMP) ## Rebuild the ERP's cached database after a change of its seed or schema (stack/erp/cache)
	@$(PY) stack/run.py erp-dump --state var/erp-dump --free-ports

clean: ## Remove state of demo and stack (keeps downloads in var/cache)
	@rm -rf var/demo var/stack var/erp-dump var/test var/test.sqlite3*

$(STAMP): requirements.txt
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@echo "Installing Atrium's packages into .venv"
	@.venv/bin/uv --version >/dev/null 2>&1 || $(PY) -m pip install -q --disable-pip-version-check uv==$(UV)
	@.venv/bin/uv pip install -q --python $(PY) -r requirements.txt
	@touch $@

$(DEVSTAMP): $(STAMP) requirements-dev.txt
	@.venv/bin/uv pip install -q --python $(PY) -r requirements-dev.txt
	@touch $@

# the system knows the certificates of a company's mirror
export UV_SYSTEM_CERTS := 1
UV := $(shell sed -n 's/^uv==//p' requirements-dev.txt)
