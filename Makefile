# Every target makes the virtual environment itself when it is missing or older than pyproject.toml.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
JOBS   ?= auto
# of serve-demo: where it makes the sample library, and the port
SAMPLE ?= build/sample
PORT   ?= 8765
# a file is the unit that a process takes, for what a file prepares is dear
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

# real data, where this checkout has it beside it; tests and benchmarks skip, with a reason, where it is absent
ifneq ($(wildcard ../shared/data),)
export REFDESK_TEST_DATA  ?= $(abspath ../shared/data)
export REFDESK_TEST_MODELS ?= $(abspath ../shared/models)
export TIKTOKEN_CACHE_DIR ?= $(abspath ../shared/tiktoken)
endif
export NO_MKDOCS_2_WARNING = 1

.PHONY: demo serve-demo test test-servers campaigns check bench docs format clean
.SILENT:

demo: $(READY)
	$(BIN)/refdesk demo

# the sample library in a browser, until Ctrl-C
serve-demo: $(READY)
	$(BIN)/refdesk --library $(SAMPLE) add examples/papers.jsonl examples/papers.csv
	echo 'A question to begin with: Do inline citations make the answers of language models less correct?'
	$(BIN)/refdesk --library $(SAMPLE) serve --open --port $(PORT)

# the fast part: no server, no browser, no long series
test: $(READY)
	$(PYTEST) -m 'not server and not campaign'

# what starts a server or a browser, and a seeded tenth of each campaign
test-servers: $(READY)
	$(BIN)/python -m tests.axe
	$(PYTEST) -m 'server or campaign'

# the whole of each campaign; run it before an issue closes
campaigns: $(READY)
	REFDESK_TEST_CAMPAIGNS=whole $(PYTEST) -m campaign --timeout 3600

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --doctest-modules rag stores refdesk -p no:cacheprovider
	$(BIN)/mkdocs build --strict --quiet
	echo "The manual builds."

bench: $(READY)
	$(BIN)/python -m benchmarks

docs: $(READY)
	REFDESK_TEST_UPDATE=1 $(BIN)/python -m pytest -p no:cacheprovider tests/test_docs.py -k reference
	$(BIN)/mkdocs build --strict --quiet
	echo "The manual is in build/site/index.html."

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Refdesk needs Python 3.11 or newer; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	echo "Setting up $(VENV); this takes a minute or two."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build dist
