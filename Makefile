# The commands of this project; each makes the .venv it lacks. tools/setup.sh does the set-up.
#   make run [AUTO=1] [BROKER=host:port]   one whole shopping trip, or a shop to play with
#   make test      the suite that needs no root           make check   style, types, directions
#   make bench     the figures of docs/MEASURED.md         make contract   write the generated files
#   make certs     a development authority, broker and carts in build/certs

PYTHON := .venv/bin/python

.PHONY: install run test check test-machines test-pi golden bench storm contract certs ci-deps clean

install:
	@tools/setup.sh install

run: install
	@$(PYTHON) -m rig demo $(if $(AUTO),--auto) $(if $(BROKER),--broker $(BROKER))

test: install
	$(PYTHON) -m pytest -m "not machines and not pi"

# Tests that need installed machinery (a broker, a compiler, a second Python, systemd, libcamera),
# and long ones, so that `make test` stays well under ten minutes.
test-machines: install
	$(PYTHON) -m pytest -m machines

# On a Raspberry Pi: CAMERA is a word of its camera's id or model; the last test takes a day.
test-pi: install
	DASHCART_CAMERA=$(CAMERA) $(PYTHON) -m pytest -m pi

check: install
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --config setup.cfg
	$(PYTHON) -m pytest -q tests/test_tidy.py
	$(PYTHON) -m firmware_bridge generate --check
	$(PYTHON) -m cart contract --check
	$(PYTHON) -m ui texts --check

contract: install
	$(PYTHON) -m firmware_bridge generate
	$(PYTHON) -m cart contract
	$(PYTHON) -m ui texts

certs: install
	$(PYTHON) -m rig certificates

# When the mind changes on purpose: the diff of the exports belongs into that commit.
golden: install
	for trip in tests/golden/*.mcap; do \
		$(PYTHON) -m rig replay $$trip > $${trip%.mcap}.jsonl; done

bench: install
	$(PYTHON) -m rig bench

# The optimum of 2,000 dense baskets against a solver, 10,000 scenarios of every kind of offer against
# all their parts, 100,000 baskets priced by both sides, 5,000 malformed bytes for every decoder, and 1,000 hours of a
# cart and its store while both and the network break.
storm: install
	DASHCART_DENSE=2000 DASHCART_SCENARIOS=10000 DASHCART_BASKETS=100000 \
		DASHCART_MUTATIONS=5000 DASHCART_CART_HOURS=1000 $(PYTHON) -m pytest -q \
		tests/unit/test_pricing_optimum.py tests/unit/test_pricing_ways.py \
		tests/store/test_same_cent.py \
		tests/contract/test_malformed.py tests/store/test_malformed_sealed.py \
		tests/store/test_simulated.py

ci-deps:
	@tools/setup.sh ci-deps

clean:
	rm -rf .venv build dist out *.egg-info .hypothesis .*_cache
