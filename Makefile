# make demo    real data, solved by this engine and by CVXPY's default solver: demo/table.md, demo/convergence.png
# make test    the tests, the tutorials and the API reference
# make lint    formatting, import rules, types
# make docs    the API reference alone, in docs/api
# make bench   the benchmarks; make bench ARGS="--help" says what there is
# make clean   forget the environment and everything built
#
# Each sets up its own environment in .venv from any Python >= 3.11; PYTHON=... names one.

.PHONY: demo test lint docs tutorials bench clean python
.DELETE_ON_ERROR:

PYTHON ?= $(firstword $(foreach p,python3 python3.11 python3.12 python3.13 python3.14 python,\
	$(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $(p))))
BIN := .venv/bin
WORKERS ?= 2
ARGS ?= --help

# Every library brings its own pool of threads; on few cores they only get in each other's way.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

demo: .venv/demo.done
	$(BIN)/admmopt demo demo

test: .venv/test.done docs tutorials
	$(BIN)/python -m pytest -rs -n $(WORKERS) tests $(wildcard build/tutorials) --nbmake --nbmake-kernel=python3

lint: .venv/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

docs: .venv/test.done
	$(BIN)/python docs/build_api.py docs/api

# The tutorials are Python files; as notebooks they are run by `make test`, cell by cell.
tutorials: .venv/test.done
	rm -rf build/tutorials
	mkdir -p build/tutorials
	for file in tutorials/*.py; do \
		$(BIN)/jupytext --quiet --to notebook --output build/tutorials/$$(basename $$file .py).ipynb $$file || exit 1; \
	done

bench: .venv/bench.done
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf .venv build dist demo docs/api *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis

.venv/%.done: pyproject.toml constraints.txt | python
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --editable '.[$*]'
	touch $@

python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found: install one, or name it (make demo PYTHON=/path/to/python3)." >&2; exit 1; }
