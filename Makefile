# Everything a developer runs. Each target sets up what it needs in .venv (Python) and target (Rust); nothing
# is installed on the system, nothing needs root. Needed beforehand: Rust (cargo), Python >= 3.10, gcc, make.
#
# Stamps in .build/stamps say what is up to date, so that a second run does only what changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .build/stamps
LINTED := python tests benches examples tools

# The interpreter that PyO3 builds for, and the setting that maturin builds with: the same for every cargo
# command, else each rebuilds what the other built.
export PYO3_PYTHON := $(abspath $(BIN)/python)
export PYO3_BUILD_EXTENSION_MODULE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export VIRTUAL_ENV := $(abspath $(VENV))
unexport CONDA_PREFIX
export CARGO_TERM_COLOR ?= auto

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find crates -name '*.rs' -o -name Cargo.toml)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-rust test-python conformance check check-rust check-python check-house check-docs bench wheel clean

help: ## Show this text
	@echo "make targets (PYTHON=python3.12 chooses the interpreter for a new .venv):"
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMPS)/release ## Six ways to fetch, against a server on loopback, and what each does to the event loop
	@$(BIN)/python -m examples.demo

test: test-rust test-python ## All tests: Rust, then Python

test-rust: ## cargo test of every crate but the binding, which the Python tests cover
	cargo test --workspace --exclude martlet-python

test-python: $(STAMPS)/develop $(STAMPS)/servers ## pytest; ARGS="-k cookies" chooses
	$(BIN)/python -m pytest $(ARGS)

conformance: $(STAMPS)/develop ## The suites of requests and of libraries on top of it, run on martlet; ARGS="responses" chooses
	$(BIN)/python -m tools.conformance $(ARGS)

check: check-house check-rust check-python check-docs ## Formatting, lints, types, layers, house rules, docs

check-house: $(STAMPS)/tools ## The allowed arrows between the parts, and the rules of CONTRIBUTING.md
	$(BIN)/python tools/layers.py
	$(BIN)/python tools/house.py

check-rust: $(STAMPS)/tools ## rustfmt and clippy
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

check-python: $(STAMPS)/develop ## ruff, mypy --strict, and the stub against the built module
	$(BIN)/ruff format --check $(LINTED)
	$(BIN)/ruff check $(LINTED)
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest martlet._martlet

check-docs: $(STAMPS)/tools ## rustdoc, with warnings as errors
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

bench: $(STAMPS)/wheel $(if $(QUICK),,$(STAMPS)/wheel-abi3) ## martlet beside its peers, also the lag of the event loop -> docs/benchmarks; QUICK=1 for minutes instead of hours
	$(BIN)/python -m benches $(if $(QUICK),--quick) $(ARGS)
	$(BIN)/python -m benches.loop $(if $(QUICK),--quick)

wheel: $(STAMPS)/wheel ## A release wheel of martlet for this Python, in .build/wheels

clean: ## Forget everything built
	rm -rf $(VENV) .build target
	find python -name '_martlet*.so' -delete

# The virtualenv with the pinned tools.
$(STAMPS)/tools: requirements/dev.txt pyproject.toml tools/venv.py
	$(PYTHON) tools/venv.py $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements/dev.txt
	@mkdir -p $(@D) && touch $@

# The real proxies that tests go through. Where there is no apt the step does not fail: those tests are skipped
# and say why. Without the stamp it is tried again the next time.
$(STAMPS)/servers: $(STAMPS)/tools tools/servers.py
	@mkdir -p $(@D)
	$(BIN)/python tools/servers.py .build/servers && touch $@ || echo "the tests with real proxies will be skipped"

# martlet in .venv, from python/ as it stands. `develop` is quick to build and checks its assertions; `release`
# is what users get. One replaces the other.
$(STAMPS)/develop: $(STAMPS)/tools $(RUST_SOURCES)
	$(BIN)/maturin develop --profile dev
	@rm -f $(STAMPS)/release && touch $@

$(STAMPS)/release: $(STAMPS)/tools $(RUST_SOURCES)
	$(BIN)/maturin develop --release
	@rm -f $(STAMPS)/develop && touch $@

$(STAMPS)/wheel: $(STAMPS)/tools $(RUST_SOURCES) $(shell find python -name '*.py*' -not -name '*.pyc' 2>/dev/null)
	rm -rf .build/wheels
	$(BIN)/maturin build --release --interpreter $(BIN)/python --out .build/wheels
	@touch $@

# For the benchmarks' question what the stable ABI costs.
$(STAMPS)/wheel-abi3: $(STAMPS)/wheel
	rm -rf .build/wheels-abi3
	$(BIN)/maturin build --release --features abi3 --interpreter $(BIN)/python --out .build/wheels-abi3
	@touch $@
