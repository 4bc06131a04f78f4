# Two commands for newcomers: make demo, make test. Both are idempotent.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := .demo
# Two processes, whatever the machine has: each holds models in some 3 GB.
SIDE_BY_SIDE := --numprocesses 2 --dist loadscope --no-loadscope-reorder

# Compiled modules are kept: else every start of a command compiles what it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast milvus lint format audit lock clean

help:
	@echo "make demo   install into $(VENV), build the sample library, serve the search page"
	@echo "make test   install what tests need and run them"
	@echo "make test-fast  those that take no browser, server, real data, training or full model"
	@echo "make milvus install the Milvus server that tests then run with, too"
	@echo "make lint   ruff, mypy and import-linter"
	@echo "make lock   constraints.txt and requirements.lock anew from pyproject.toml"
	@echo "make audit  known vulnerabilities of the pinned dependencies (asks the package index)"

demo: $(VENV)/.installed
	$(BIN)/jmedsearch demo --library $(DEMO)/library

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-fast: $(VENV)/.installed-test
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not (browser or model or real_data or servers or slow)"

# An environment of its own: the server asks for old versions.
milvus: | $(BIN)/python
	@test -x $(VENV)/milvus/bin/milvus-server || { $(PYTHON) -m venv $(VENV)/milvus && \
	  $(VENV)/milvus/bin/pip install --quiet --disable-pip-version-check \
	  milvus==2.3.5 'pymilvus<2.4' 'setuptools<81' 'marshmallow<4'; }

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# An environment of its own: what it brings along is no part of what is looked at. Fails where a
# vulnerability is known, and where it is not known whether there is one.
audit: | $(BIN)/python
	@test -x $(VENV)/audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)/audit && \
	  $(VENV)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit; }
	@rm -f $(VENV)/audit/report.json
	@$(VENV)/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --timeout 20 \
	  --progress-spinner off --format json --output $(VENV)/audit/report.json 2>/dev/null; \
	  $(BIN)/python .ci/audit.py $(VENV)/audit/report.json

# An environment of its own, as above. Versions stay as they are, unless UPGRADE=--upgrade.
COMPILE = $(VENV)/lock/bin/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 \
  --no-annotate --custom-compile-command 'make lock' $(UPGRADE)

lock: | $(BIN)/python
	@test -x $(VENV)/lock/bin/uv || { $(PYTHON) -m venv $(VENV)/lock && \
	  $(VENV)/lock/bin/pip install --quiet --disable-pip-version-check uv; }
	$(COMPILE) --all-extras --output-file constraints.txt >/dev/null
	$(COMPILE) --generate-hashes --constraint constraints.txt --output-file requirements.lock >/dev/null

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(DEMO) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "jmedsearch needs Python 3.11 or newer; name one with: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing; on Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@$(BIN)/python .ci/install.py -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	@$(BIN)/python .ci/install.py -c constraints.txt -e '.[test]'
	@touch $(VENV)/.installed $@
