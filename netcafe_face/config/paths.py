"""The data folder: where everything that is the café's own lies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from netcafe_face.domain.errors import N_, FolderUnusable

DATA_VARIABLE = "NETCAFE_FACE_DATA"
"""Environment variable that names the data folder where `--data` is not given."""

_PRIVATE = 0o700


@dataclass(frozen=True)
class Paths:
    """The folders and files of one data folder; `root` is absolute."""

    root: Path

    @property
    def database(self) -> Path:
        """Return the folder of the customer database."""
        return self.root / "database"

    @property
    def backups(self) -> Path:
        """Return the folder of database backups, beside the database."""
        return self.database / "backups"

    @property
    def packs(self) -> Path:
        """Return the folder of installed model packs."""
        return self.root / "packs"

    @property
    def logs(self) -> Path:
        """Return the folder of the program's own log."""
        return self.root / "logs"

    @property
    def exports(self) -> Path:
        """Return the folder that exports go to unless a person chooses another."""
        return self.root / "exports"

    @property
    def settings_file(self) -> Path:
        """Return the settings file."""
        return self.root / "settings.toml"

    def create(self) -> Paths:
        """Make the folders that are missing, readable by this user only, and return self.

        A root that is already there keeps its permissions: it may be a person's own folder.

        Raises:
            FolderUnusable: a folder cannot be made, or the root cannot be written to.
        """
        for folder in (self.root, self.database, self.backups, self.packs, self.logs, self.exports):
            try:
                folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
                if folder != self.root and os.name == "posix":
                    folder.chmod(_PRIVATE)
            except OSError as error:
                raise FolderUnusable(path=folder, reason=error.strerror or error) from error
        if not os.access(self.root, os.W_OK):
            raise FolderUnusable(path=self.root, reason=N_("it is read-only"))
        return self


def data_paths(data_dir: Path | None = None) -> Paths:
    """Choose the data folder: `data_dir`, else NETCAFE_FACE_DATA, else the user's own; make nothing."""
    named = str(data_dir) if data_dir else os.environ.get(DATA_VARIABLE, "")
    if named:
        return Paths(Path(named).expanduser().absolute())
    import platformdirs  # here, so that naming a folder costs nothing

    return Paths(platformdirs.user_data_path("netcafe-face", appauthor=False))
