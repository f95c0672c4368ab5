"""An evaluation as JSON, as Markdown, and as text for a terminal."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netcafe_face.trainer.evaluation import tables
from netcafe_face.trainer.evaluation.measuring import GROUP_FAR, Measured, Rate

_INTERVALS = (
    "In brackets are 95% intervals. Those of TAR and threshold come from drawing people again where there "
    "are enough, and are never narrower than those that take pairs as independent, which pairs are not."
)
_EXTRAPOLATED = "* fewer than ten false accepts carry this rate; the threshold is extrapolated: "


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One or several networks on one test.

    Attributes:
        title: the test's name.
        sentences: what was tested on, with all counts.
        results: one for each network, all on the same faces and pairs.
        command: the command that repeats it; "" where there is none.
    """

    title: str
    sentences: tuple[str, ...]
    results: tuple[Measured, ...]
    command: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return everything as what JSON can hold; what is not a number becomes null."""
        plain: dict[str, Any] = _plain(self)
        for entry, result in zip(plain["results"], self.results, strict=True):
            entry["rates"] = [_plain_rate(rate) for rate in result.rates]
            entry["all_pair_rates"] = [_plain_rate(rate) for rate in result.all_pair_rates]
        return plain

    def as_markdown(self) -> str:
        """Return it as Markdown, tables with what they rest on."""
        lines = [f"# Evaluation on {self.title}", "", *(f"- {sentence}" for sentence in self.sentences), ""]
        for heading, rows in self._tables():
            lines += [f"## {heading}", "", *_markdown_table(rows), ""]
        lines += [f"- {sentence}" for sentence in self._footnotes()]
        if self.command:
            lines += ["", "Repeat it with:", "", f"    {self.command}"]
        return "\n".join(lines) + "\n"

    def as_text(self) -> str:
        """Return it as text with aligned columns."""
        lines = [*self.sentences, ""]
        for heading, rows in self._tables():
            lines += [heading, *_text_table(rows), ""]
        return "\n".join([*lines, *self._footnotes()])

    def _tables(self) -> list[tuple[str, list[list[str]]]]:
        found = [
            ("Networks", tables.network_rows(self.results)),
            (f"Verification, EER and θ over {self._whose()}", tables.verification_rows(self.results)),
            (
                _rates_heading(self._whose(), [each.rates for each in self.results]),
                tables.rate_rows([(each.network.name, each.rates) for each in self.results]),
            ),
            (
                _rates_heading("all pairs of the same faces", [each.all_pair_rates for each in self.results]),
                tables.rate_rows([(each.network.name, each.all_pair_rates) for each in self.results]),
            ),
            ("Identification, everybody enrolled with one face", tables.closed_rows(self.results)),
            ("Identification with strangers, half of the people enrolled", tables.open_rows(self.results)),
            (f"Groups at the threshold of all people for FAR {GROUP_FAR:g}", tables.group_rows(self.results)),
        ]
        return [(heading, rows) for heading, rows in found if len(rows) > 1]

    def _whose(self) -> str:
        return self.results[0].whose

    def _footnotes(self) -> list[str]:
        said = [_INTERVALS] if any(result.rates for result in self.results) else []
        said += [_EXTRAPOLATED + how + "." for how in _hows(self.results)]
        if any(each.groups for each in self.results):
            said.append("A group marked “too small” says nothing about such people.")
        several = len(self.results) > 1
        for result in self.results:
            said += [f"{result.network.name}: {note}" if several else note for note in result.notes]
        return said


def _hows(results: Sequence[Measured]) -> list[str]:
    points = [rate.point for each in results for rate in (*each.rates, *each.all_pair_rates)]
    return list(dict.fromkeys(point.how for point in points if point.how))


def _rates_heading(whose: str, rates: Sequence[Sequence[Rate]]) -> str:
    points = [each[0].point for each in rates if each]
    if not points:
        return "Rates"
    return f"Rates over {whose}: {points[0].genuine_pairs:,} genuine, {points[0].impostor_pairs:,} impostor"


def _markdown_table(rows: list[list[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return [lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]


def _text_table(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _plain_rate(rate: Rate) -> dict[str, Any]:
    return {
        **_plain(rate.point),
        "tar_interval": list(rate.tar_interval),
        "threshold_interval": list(rate.threshold_interval),
        "resampled": _plain(rate.resampled),
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
