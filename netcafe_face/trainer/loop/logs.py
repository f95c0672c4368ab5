"""What is measured during a run: a CSV file for tables and curves, and TensorBoard where it is installed."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from netcafe_face.trainer.errors import RunUnusable


class RunLog:
    """A table with one row a report, kept in step with the checkpoint that a run goes on from.

    Args:
        file: the CSV file; its columns are those of the first row.
        resumed_at: rows of this step and later ones are forgotten, because they come again.
        tensorboard: folder of the TensorBoard events, or None.

    Raises:
        RunUnusable: the file cannot be read or written.
    """

    def __init__(self, file: Path, resumed_at: int, tensorboard: Path | None) -> None:
        self._file = file
        self._columns: list[str] = []
        try:
            rows = self._kept(resumed_at)
            part = file.with_suffix(".part")
            with part.open("w", encoding="utf-8", newline="") as stream:
                if rows:
                    self._columns = list(rows[0])
                    writer = csv.DictWriter(stream, self._columns)
                    writer.writeheader()
                    writer.writerows(rows)
            part.replace(file)
        except (OSError, ValueError, csv.Error) as error:
            raise RunUnusable(path=file, reason=str(error)) from error
        self._events: Any = None
        if tensorboard is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._events = SummaryWriter(str(tensorboard), purge_step=resumed_at or None)

    def write(self, row: Mapping[str, float | int]) -> None:
        """Append a row; it has a `step`.

        Raises:
            RunUnusable: the file cannot be written.
        """
        try:
            with self._file.open("a", encoding="utf-8", newline="") as stream:
                if not self._columns:
                    self._columns = list(row)
                    csv.DictWriter(stream, self._columns).writeheader()
                csv.DictWriter(stream, self._columns, extrasaction="ignore").writerow(dict(row))
        except OSError as error:
            raise RunUnusable(path=self._file, reason=error.strerror or str(error)) from error
        if self._events is not None:
            for name, value in row.items():
                if name != "step" and value == value:  # nan stands for "not measured at this step"
                    self._events.add_scalar(name, value, int(row["step"]))

    def close(self) -> None:
        """Write what is still in memory."""
        if self._events is not None:
            self._events.close()

    def _kept(self, resumed_at: int) -> list[dict[str, str]]:
        if not resumed_at or not self._file.exists():
            return []
        with self._file.open(encoding="utf-8", newline="") as stream:
            return [row for row in csv.DictReader(stream) if _complete(row) and int(row["step"]) < resumed_at]


def _complete(row: Mapping[str | None, str | None]) -> bool:
    """Tell whether a row has all its columns: of the last one before a crash, half may be missing."""
    return None not in row and None not in row.values() and str(row.get("step")).isdecimal()


class Means:
    """Sums up values step by step, until their means are taken."""

    def __init__(self) -> None:
        self._totals: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, values: Mapping[str, float]) -> None:
        """Take in a step's values; not every step needs to have all of them."""
        for name, value in values.items():
            self._totals[name] = self._totals.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def take(self) -> dict[str, float]:
        """Return the means since the last time, and begin anew."""
        means = {name: total / self._counts[name] for name, total in self._totals.items()}
        self._totals, self._counts = {}, {}
        return means

    def state(self) -> dict[str, list[float]]:
        """Return the sums and counts as plain values, for a checkpoint."""
        return {name: [total, self._counts[name]] for name, total in self._totals.items()}

    def restore(self, state: Mapping[str, Sequence[float]]) -> None:
        """Go on from what `state` returned."""
        self._totals = {name: float(total) for name, (total, _) in state.items()}
        self._counts = {name: int(count) for name, (_, count) in state.items()}
