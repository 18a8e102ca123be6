# make run: the demo city and its first three days. make test: everything the project asks of itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false

.PHONY: run test kills lint lock serve clean

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

lock: $(VENV)/ready
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --upgrade --output-file requirements.lock

serve: $(VENV)/ready
	$(BIN)/wendu serve

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --require-hashes --compile-bytecode --requirement requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
