# make demo   a cited report on the language reference that ships with Python, in ./demo
# make test   the whole suite
# make lint   format, lint, types, import rules
# make check  the same, and the quick tests, budgets of lines among them
# make pythons the quick tests on each other Python that is installed (3.12, 3.13)
# make format put the format right
# make recipe trains a small policy and measures it (RECIPE=--quick, --seeds 3, --ablate; needs torch)
# make bench  the benchmarks, each beside a named peer
# make mutate whether the tests notice small changes of the source (docs/testing.md)
# make clean  remove what the targets above made

PYTHON ?= python3
BIN := .venv/bin
# Half of the suite's time is waiting for processes and disks, so two workers a core.
WORKERS ?= 4
PYTEST := $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal
QUESTION ?= Why is it dangerous to use a mutable object such as a list as the default value of a parameter?

# The suite starts hundreds of processes, and each would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint check pythons format recipe bench mutate clean

.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/dev: .venv/core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: .venv/core
	$(BIN)/python runs/python_reference.py demo/reference
	$(BIN)/deepresearch run "$(QUESTION)" --docs demo/reference --data demo/data --out demo
	@echo "The report: demo/report.md and demo/report.html"

test: .venv/dev
	$(PYTEST)

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check: lint
	$(PYTEST) -m "not slow"

pythons: .venv/dev
	.ci/pythons

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

recipe: .venv/dev
	$(BIN)/python -c "import torch" 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train]'
	$(BIN)/python -m runs.miniature $(RECIPE)

bench: .venv/dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks.step_time
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.prefix
	$(BIN)/python -m benchmarks.concurrency
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.patch_savings
	$(BIN)/python -m benchmarks.retrieval
	$(BIN)/python -m benchmarks.multihop
	$(BIN)/python -m benchmarks.answers
	$(BIN)/python -m benchmarks.canned
	$(BIN)/python -m benchmarks.authority
	$(BIN)/python -m benchmarks.reading
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.dense --vectors 200000
	$(BIN)/python -m benchmarks.verification
	$(BIN)/python -m benchmarks.planted
	$(BIN)/python -m benchmarks.judge
	$(BIN)/python -m benchmarks.exports
	$(BIN)/python -m benchmarks.report_time

mutate: .venv/dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks.mutation

clean:
	rm -rf .venv demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
