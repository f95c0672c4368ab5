"""How commands write: examples in help, JSON and file names that say the same on any terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from unicodedata import category

from netcafe_face.i18n import LANGUAGES

_MOVING = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Breaks of lines and turns of the writing direction, with which a name can be made to look like another."""


def example(*commands: str) -> str:
    """Return commands as the last paragraph of a command's help, each on its own line."""
    return "\n".join(("\b", "Example:", *(f"  {command}" for command in commands)))


def as_json_text(value: object, indent: int | None = None) -> str:
    """Compose JSON that says the same on any terminal: what stdout cannot write becomes escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True, indent=indent, default=str)
    return text


def on_one_line(value: object) -> str:
    """Return a text, such as a file's name, with what would move or colour a terminal spelled out."""
    return "".join(
        letter.encode("unicode_escape").decode() if letter in _MOVING or category(letter) == "Cc" else letter
        for letter in str(value)
    )


def asked_language(arguments: Sequence[str]) -> str:
    """Return the language that `--lang` asks for among arguments, or "" where it asks for none we speak."""
    for position, argument in enumerate(arguments):
        if argument == "--lang" and position + 1 < len(arguments) and arguments[position + 1] in LANGUAGES:
            return arguments[position + 1]
        if argument.startswith("--lang=") and argument[7:] in LANGUAGES:
            return argument[7:]
    return ""
