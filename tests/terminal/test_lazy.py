"""Commands whose help is in the language in use, however often that changes within one process."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from netcafe_face import i18n
from netcafe_face.terminal.lazy import translate


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    i18n.set_language("en")


def test_help_and_example_follow_the_language_there_and_back() -> None:
    @click.group(epilog="Example:\n  main.py customers")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
    def group(as_json: bool) -> None:
        """Find, correct, ban and erase customers."""

    group.add_command(click.Command("bare", help=None, params=[click.Option(["--silent"])]))

    def told(language: str) -> tuple[str | None, ...]:
        i18n.set_language(language)
        translate(group)
        option = group.params[0]
        assert isinstance(option, click.Option)
        return group.help, group.epilog, option.help, group.commands["bare"].help

    english, vietnamese = told("en"), told("vi")
    assert english == (
        "Find, correct, ban and erase customers.",
        "Example:\n  main.py customers",
        "Print JSON, for scripts.",
        None,
    )
    assert all(one != other for one, other in zip(english[:3], vietnamese[:3], strict=True))
    assert vietnamese[1] == "Ví dụ:\n  main.py customers"
    assert told("en") == english
    assert told("vi") == vietnamese
