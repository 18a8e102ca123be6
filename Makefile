# make run: the demo city and its first three days. make test: everything the project asks of itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FROM := $(if $(wildcard wheelhouse/*.whl),--no-index --find-links wheelhouse)
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
# Compiled once, libraries are not compiled by every command: half of the seconds before a day begins.
unexport PYTHONDONTWRITEBYTECODE
RUN_IMPORTS := pipelines.quality.engine "pipelines.cli, pipelines.defs.graph, dbt.cli.main, dbt.adapters.duckdb"

.PHONY: run test kills lint licences lock wheelhouse serve clean

run: $(VENV)/ready
	$(BIN)/wendu demo --days 3

test: $(VENV)/ready
	$(BIN)/pytest

# A day killed at a hundred random moments, with a reader looking on: half an hour.
kills: $(VENV)/ready
	$(BIN)/pytest -m kills -s

lint: $(VENV)/ready
	$(BIN)/ruff check pipelines tests
	$(BIN)/ruff format --check pipelines tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests

licences: $(VENV)/ready
	$(BIN)/python -m tests.architecture.licences

lock: $(VENV)/ready
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --upgrade --output-file requirements.lock

# Every package of the lock as a file, for machines on a closed network; they need this folder and nothing else.
# A `.venv` there is made by `make run` as here: a wheelhouse that is there is used.
wheelhouse: $(VENV)/ready
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
		--dest wheelhouse --requirement requirements.lock
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary :all: --dest wheelhouse uv

serve: $(VENV)/ready
	$(BIN)/wendu serve

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(FROM) uv
	$(BIN)/uv pip install --quiet --require-hashes $(FROM) --requirement requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	for imported in $(RUN_IMPORTS); do $(BIN)/python -W ignore -c "import $$imported" & done; wait
	touch $@
