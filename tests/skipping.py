"""Which run has the trainer's tests in it: `--trainer`, or one that names them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

TRAINER_TESTS = Path(__file__).resolve().parent / "trainer"
COMMAND = "python3 main.py test --trainer"


def choose_trainer_tests(config: pytest.Config) -> None:
    """Run the trainer's tests, and only them, where `--trainer` is given without the names of others.

    Raises:
        pytest.UsageError: they cannot run.
    """
    if not config.option.trainer:
        return
    if find_spec("torch") is None:
        raise pytest.UsageError(f"torch is not installed; {COMMAND} installs it")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = [str(TRAINER_TESTS)]


def why_trainer_tests_are_skipped(config: pytest.Config) -> str:
    """Return why this run skips the trainer's tests, or "" where it runs them."""
    if find_spec("torch") is None:
        return f"torch is not installed; {COMMAND} installs it and runs them"
    if config.option.trainer or _are_named(config):
        return ""
    return f"{COMMAND} runs them"


def _are_named(config: pytest.Config) -> bool:
    here = config.invocation_params.dir
    places = [(here / argument.partition("::")[0]).resolve() for argument in config.args]
    by_hand = config.args_source is pytest.Config.ArgsSource.ARGS
    return by_hand and any(place.is_relative_to(TRAINER_TESTS) for place in places)
