# stratomics: `make demo` and `make test` do everything on a machine with Python 3.11, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# One BLAS thread a process: two cost more than they give at the size of a cohort.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
# Bytecode is kept: without it each process compiles torch and Lightning again, 5 CPU seconds of 9 for their import.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-all simulations check bench notebooks docs clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# A simulated randomised trial of five omics: the true benefit is known and shown next to the estimates.
TRIAL := runs/simulated_trial_cohort

demo: $(VENV)/run.stamp $(TRIAL)/cohort.yaml ## install the run-time pins; run the bundled cohort, and a simulated trial to its design
	$(BIN)/stratomics run configs/experiment/tcga_acc.yaml
	run=$$($(BIN)/stratomics run configs/experiment/simulated_trial.yaml | tee /dev/stderr | tail -n 1) && \
	  $(BIN)/stratomics enrich "$$run" --trials 500 --draws 500

$(TRIAL)/cohort.yaml: | $(VENV)/run.stamp
	$(BIN)/stratomics simulate $(TRIAL) --patients 400 --seed 7 --missing_views 0.2 --signal 0.6 --predictive_strength 1 \
	  --features '{copy_number: 80, rna: 200, protein: 80, metabolite: 80, microbiome: 80}'

test: $(VENV)/test.stamp ## install what the tests need and run the quick ones (under 5 minutes on two cores)
	$(BIN)/python -m pytest -n 2 -m "not slow and not service and not browser and not simulation"

test-all: $(VENV)/test.stamp ## the quick tests, and those marked slow, service and browser
	$(BIN)/python -m pytest -n 2 -m "not simulation"

simulations: $(VENV)/test.stamp ## statistical claims by many repetitions (docs/claims.md); hours
	$(BIN)/python -m pytest -n 2 -m simulation

check: $(VENV)/test.stamp ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/test.stamp ## benchmarks, each side by side with its rival
	$(BIN)/python -m benchmarks $(ONLY)

notebooks: $(VENV)/test.stamp ## make every .ipynb from its .py, and execute them all
	$(BIN)/python notebooks/pairs.py
	$(BIN)/python -m pytest tests/project/test_notebooks.py

docs: $(VENV)/test.stamp ## build the documentation into site/, strictly and without a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

clean: ## remove the environment and everything that runs and tests leave behind
	rm -rf $(VENV) site runs mlruns mlflow.db dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "stratomics needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11 demo"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "python3-venv is missing; bring it with: sudo apt-get install -y python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp pyproject.toml constraints/run.txt
	$(PIP) -c constraints/run.txt -e .
	@touch $@

# One installation with everything, since pip resolves all packages in each one.
$(VENV)/test.stamp: $(VENV)/python.stamp pyproject.toml constraints/run.txt constraints/test.txt
	$(PIP) --no-compile -c constraints/run.txt -c constraints/test.txt -e '.[cluster,docs,notebooks,test]'
	@touch $(VENV)/run.stamp $@
