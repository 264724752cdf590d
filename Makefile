# Each target is a thin line over `python -m stages`, `dvc` or `pytest`; nobody needs make.
# README.md gives the same in plain commands.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: help repro adopt check-data test test-slow lint check check-reproducible check-results audit sbom hooks \
	pull push serve bento image scan-image push-image cml comment tune \
	ablation experiments track mlflow report register promote demote models \
	fetch-model bench lock update-lock propose-lock clean

PYTHON ?= python3
BIN := .venv/bin
ENV := .venv/.complete
STAGES := $(BIN)/python -m stages
HASHED := --no-deps --require-hashes
MLFLOW := .venv/.mlflow
MLFLOW_SERVER := .venv-mlflow/.complete
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(HASHED)
# Accepted in the secret scan, 2026-11-21: passwords that tests make up to be refused or left out.
MADE_UP := ^(geheim|hunter2)$$
WORKERS := -n auto --maxprocesses 4
UPGRADE :=
COMPILE = $(BIN)/uv pip compile $(UPGRADE) --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	--python-version 3.11
CML := 0.20.6
CML_RESOLVED := 2024-12-31# its dependencies as of then: it comes without a lock
export DO_NOT_TRACK := 1
export BASE CSV SIZE TARGET POSITIVE DRAFT PSEUDONYMISE OSV STAGE VERSION BUMP REASON OUT
export BENTOML_DO_NOT_TRACK := True

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

$(ENV): requirements/dev.lock requirements/build.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; $(PYTHON) is " + sys.version.split()[0] + ". Try make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@if [ -L .venv ]; then echo '.venv: a link to another environment, which would be emptied; expected none' >&2; exit 1; fi
	@echo "Making .venv from the locked, hashed requirements (once, about a minute)"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) --only-binary :all: -r requirements/build.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --no-build-isolation $(HASHED) -r requirements/dev.lock || \
		{ echo "uv could not; pip tries, with its own settings and a few minutes more" >&2; $(PIP) --no-build-isolation -r requirements/dev.lock; }
	@touch $@

$(MLFLOW): requirements/mlflow.lock $(ENV)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode $(HASHED) -r $<
	@touch $@

$(MLFLOW_SERVER): requirements/mlflow-server.lock $(ENV)
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
	@$(BIN)/python -m coverage run -m pytest -m "not slow" $(WORKERS) --dist loadfile
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report

test-slow: $(ENV) $(MLFLOW) $(MLFLOW_SERVER) ## what takes longer: other businesses from adopt to model card, a real MLflow server
	@$(BIN)/python -m pytest -m slow $(WORKERS)

lint: $(ENV) ## what is quick: style, notebooks clean, insecure code, secrets
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/nbstripout --verify notebooks/*.ipynb
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive scoring stages serving benchmarks examples
	@git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --no-verify --exclude-secrets '$(MADE_UP)'

check: lint ## lint, types, workflows valid, lock current
	@$(BIN)/mypy
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/zizmor --offline --quiet --no-progress --persona pedantic .github
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_repository.py tests/test_workflows.py

audit: lint ## lint, and known vulnerabilities of the locked packages, asked for over the network (OSV=address)
	@$(STAGES) audit $${OSV:+--osv "$$OSV"}

sbom: $(ENV) ## what the locks hold, as CycloneDX, in sbom/
	@$(STAGES) sbom

hooks: $(ENV) ## have git run make lint at a commit and make check at a push
	@$(BIN)/pre-commit install

check-reproducible: $(ENV) ## prove in two clones that the pipeline rebuilds to the same bytes (ROWS=7043)
	@$(BIN)/python -m stages check-reproducible --rows $(or $(ROWS),7043)

check-results: $(ENV) ## run the pipeline and compare with the committed results
	@$(STAGES) repro
	@git diff --exit-code --stat -- dvc.lock reports/metrics.json || \
		{ echo "dvc.lock, reports/metrics.json: not what this code makes; expected the committed results" >&2; exit 1; }

pull: $(ENV) ## bring outputs from the DVC remote, held against their hashes
	@$(STAGES) pull

push: $(ENV) ## send outputs to the DVC remote
	@$(STAGES) push

serve: $(ENV) ## the prediction service with the champion, on port 3000
	@$(BIN)/bentoml serve

bento: $(ENV) ## the service and its champion as a bento (OUT=file.bento: exported, too)
	@$(BIN)/bentoml build
	@$(if $(OUT),mkdir -p "$(dir $(abspath $(OUT)))" && $(BIN)/bentoml export churn:latest "$(abspath $(OUT))")

image: $(ENV) ## a container image of the newest bento, with Docker (OUT=file.tar: saved, too)
	@$(STAGES) image $${OUT:+--archive "$$OUT"}

scan-image: $(ENV) ## known vulnerabilities in the image, with Trivy in Docker
	@$(STAGES) scan-image

push-image: ## push the image: make push-image TO=ghcr.io/owner/churn VERSION=v1.0.0 [FROM=file.tar]
	@$(PYTHON) -m stages push-image "$${TO:?the address of the image}" "$${VERSION:?its version}" $${FROM:+--archive "$$FROM"}

cml: ## CML, which posts the comment, in .cml/ (needs npm)
	@npm install --silent --no-fund --no-audit --global --prefix "$(CURDIR)/.cml" --ignore-scripts \
		--before $(CML_RESOLVED) @dvcorg/cml@$(CML)

comment: ## the report in FROM=folder as a comment on its pull request (docs/workflows.md)
	@PATH="$(CURDIR)/.cml/bin:$$PATH" $(PYTHON) -m stages comment "$${FROM:?the folder with the report}"

tune: $(ENV) ## search hyperparameters; writes to params.yaml what helps; goes on where it was stopped
	@$(STAGES) tune

ablation: $(ENV) ## the measured effect of every modelling switch, in reports/ablation.html
	@$(STAGES) ablation

report: $(ENV) ## what this tree changes, compared with BASE=revision (default main): reports/pull_request.md
	@$(STAGES) report "$${BASE:-main}"

register: $(ENV) ## the committed champion as a version of the registry, if it is good enough [BUMP=minor]
	@$(STAGES) register $${BUMP:+--bump "$$BUMP"}

promote: $(ENV) ## put a version into a stage: make promote STAGE=prod [VERSION=v1.2.0] [REASON=…] (or staging)
	@$(STAGES) promote $${STAGE:+"$$STAGE"} $${VERSION:+--version "$$VERSION"} $${REASON:+--reason "$$REASON"}

demote: $(ENV) ## leave a stage empty: make demote STAGE=prod [REASON=…] (or staging)
	@$(STAGES) demote $${STAGE:+"$$STAGE"} $${REASON:+--reason "$$REASON"}

models: $(ENV) ## what stands where, since when, with which metrics
	@$(STAGES) models

fetch-model: $(ENV) ## the bundle of a stage, checked by hash, in a folder: make fetch-model STAGE=prod [OUT=folder]
	@$(STAGES) fetch-model $${STAGE:+"$$STAGE"} $${VERSION:+--version "$$VERSION"} $${OUT:+--out "$$OUT"}

experiments: $(ENV) ## the experiments of dvc exp on this commit side by side, in reports/experiments.html
	@$(STAGES) experiments

mlflow: $(MLFLOW) ## the extra that logs experiments to the MLflow server in MLFLOW_TRACKING_URI

track: $(MLFLOW) ## log the results that stand now to that server, where it was away during the run
	@$(STAGES) track

bench: $(ENV) ## benchmarks, each against its reference in the same run (CSV=path: quality on it; SIZE=large: learning curve)
	@$(BIN)/python -m benchmarks $${CSV:+--csv "$$CSV"} $${SIZE:+--size "$$SIZE"}

lock: $(ENV) ## write the locks anew from pyproject.toml
	@printf 'setuptools\nuv\nwheel\n' | $(COMPILE) - -o requirements/build.lock
	@$(COMPILE) --group dev pyproject.toml -o requirements/dev.lock
	@$(COMPILE) --group service --constraints requirements/dev.lock -o requirements/service.lock
	@printf 'mlflow-skinny>=3.4\n' | $(COMPILE) --constraints requirements/dev.lock - -o requirements/mlflow.lock
	@printf 'mlflow\n' | $(COMPILE) --constraints requirements/mlflow.lock - -o requirements/mlflow-server.lock

update-lock: UPGRADE := --upgrade --exclude-newer '7 days'
update-lock: lock ## the locks with newer versions, a week old at least

propose-lock: ## the changed locks as a draft pull request, with gh
	@.ci/propose-lock

clean: ## remove the environment and what runs leave behind; results and DVC's cache stay
	rm -rf .venv .venv-mlflow .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage .coverage.*
