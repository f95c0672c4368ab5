"""Every text a person reads is there in Vietnamese, whole and with its values."""

from __future__ import annotations

import io
import re
import string
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import netcafe_face
from netcafe_face import i18n
from netcafe_face.cli.help_texts import further_texts
from netcafe_face.terminal.help_texts import help_texts
from netcafe_face.trainer.cli.root import root as trainer

PACKAGE = Path(netcafe_face.__file__).parent
CATALOGUE = PACKAGE / "locale" / "vi" / "LC_MESSAGES" / "netcafe.po"
KEYWORDS = {"N_": None, "_": None, "ngettext": (1, 2)}


def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file)


def used() -> set[str]:
    found = {
        text[0] if isinstance(text, tuple) else text
        for _name, _line, text, _comments, _context in extract_from_dir(str(PACKAGE), keywords=KEYWORDS)
    }
    return found | set(further_texts()) | set(help_texts(trainer))


def fields(text: str) -> list[str]:
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})


def texts(message: Message) -> list[tuple[str, str]]:
    if isinstance(message.id, tuple):
        return [(message.id[1], translation) for translation in message.string]
    return [(message.id, message.string)]


def key(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple) else message.id


def messages() -> list[Message]:
    return [message for message in catalogue() if message.id]


def test_every_text_has_a_translation() -> None:
    known = {key(message): message for message in messages()}
    done = {text for text, message in known.items() if all(translation for _, translation in texts(message))}
    missing = sorted(used() - done)
    assert not missing, f"{len(missing)} texts are not translated; run “make messages” and fill them in"


def test_no_translation_is_marked_as_doubtful_or_left_over() -> None:
    assert [message.id for message in messages() if message.fuzzy] == []
    assert sorted({key(message) for message in messages()} - used()) == []


@pytest.mark.parametrize("message", messages(), ids=lambda message: str(message.id)[:40])
def test_a_translation_has_the_same_values_and_keys(message: Message) -> None:
    for english, vietnamese in texts(message):
        if re.search(r"\{\w*", english):
            assert fields(vietnamese) == fields(english)
        # A key that was underlined stays one: Alt and a letter must go on working.
        assert vietnamese.replace("&&", "").count("&") == english.replace("&&", "").count("&")
        assert english.endswith("\n") == vietnamese.endswith("\n")


def test_the_compiled_catalogue_is_the_newest() -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue())
    assert CATALOGUE.with_suffix(".mo").read_bytes() == compiled.getvalue(), "run “make messages”"


def test_large_numbers_are_written_as_the_language_does() -> None:
    i18n.set_language("vi")
    vietnamese = [i18n.grouped(number) for number in (999, 10_000, 1_739_018)]
    i18n.set_language("en")
    assert vietnamese == ["999", "10.000", "1.739.018"]
    assert i18n.grouped(1_739_018) == "1,739,018"


def test_the_language_can_be_switched_while_running() -> None:
    i18n.set_language("vi")
    vietnamese = i18n._("The same person.")
    i18n.set_language("en")
    assert i18n._("The same person.") == "The same person."
    assert vietnamese != "The same person."
    with pytest.raises(ValueError, match="fr"):
        i18n.set_language("fr")
