"""The trainer's help, for the translators: `python -m netcafe_face.trainer.cli.help_texts FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from netcafe_face.terminal.help_texts import help_texts, write_for_extractor
from netcafe_face.trainer.cli.root import root

if __name__ == "__main__":
    write_for_extractor(help_texts(root), Path(sys.argv[1]))
