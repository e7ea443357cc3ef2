# make demo    set up .venv and reproduce the FuseMax study
# make test    set up the tools too and run every check
# make docs    build the site into docs/_build/html, every link and reference within it checked
# make coverage  the tests, and which lines no test runs
# make setup   the set-up for `make demo` alone
#
# Set-up runs again only when pyproject.toml or constraints.txt change. PYTHON names the Python that
# makes the environment, 3.11 or later: make demo PYTHON=python3.12

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: setup demo test coverage docs format benchmark clean

setup: $(VENV)/.stamp-run

demo: setup
	$(BIN)/accelsim study fusemax

test: $(VENV)/.stamp-dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2

coverage: $(VENV)/.stamp-dev
	$(BIN)/python -m pytest -n 2 --cov=accelsim --cov-report=term:skip-covered

docs: $(VENV)/.stamp-dev
	$(BIN)/python -m sphinx -b html -W --keep-going -q -c docs . docs/_build/html
	@echo "the site: docs/_build/html/docs/index.html"

format: $(VENV)/.stamp-dev
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

benchmark: $(VENV)/.stamp-dev
	$(BIN)/python -m pytest benchmarks --benchmark-only

clean:
	rm -rf $(VENV) out

$(VENV)/.stamp-run: pyproject.toml constraints.txt | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.stamp-dev: pyproject.toml constraints.txt | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@ $(VENV)/.stamp-run

$(BIN)/pip:
	@command -v $(PYTHON) > /dev/null || \
	  { echo "There is no $(PYTHON); name yours: make demo PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11; name a newer one: make demo PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || \
	  { echo "$(PYTHON) cannot make an environment; on Debian: apt install python3-venv" >&2; exit 1; }
