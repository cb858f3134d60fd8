# make demo: from a fresh clone to a registered model.  make test long: everything that CI checks.
PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)

.PHONY: demo cpu strip variants methods test lint types tests long drills docs install lock clean

demo: install
	dvc repro
	tsernet summary

# SD-saliency-900 on two CPU cores: the full network (`cpu`), the same taught clean steel and strip, or all eight variants for less long; SD_SALIENCY_900=FOLDER names a copy of it, else it is fetched.
# `methods`: TSERNet and twelve others at about 3 M parameters, three seeds each; two to four hours, and goes on where it was stopped.
strip variants methods: install
	tsernet preset $@
	dvc repro
	tsernet summary

# The second leg starts from the first one's model. What was done is not done again: DVC has it, or a checkpoint.
cpu: install
	tsernet preset cpu
	dvc repro train@full-0
	cp results/train/full/0/model.safetensors data/start.safetensors
	tsernet preset finish
	dvc repro
	tsernet summary

test: lint types tests

lint: install
	ruff check .
	ruff format --check .
	lint-imports

types: install
	mypy --num-workers auto

# Four processes of one thread each on two cores: one of them mostly waits for heartbeats and leases, the others for servers now and then.
# A file stays with one process, for its fixtures; the order is that of tests/conftest.py, slow files first.
# A process that dies is not replaced: pytest-xdist 3.8 may wait for ever for the tests of the new one.
tests: install
	OMP_NUM_THREADS=1 pytest -n 4 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

# Slow for what they show: `tsernet up`, a retraining in the browser, two clones on one server, wide strip, other people's annotation
# tools, PostgreSQL, SIGKILL in stages, the documentation's site, an empty environment; and all the real test images.
long: install
	OMP_NUM_THREADS=1 pytest -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart 0 -m long

# What takes too long for that too, some twenty minutes: SIGKILL at random moments, four triggers at once, the real graph throughout.
drills: install
	pytest -m drill -s

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python %d.%d found, expected 3.11 or newer; set PYTHON=" % sys.version_info[:2])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The documentation site, into build/site; a broken link fails.
docs: install
	NO_MKDOCS_2_WARNING=1 mkdocs build --quiet

# uv resolves in seconds what pip's resolver backtracks on for minutes; pip installs the result.
lock:
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --custom-compile-command "make lock" -o requirements.lock

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
