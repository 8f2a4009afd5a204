# All one can ask for; `make help` lists it. What is installed goes into .venv and node_modules, nothing elsewhere.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
NPM := $(shell command -v npm 2>/dev/null)
PORT ?= 8000
JOBS ?= 2

# One thread for each process: tests and notebooks already use the cores, and sums come out in one order.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export SITE
export SOLUTIONS

PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder --nbval --nbval-current-env \
	--nbval-cell-timeout 120 -o faulthandler_timeout=900 -o faulthandler_exit_on_timeout=true
BOOK := _config.yml _toc.yml $(wildcard book/. book/* book/proofs/* book/_ext/*.py book/_ext/*.cjs book/_templates/* \
	book/_static/* book/_static/*/* book/scripts/* book/scripts/*/* optimlab/*.py optimlab/*/*.py labs/* \
	solutions/drills solutions/drills/* tests/*.py tests/*/*.py $(if $(SOLUTIONS),solutions/*.ipynb))

.PHONY: help book serve pdf epub zip carry race test truth mutants bench attacks soak parity nbgrader proofs labs grader \
	jupyter lock clean distclean
.DEFAULT_GOAL := help
.NOTPARALLEL:

help:  ## list what one can ask for
	@awk -F ':.*## ' '/^[a-z ]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

book: _build/.book  ## build the book into _build/html (SOLUTIONS=1: with the labs solved)
	@echo "The book is at _build/html/index.html; make serve shows it in a browser."

serve: book  ## build the book and serve it on 127.0.0.1 (PORT=8000)
	@echo "Read it at http://127.0.0.1:$(PORT)/ and press Ctrl-C when done."
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

pdf epub zip: book  ## make of the book a PDF (printed by Chromium), an EPUB, a zip of its pages
	$(BIN)/python book/carry $@

carry: book  ## make all three; SITE=https://... says where the book will be published
	$(BIN)/python book/carry pdf epub zip

race: book  ## copy README's picture from the book's first page, whose cell draws it
	$(BIN)/python book/carry/race.py

test: $(addprefix .venv/.has-,book test cluster $(if $(CI),parity nbgrader)) node_modules/.package-lock.json  ## run every test
	$(PYTEST)

truth: .venv/.has-book .venv/.has-test  ## run what decides whether the rules are right: proofs, parity, equations
	$(PYTEST) book/proofs tests/proofs tests/parity tests/equations

mutants: .venv/.has-book .venv/.has-test  ## plant every small error in the rules; report which truth layer finds it
	$(BIN)/python tests/mutation/run.py --jobs $(JOBS)

bench: .venv/.has-book .venv/.has-test $(if $(filter-out reading,$(WHICH)),,_build/.book)  ## measure: all of tests/benchmarks, or one (WHICH=grading)
	@for script in tests/benchmarks/bench_$(or $(WHICH),*).py; do $(BIN)/python $$script || exit 1; done

attacks: .venv/.has-book .venv/.has-test  ## prove each attack on the grader real, in bubblewrap, and what holds it
	cd tests && ../$(BIN)/python -m attacks.prove

soak: .venv/.has-book .venv/.has-test  ## grade ten thousand submissions, a thousand of them hostile
	cd tests && ../$(BIN)/python -m attacks.soak 10000

parity: .venv/.has-book .venv/.has-test .venv/.has-parity  ## install PyTorch and compare every rule with it
	$(PYTEST) tests -k "parity or torch"

nbgrader: .venv/.has-book .venv/.has-test .venv/.has-nbgrader  ## install nbgrader and let it grade every lab
	$(PYTEST) tests/labs/test_nbgrader.py

proofs: .venv/.has-book .venv/.has-test  ## run the proof notebooks
	$(PYTEST) book/proofs

labs: .venv/.has-book  ## make labs/ from solutions/
	$(BIN)/optimlab labs build

grader: .venv/.has-cluster  ## install what grades a class, and nothing else
	@$(BIN)/optimlab --version
	@echo "To grade a class: $(BIN)/optimlab grade CLASS_DIR --lab NAME --out OUT; the labs: $(BIN)/optimlab labs list"

jupyter: .venv/.has-book .venv/.has-jupyter  ## install JupyterLab and open the labs in it
	$(BIN)/jupyter lab labs

lock: pyproject.toml .venv/.has-book  ## choose newer versions: constraints.txt and package-lock.json
	$(BIN)/python -m pip install --quiet uv
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
		--all-extras --no-annotate --prerelease disallow --upgrade --output-file constraints.txt
	npm install --package-lock-only

clean:  ## remove what was built
	rm -rf _build .pytest_cache .hypothesis

distclean: clean  ## remove what was installed, too
	rm -rf .venv node_modules

# Sphinx warns about a page only when it reads it, so after a failure every page must be read again.
_build/.book: $(BOOK) .venv/.has-book node_modules/.package-lock.json
	$(BIN)/jupyter-book build . -W -n --keep-going || { rm -rf _build/.doctrees; exit 1; }
	@printf '%s' '$(ASKED)' > _build/.asked
	@touch $@

# A book that was built for another address, or with the labs' solutions and now without, is built again.
ASKED := $(strip $(SITE) $(SOLUTIONS))
ifneq ($(ASKED),$(shell cat _build/.asked 2>/dev/null))
.PHONY: _build/.book
endif

.venv/pyvenv.cfg:
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11 or newer was not found; install it, or say make PYTHON=/path/to/python"; exit 1; }
	@echo "Setting up .venv with $(PYTHON); the first time this takes a minute or two."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

# .venv/.has-X: the extra X of pyproject.toml is installed, at the versions of constraints.txt.
.venv/.has-%: pyproject.toml constraints.txt | .venv/pyvenv.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*]'
	@$(BIN)/python -c "import matplotlib.font_manager"  # builds its font cache now, where its notice disturbs no page
	@touch $@

# Without npm on this machine, the extra `node` brings it into .venv.
node_modules/.package-lock.json: package.json package-lock.json $(if $(NPM),,.venv/.has-node)
	$(or $(NPM),$(BIN)/npm) ci --loglevel=error
	@touch $@
