# Each target is a thin line over `python -m stages`, `dvc`, `bentoml` or `pytest`; nobody needs make.
# docs/commands.md has the plain command of each. A new target goes under the heading of whoever types
# it, with what it does after `##` and the variables that it knows in that text, as NAME=value: a
# variable that no text names is refused. After a single `#` a target is not listed by `make`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: help repro adopt score campaign monitor app lab tune ablation experiments report serve register promote retrain deploy undeploy story models test check \
	pull push track cluster demote fetch-model bento image bench test-slow check-reproducible lint hooks audit lock \
	clean check-results sbom scan-image push-image test-image cml comment propose-lock \
	propose-retrain up down status chaos rebuild-release rollout load programs

PYTHON ?= python3
BIN := .venv/bin
STAGES := $(BIN)/python -m stages
HASHED := --no-deps --require-hashes
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(HASHED)
UV := $(BIN)/uv pip install --quiet --compile-bytecode $(HASHED) --python
# Accepted in the secret scan, 2026-11-21: passwords that tests make up to be refused or left out.
MADE_UP := ^(geheim|hunter2)$$
WORKERS := auto
COMPILE = $(BIN)/uv pip compile $(if $(UPGRADE),--upgrade --exclude-newer '7 days') --quiet --universal \
	--generate-hashes --no-emit-index-url --no-header --python-version 3.11
CML := 0.20.6
CML_RESOLVED := 2024-12-31# its dependencies as of then: it comes without a lock
export DO_NOT_TRACK := 1
export BENTOML_DO_NOT_TRACK := True

# Variables of the command line that no target asked for knows: a typing error would be silent.
hash := \#
named = $(shell sed -n 's|^$(1):.*$(hash) ||p' Makefile | grep -o '[A-Z_]*=' | tr -d =)
known = PYTHON $(sort $(foreach goal,$(MAKECMDGOALS),$(call named,$(goal))))
given := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
unknown := $(if $(given),$(filter-out $(known),$(filter-out -%,$(given))))
ifeq ($(MAKELEVEL)$(if $(unknown),!),0!)
$(error $(strip make $(MAKECMDGOALS)): unknown variable $(unknown); expected one of: $(strip $(known)))
endif

# In a recipe: what its target cannot do without, and an example of it.
need = $(if $(value $(1)),,$(error make $@: $(1) is missing; for example: make $@ $(2)))

help:
	@awk -F ':.*## ' '/^##@ / { print "\n" substr($$0, 5) } \
		/^[a-z-]+:.*## / { if (length($$2) > 80) sub(/ \[/, "\n                [", $$2); \
			printf "  make %-12s %s\n", $$1, $$2 } \
		/^# CI/ { ci = 1 } /^[a-z-]+:[^#]*# / && !ci { sub(/:.*/, ""); \
			if (length(row $$0) > 100) { also = also row "\n     "; row = "" } row = row " " $$0 } \
		END { print "\nAlso:" also row "\ndocs/commands.md has them all, and the same without make" }' Makefile

# The environment. The name of its stamp is made of the locks' content and of the place: a lock that
# only got a new time changes nothing, a copy of the clone makes its own, and what a killed
# installation left has no stamp.
stamp = $(shell { pwd -P; cat $(1); } | git hash-object --stdin)
ENV := .venv/.complete-$(call stamp,requirements/build.lock requirements/dev.lock)
MLFLOW := .venv/.mlflow-$(call stamp,requirements/mlflow.lock)
CLUSTER := .venv/.cluster-$(call stamp,requirements/cluster.lock)
LOCUST := .venv-load/.complete-$(call stamp,requirements/load.lock)
MLFLOW_SERVER := .venv-mlflow/.complete-$(call stamp,requirements/mlflow-server.lock)
ifneq ($(shell test -x $(BIN)/python && echo there),there)
.PHONY: $(ENV) # none yet, or its Python was removed
endif

$(ENV):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; $(PYTHON) is " + sys.version.split()[0] + ". Try make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@if [ -L .venv ]; then echo '.venv: a link to another environment, which would be emptied; expected none' >&2; exit 1; fi
	@echo "Making .venv from the locked, hashed requirements (once, about a minute)"
	@rm -f .venv/.[a-z]*-* # the stamps first: a removal that is killed leaves none
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(PIP) --only-binary :all: -r requirements/build.lock
	@$(UV) $(BIN)/python --no-build-isolation -r requirements/dev.lock || \
		{ echo "uv could not; pip tries, with its own settings and a few minutes more" >&2; $(PIP) --no-build-isolation -r requirements/dev.lock; }
	@pwd -P > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/checkout.pth"
	@touch $@

$(MLFLOW): $(ENV)
	@$(UV) $(BIN)/python -r requirements/mlflow.lock
	@touch $@

$(CLUSTER): $(ENV)
	@$(UV) $(BIN)/python -r requirements/cluster.lock
	@touch $@

$(MLFLOW_SERVER): | $(ENV)
	@rm -f .venv-mlflow/.complete-*
	@rm -rf .venv-mlflow
	@$(BIN)/uv venv --quiet --python $(BIN)/python .venv-mlflow
	@$(UV) .venv-mlflow/bin/python -r requirements/mlflow-server.lock
	@touch $@

$(LOCUST): | $(ENV)
	@rm -rf .venv-load
	@$(BIN)/uv venv --quiet --python $(BIN)/python .venv-load
	@$(UV) .venv-load/bin/python -r requirements/load.lock
	@touch $@

##@ Data scientist

repro: $(ENV) ## run what changed of the pipeline: data, model, reports
	@$(STAGES) repro

adopt: $(ENV) ## use your own table: CSV=path-or-URL, or CSV=generated to go back [TARGET=column POSITIVE=value NEGATIVE= SHEET= ENCODING= WINDOW= STRICT=1 DRAFT=1 PSEUDONYMISE=1]
	@$(call need,CSV,CSV=customers.csv)
	@$(STAGES) adopt "$${CSV:-}" $${TARGET:+--target "$$TARGET"} $${POSITIVE:+--positive "$$POSITIVE"} \
		$${NEGATIVE:+--negative "$$NEGATIVE"} \
		$${SHEET:+--sheet "$$SHEET"} $${ENCODING:+--encoding "$$ENCODING"} $${WINDOW:+--window "$$WINDOW"} $${STRICT:+--strict} $${DRAFT:+--redraft} $${PSEUDONYMISE:+--pseudonymise}

score: $(ENV) ## score this month's customers: IN=table OUT=folder-or-file [BUDGET= MODEL= REASONS= MAX_REJECTS= SNAPSHOT= ENCODING= CUSTOMERS= CONTROL= EXPLORE= MONTH= ENGINE= SCHEDULER=]
	@$(foreach name,IN OUT,$(call need,$(name),IN=july.csv OUT=out/july))
	@$(STAGES) score "$${IN:-}" "$${OUT:-}" \
		$${BUDGET:+--budget "$$BUDGET"} $${MODEL:+--model "$$MODEL"} $${REASONS:+--reasons "$$REASONS"} \
		$${MAX_REJECTS:+--max-rejects "$$MAX_REJECTS"} $${SNAPSHOT:+--snapshot "$$SNAPSHOT"} $${CUSTOMERS:+--customers} $${ENGINE:+--engine "$$ENGINE"} \
		$${CONTROL:+--control "$$CONTROL"} $${EXPLORE:+--explore "$$EXPLORE"} $${MONTH:+--month "$$MONTH"} \
		$${SCHEDULER:+--scheduler "$$SCHEDULER"} $${ENCODING:+--encoding "$$ENCODING"}

campaign: $(ENV) ## what a campaign assigned at random brought, and whom to contact next: IN=table-or-folder [CUSTOMERS= TREATED= CONTROL= OUTCOME= POSITIVE= CONTACTED= IGNORE=columns SNAPSHOT= ENCODING= ADOPT=chosen]
	@$(if $(filter none,$(ADOPT)),:,$(call need,IN,IN=campaign.csv))
	@$(STAGES) campaign $${IN:+"$$IN"} \
		$${CUSTOMERS:+--customers "$$CUSTOMERS"} $${TREATED:+--treated "$$TREATED"} \
		$${CONTROL:+--control "$$CONTROL"} $${OUTCOME:+--outcome "$$OUTCOME"} \
		$${POSITIVE:+--positive "$$POSITIVE"} $${CONTACTED:+--contacted "$$CONTACTED"} \
		$${IGNORE:+--ignore "$$IGNORE"} $${SNAPSHOT:+--snapshot "$$SNAPSHOT"} $${ADOPT:+--adopt "$$ADOPT"} \
		$${ENCODING:+--encoding "$$ENCODING"}

monitor: $(ENV) ## judge a month: broken data, other customers, other behaviour: IN=table-or-log [MONTH=2026-11] [OUTCOMES=who-left] [AS_OF=month] [SNAPSHOT=day] [ENCODING=] [ACCEPT=columns] [MODEL=bundle]
	@$(call need,IN,IN=july.csv MONTH=2026-07)
	@$(STAGES) monitor "$${IN:-}" \
		$${MONTH:+--month "$$MONTH"} $${OUTCOMES:+--outcomes "$$OUTCOMES"} $${AS_OF:+--as-of "$$AS_OF"} \
		$${SNAPSHOT:+--snapshot "$$SNAPSHOT"} $${ENCODING:+--encoding "$$ENCODING"} \
		$${ACCEPT:+--accept "$$ACCEPT"} $${MODEL:+--model "$$MODEL"}

app: $(ENV) ## the retention manager's page on what make score wrote [SCORES=folder] [MODEL=bundle] [PORT=8501]
	@$(STAGES) app $${SCORES:+"$$SCORES"} $${MODEL:+--model "$$MODEL"} $${PORT:+--port "$$PORT"}

lab: $(ENV) ## open the notebooks in JupyterLab; what is run there goes to scratch/
	@$(BIN)/jupyter lab notebooks

tune: $(ENV) ## search hyperparameters; what helps is written to params.yaml; continues where it was stopped
	@$(STAGES) tune

ablation: $(ENV) ## the measured effect of every modelling choice, in reports/ablation.html
	@$(STAGES) ablation

experiments: $(ENV) ## compare the experiments of dvc exp on this commit, in reports/experiments.html
	@$(STAGES) experiments

report: $(ENV) ## what your changes do to quality and profit: reports/pull_request.md [BASE=main]
	@$(STAGES) report "$${BASE:-main}"

##@ Operator

serve: $(ENV) ## the prediction service with the champion, on http://localhost:3000 [PORT=3000]
	@$(BIN)/bentoml serve $${PORT:+--port "$$PORT"}

register: $(ENV) ## the committed champion as a version of the registry, if it is good enough [BUMP=minor] [KEY=private.pem]
	@$(STAGES) register $${BUMP:+--bump "$$BUMP"} $${KEY:+--sign-with "$$KEY"}

promote: $(ENV) ## put a version into an environment: STAGE=staging|prod [VERSION=v1.2.0] [REASON=text]
	@$(call need,STAGE,STAGE=prod)
	@$(STAGES) promote "$${STAGE:-}" $${VERSION:+--version "$$VERSION"} $${REASON:+--reason "$$REASON"}

retrain: $(ENV) ## take labelled months in, train a challenger, have the gate judge it [IN=table MONTH=2026-11] [SNAPSHOT=day] [ENCODING=] [AS_OF=month] [REASON=departures|decay|schedule|hand]
	@$(STAGES) retrain $${IN:+"$$IN"} $${MONTH:+--month "$$MONTH"} $${SNAPSHOT:+--snapshot "$$SNAPSHOT"} $${ENCODING:+--encoding "$$ENCODING"} \
		$${AS_OF:+--as-of "$$AS_OF"} $${REASON:+--reason "$$REASON"}

deploy: $(ENV) ## put the challenger in the champion's place, in steps, at a running service [MODEL=bundle] [PORT=3000, or URL=address] [ASK=1] [REASON=text]
	@$(STAGES) deploy $${MODEL:+--model "$$MODEL"} $${PORT:+--url "http://localhost:$$PORT"} \
		$${URL:+--url "$$URL"} $${ASK:+--ask} $${REASON:+--reason "$$REASON"}

undeploy: $(ENV) ## take the newest champion, or one that is being deployed, back
	@$(STAGES) undeploy

story: $(ENV) ## two years of the loop in minutes: a competitor's offer, a broken column, a bad challenger [SEED=20]
	@$(STAGES) story $${SEED:+--seed "$$SEED"}

up: $(ENV) ## the service behind a TLS proxy, with Prometheus and Grafana, in containers [STAGE=environment] [SCORES=folder] [MLFLOW=1]
	@$(STAGES) up $${STAGE:+"$$STAGE"} $${SCORES:+--scores "$$SCORES"} $${MLFLOW:+--mlflow}

models: $(ENV) ## which version is in which environment, with its metrics
	@$(STAGES) models

##@ Developer

test: $(ENV) ## the tests [COVERAGE=1: with branch coverage, as CI does] [WORKERS=auto]
	@$(if $(COVERAGE),$(BIN)/python -m coverage erase)
	@$(BIN)/python $(if $(COVERAGE),-m coverage run) -m pytest -m "not slow" -n $(WORKERS) --maxprocesses 4 \
		--dist loadfile --no-loadscope-reorder
	@$(if $(COVERAGE),$(BIN)/python -m coverage combine --quiet && $(BIN)/python -m coverage report)

check: lint ## style, types, notebooks clean, workflows and manifests valid, locks current
	@$(BIN)/mypy
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	@$(BIN)/zizmor --offline --quiet --no-progress --persona pedantic .github
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_repository.py tests/test_workflows.py \
		tests/deploy/test_kubernetes.py

# Typed now and then.

pull: $(ENV) # bring outputs from the DVC remote, checked against their hashes
	@$(STAGES) pull

push: $(ENV) # send outputs to the DVC remote
	@$(STAGES) push

cluster: $(CLUSTER) # install Dask, for make score ENGINE=dask
	@:

track: $(MLFLOW) # log the results to the MLflow server in MLFLOW_TRACKING_URI; later runs log themselves
	@$(STAGES) track

demote: $(ENV) # leave an environment of the registry empty: STAGE=staging|prod [REASON=text]
	@$(call need,STAGE,STAGE=prod)
	@$(STAGES) demote "$${STAGE:-}" $${REASON:+--reason "$$REASON"}

fetch-model: $(ENV) # the bundle of an environment or a version, checked by hash: STAGE=prod or VERSION=v1.2.0 [OUT=folder] [KEY=public.pem]
	@$(call need,$(if $(VERSION),VERSION,STAGE),STAGE=prod)
	@$(STAGES) fetch-model $${STAGE:+"$$STAGE"} $${VERSION:+--version "$$VERSION"} $${OUT:+--out "$$OUT"} $${KEY:+--key "$$KEY"}

rebuild-release: $(ENV) # rebuild the bundle of a version from its tag and compare the bytes: VERSION=v1.2.0
	@$(call need,VERSION,VERSION=v1.2.0)
	@$(STAGES) rebuild-release "$${VERSION:-}"

chaos: $(ENV) # inject ten failures into a service of its own: what was promised, what was measured
	@$(BIN)/python -m benchmarks.chaos

down: $(ENV) # stop what make up started; its volumes are kept
	@$(STAGES) down

status: $(ENV) # which parts of the stack run, and how they are
	@$(STAGES) status

bento: $(ENV) # the service and its champion as a bento [OUT=file.bento]
	@$(BIN)/bentoml build --output tag # without it, advertising
	@$(if $(OUT),mkdir -p "$(dir $(abspath $(OUT)))" && $(BIN)/bentoml export churn:latest "$(abspath $(OUT))")

image: $(ENV) # a container image of the newest bento, with Docker or Podman [IMAGE=pipeline: of the pipeline] [OUT=file.tar] [BASE=image]
	@$(STAGES) image $${IMAGE:+"$$IMAGE"} $${OUT:+--archive "$$OUT"} $${BASE:+--base "$$BASE"}

test-image: $(ENV) # build the image, run it confined, and ask it what the service's tests ask [IMAGE=pipeline: run the pipeline in it] [BASE=image]
	@$(if $(filter pipeline,$(IMAGE)),$(STAGES) image pipeline $${BASE:+--base "$$BASE"},:)
	@$${BASE:+env CHURN_IMAGE_BASE="$$BASE"} $(BIN)/python -m pytest -m slow -n 0 \
		tests/deploy/test_$(if $(filter pipeline,$(IMAGE)),pipeline_)image.py

bench: $(ENV) # benchmarks, each against its reference in the same run [CSV=path: quality on it] [TABLES=folder: models on its CSVs] [SIZE=large]
	@$(BIN)/python -m benchmarks $${CSV:+--csv "$$CSV"} $${TABLES:+--tables "$$TABLES"} $${SIZE:+--size "$$SIZE"}

load: $(LOCUST) # load on a service with Locust, installed once: PORT=3000 or URL=address [USERS=2] [SECONDS=30] [CA=certificate]; the key in CHURN_API_KEY
	@$(call need,$(if $(PORT),PORT,URL),URL=https://localhost:8443 CA=deploy/secrets/tls_certificate)
	@$${CA:+env CHURN_CA="$$CA"} .venv-load/bin/locust --locustfile benchmarks/locustfile.py --headless --only-summary \
		--host "$${URL:-http://localhost:$$PORT}" --users "$${USERS:-2}" --spawn-rate 10 --run-time "$${SECONDS:-30}s"

test-slow: $(ENV) $(MLFLOW) $(CLUSTER) $(MLFLOW_SERVER) # tests that take longer: other businesses, a real MLflow server, faults under load [WORKERS=auto]
	@$(BIN)/python -m pytest -m slow -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check-reproducible: $(ENV) # prove in two clones that the pipeline rebuilds to the same bytes [ROWS=7043]
	@$(STAGES) check-reproducible $${ROWS:+--rows "$$ROWS"}

lint: $(ENV) # the quick part of check: style, notebooks clean, declared dependencies, insecure code, secrets
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/nbstripout --verify notebooks/*.ipynb
	@$(BIN)/deptry .
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive app scoring stages serving benchmarks examples
	@git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --no-verify --exclude-secrets '$(MADE_UP)'

hooks: $(ENV) # have git run make lint at a commit and make check at a push
	@$(BIN)/pre-commit install

audit: lint # lint, and known vulnerabilities of the locked packages, asked for over the network [OSV=address]
	@$(STAGES) audit $${OSV:+--osv "$$OSV"}

lock: $(ENV) # write the locks from pyproject.toml [UPGRADE=1: newer versions, a week old at least]
	@printf 'setuptools\nuv\nwheel\n' | $(COMPILE) - -o requirements/build.lock
	@$(COMPILE) --group dev pyproject.toml -o requirements/dev.lock
	@$(COMPILE) --constraints requirements/dev.lock pyproject.toml -o requirements/pipeline.lock
	@$(COMPILE) --group service --constraints requirements/dev.lock -o requirements/service.lock
	@printf 'mlflow-skinny>=3.4\n' | $(COMPILE) --constraints requirements/dev.lock - -o requirements/mlflow.lock
	@printf 'dask>=2026.1\ndistributed>=2026.1\n' | $(COMPILE) --constraints requirements/dev.lock - -o requirements/cluster.lock
	@printf 'locust\n' | $(COMPILE) --constraints requirements/dev.lock - -o requirements/load.lock
	@printf 'mlflow\n' | $(COMPILE) --constraints requirements/mlflow.lock - -o requirements/mlflow-server.lock

clean: # remove the environment and what runs leave behind; results and DVC's cache stay
	rm -rf .venv .venv-load .venv-mlflow .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage .coverage.*

# CI alone types these (docs/workflows.md).

check-results: $(ENV) # run the pipeline and compare with the committed results
	@$(STAGES) repro
	@git diff --exit-code --stat -- dvc.lock reports/metrics.json || \
		{ echo "dvc.lock, reports/metrics.json: not what this code makes; expected the committed results" >&2; exit 1; }

sbom: $(ENV) # what the locks hold, as CycloneDX, in sbom/ [IMAGE=service|pipeline: what is in the built image]
	@$(STAGES) sbom $${IMAGE:+--image "$$IMAGE"}

scan-image: $(ENV) # known vulnerabilities in the image, with Trivy [IMAGE=pipeline]
	@$(STAGES) scan-image $${IMAGE:+"$$IMAGE"}

push-image: # push the image: TO=ghcr.io/owner/churn VERSION=v1.0.0 [IMAGE=pipeline] [FROM=file.tar]
	@$(foreach name,TO VERSION,$(call need,$(name),TO=ghcr.io/owner/churn VERSION=v1.0.0))
	@$(PYTHON) -m stages push-image "$${TO:-}" "$${VERSION:-}" $${IMAGE:+"$$IMAGE"} $${FROM:+--archive "$$FROM"}

rollout: # a released image into a cluster, asked, and taken back where it is not right: STAGE=dev|staging|prod TO=image@sha256:… [PIPELINE=image@sha256:…]
	@$(foreach name,STAGE TO,$(call need,$(name),STAGE=dev TO=ghcr.io/owner/churn@sha256:…))
	@$(PYTHON) -m stages rollout "$${STAGE:-}" "$${TO:-}" $${PIPELINE:+--pipeline "$$PIPELINE"}

programs: # what slow tests start, by apt as root: nginx, Prometheus and Alertmanager of Debian or Ubuntu
	sudo apt-get update --quiet
	sudo apt-get install --quiet --yes --no-install-recommends nginx prometheus prometheus-alertmanager

cml: # CML, which posts the comment, in .cml/ (needs npm)
	@npm install --silent --no-fund --no-audit --global --prefix "$(CURDIR)/.cml" --ignore-scripts \
		--before $(CML_RESOLVED) @dvcorg/cml@$(CML)

comment: # post the report in FROM=folder on its pull request
	@$(call need,FROM,FROM=report)
	@PATH="$(CURDIR)/.cml/bin:$$PATH" $(PYTHON) -m stages comment "$${FROM:-}"

propose-lock: # the changed locks as a draft pull request, with gh
	@.ci/propose-lock

propose-retrain: # a challenger's report and decision as a draft pull request, with gh
	@.ci/propose-retrain
