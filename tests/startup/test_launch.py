from __future__ import annotations

import pytest

from netcafe_face.startup.launch import requirements_for, split_command


@pytest.mark.parametrize(
    ("line", "command", "rest"),
    [
        ("", "", ""),
        ("--data demo", "", ""),
        ("--data test --lang vi test -k rules", "test", "-k rules"),
        ("--data=test identify a.jpg --json", "identify", "a.jpg --json"),
        ("doctor --json", "doctor", "--json"),
        ("--version", "--help", ""),
        ("identify --help", "--help", ""),
    ],
)
def test_the_command_is_found_among_the_options(line: str, command: str, rest: str) -> None:
    assert split_command(line.split()) == (command, rest.split())


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("", "requirements.txt"),
        ("identify a.jpg", "requirements.txt"),
        ("test", "requirements-dev.txt"),
        ("test tests/trainer -q", "requirements-dev.txt"),
        ("test -q --trainer", "requirements-train.txt"),
        ("train fit --out run", "requirements-train.txt"),
        ("--lang vi train backbones", "requirements-train.txt"),
        ("train", "requirements.txt"),
        ("train fit --help", "requirements.txt"),
    ],
)
def test_only_training_and_its_tests_ask_for_what_training_needs(line: str, file: str) -> None:
    assert requirements_for(*split_command(line.split())) == file
