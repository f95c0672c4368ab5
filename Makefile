PYTHON ?= python3

.PHONY: check lint types imports test run bench messages

check: lint types imports test

lint:
	ruff check .
	ruff format --check .

types:
	mypy

imports:
	lint-imports

test:
	$(PYTHON) -m pytest -q

run:
	$(PYTHON) main.py

bench:
	$(PYTHON) -m benchmarks all

messages:
	pybabel extract -q -k N_ -k _ --no-wrap --sort-output -o netcafe_face/locale/netcafe.pot netcafe_face
	pybabel update -q --no-wrap -N -D netcafe -i netcafe_face/locale/netcafe.pot -d netcafe_face/locale
	pybabel compile -q -D netcafe -d netcafe_face/locale
