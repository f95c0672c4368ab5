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
	$(PYTHON) -m netcafe_face.cli.help_texts build/help_texts.py
	pybabel -q extract -k N_ -k _ -k ngettext:1,2 --no-wrap --sort-output --no-location --project=netcafe-face \
		-o build/netcafe.pot netcafe_face build/help_texts.py
	pybabel -q update --no-wrap -N -D netcafe -i build/netcafe.pot -d netcafe_face/locale
	$(PYTHON) -m netcafe_face.cli.help_texts --compile netcafe_face/locale/vi/LC_MESSAGES/netcafe.po
