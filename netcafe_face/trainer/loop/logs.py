"""What is measured during a run: a CSV file for tables and curves, and TensorBoard where it is installed."""

from __future__ import annotations

import csv
from collections.abc import Mapping
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
        except (OSError, csv.Error) as error:
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
            return [row for row in csv.DictReader(stream) if int(row["step"]) < resumed_at]
