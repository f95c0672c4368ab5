PYTHON ?= python3

.PHONY: check lint types imports test cover run bench messages

check: lint types imports test

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:
	$(PYTHON) -m mypy

imports:
	lint-imports

test:
	$(PYTHON) main.py test -q

cover:
	$(PYTHON) main.py test -q --cov --cov-report=term-missing:skip-covered

run:
	$(PYTHON) main.py

bench:
	$(PYTHON) -m benchmarks all

messages:
	pybabel extract -q -k N_ -k _ --no-wrap --sort-output -o netcafe_face/locale/netcafe.pot netcafe_face
	pybabel update -q --no-wrap -N -D netcafe -i netcafe_face/locale/netcafe.pot -d netcafe_face/locale
	pybabel compile -q -D netcafe -d netcafe_face/locale
