from __future__ import annotations

import pytest

from netcafe_face.startup.launch import split_command


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
