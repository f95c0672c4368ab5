"""`python -m netcafe_face.trainer COMMAND …`, which `python3 main.py train COMMAND …` starts."""

from __future__ import annotations

import sys

from netcafe_face.terminal.child import end_with_parent
from netcafe_face.trainer.cli.root import run

if __name__ == "__main__":  # worker processes that load data import this file again
    end_with_parent()
    sys.exit(run(sys.argv[1:]))
