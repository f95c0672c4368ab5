PYTHON ?= python3

# Without torch nothing of the trainer can be checked; `make test-trainer` installs it.
TORCH := $(shell $(PYTHON) -c "import importlib.util as u; print('there' if u.find_spec('torch') else '')")

.PHONY: check lint types imports test test-trainer trainer-left-out cover run bench messages

check: lint types imports test $(if $(TORCH),test-trainer,trainer-left-out)

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:
	$(PYTHON) -m mypy $(if $(TORCH),,--exclude '^(netcafe_face/trainer|benchmarks)/')

imports:
	lint-imports

test:
	$(PYTHON) main.py test -q

test-trainer:
	$(PYTHON) main.py test --trainer -q

trainer-left-out:
	@echo "The trainer and the benchmarks were left out: torch is not installed. “make test-trainer” installs it."

cover:
	$(PYTHON) main.py test -q --cov --cov-report=term-missing:skip-covered

run:
	$(PYTHON) main.py

bench:
	$(PYTHON) -m benchmarks all

messages:
	$(PYTHON) -m netcafe_face.cli.help_texts build/help_texts.py
	$(PYTHON) -m netcafe_face.trainer.cli.help_texts build/trainer_help_texts.py
	pybabel -q extract -k N_ -k _ -k ngettext:1,2 --no-wrap --sort-output --no-location --project=netcafe-face \
		-o build/netcafe.pot netcafe_face build/help_texts.py build/trainer_help_texts.py
	pybabel -q update --no-wrap -N -D netcafe -i build/netcafe.pot -d netcafe_face/locale
	$(PYTHON) -m netcafe_face.cli.help_texts --compile netcafe_face/locale/vi/LC_MESSAGES/netcafe.po
