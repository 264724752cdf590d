# Each target is a thin line over `python -m stages`, `dvc` or `pytest`; nobody needs make.
# README.md gives the same in plain commands.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: help repro adopt check-data test test-slow check check-reproducible serve bento tune ablation experiments track mlflow bench lock clean

PYTHON ?= python3
BIN := .venv/bin
ENV := .venv/.complete
STAGES := $(BIN)/python -m stages
HASHED := --no-deps --require-hashes
MLFLOW := .venv/.mlflow
MLFLOW_SERVER := .venv-mlflow/.complete
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(HASHED)
WORKERS := -n 2 --dist loadfile
export DO_NOT_TRACK := 1
export CSV SIZE TARGET POSITIVE DRAFT PSEUDONYMISE
export BENTOML_DO_NOT_TRACK := True

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

$(ENV): requirements.lock requirements.build.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; $(PYTHON) is " + sys.version.split()[0] + ". Try make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@if [ -L .venv ]; then echo '.venv: a link to another environment, which would be emptied; expected none' >&2; exit 1; fi
	@echo "Making .venv from the locked, hashed requirements (once, about a minute)"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) --only-binary :all: -r requirements.build.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --no-build-isolation $(HASHED) -r requirements.lock || \
		{ echo "uv could not; pip tries, with its own settings and a few minutes more" >&2; $(PIP) --no-build-isolation -r requirements.lock; }
	@touch $@

$(MLFLOW): requirements.mlflow.lock $(ENV)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode $(HASHED) -r $<
	@touch $@

$(MLFLOW_SERVER): requirements.mlflow-server.lock $(ENV)
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-mlflow
	@$(BIN)/uv pip install --quiet --python .venv-mlflow/bin/python --compile-bytecode $(HASHED) -r $<
	@touch $@

repro: $(ENV) ## run the pipeline: what changed, and nothing else
	@$(STAGES) repro

adopt: $(ENV) ## take a table in: make adopt CSV=path-or-URL [TARGET=…] [POSITIVE=…] (CSV=generated goes back)
	@$(STAGES) adopt $${CSV:+"$$CSV"} $${TARGET:+--target "$$TARGET"} $${POSITIVE:+--positive "$$POSITIVE"} \
		$${DRAFT:+--redraft} $${PSEUDONYMISE:+--pseudonymise}

check-data: $(ENV) ## the checks at the door, without a run
	@$(STAGES) check

test: $(ENV) ## the test suite, with branch coverage
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -m "not slow" $(WORKERS)
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report

test-slow: $(ENV) $(MLFLOW) $(MLFLOW_SERVER) ## what takes longer: other businesses from adopt to model card, a real MLflow server
	@$(BIN)/python -m pytest -m slow -n 2 --dist loadgroup

check: $(ENV) ## lint, types, notebooks clean, workflows valid, lock current
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/nbstripout --verify notebooks/*.ipynb
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/zizmor --offline --quiet --no-progress .github/workflows
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_repository.py

check-reproducible: $(ENV) ## prove in two clones that the pipeline rebuilds to the same bytes (ROWS=7043)
	@$(BIN)/python -m stages check-reproducible --rows $(or $(ROWS),7043)

serve: $(ENV) ## the prediction service with the champion, on port 3000
	@$(BIN)/bentoml serve

bento: $(ENV) ## the service and its champion as a bento, to be served or put into an image
	@$(BIN)/bentoml build

tune: $(ENV) ## search hyperparameters; writes to params.yaml what helps; goes on where it was stopped
	@$(STAGES) tune

ablation: $(ENV) ## the measured effect of every modelling switch, in reports/ablation.html
	@$(STAGES) ablation

experiments: $(ENV) ## the experiments of dvc exp on this commit side by side, in reports/experiments.html
	@$(STAGES) experiments

mlflow: $(MLFLOW) ## the extra that logs experiments to the MLflow server in MLFLOW_TRACKING_URI

track: $(MLFLOW) ## log the results that stand now to that server, where it was away during the run
	@$(STAGES) track

bench: $(ENV) ## benchmarks, each against its reference in the same run (CSV=path: quality on it; SIZE=large: learning curve)
	@$(BIN)/python -m benchmarks $${CSV:+--csv "$$CSV"} $${SIZE:+--size "$$SIZE"}

lock: $(ENV) ## write the locks anew from pyproject.toml
	@printf 'setuptools\nuv\nwheel\n' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 - -o requirements.build.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --group dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --group service --constraints requirements.lock -o requirements.service.lock
	@printf 'mlflow-skinny>=3.4\n' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --constraints requirements.lock - -o requirements.mlflow.lock
	@printf 'mlflow\n' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --constraints requirements.mlflow.lock - -o requirements.mlflow-server.lock

clean: ## remove the environment and what runs leave behind; results and DVC's cache stay
	rm -rf .venv .venv-mlflow .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage .coverage.*
