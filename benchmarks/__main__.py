"""Run a measurement: `python -m benchmarks recognise`."""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = {
    "recognise": "our Recognizer against insightface's detect-then-embed-one-by-one loop",
    "match": "our index against a bare numpy matrix product",
    "startup": "time to the window and to the first name",
    "heads": "our heads against pytorch-metric-learning's: time and memory of a training step",
    "train": "training images a second against the usual forms of small networks",
    "thresholds": "cosine thresholds of a pack at false-accept rates",
}
TOGETHER = ("recognise", "match", "startup")
"""What `all` runs: those that need no pictures beyond the installed packages."""


def main(argv: list[str]) -> int:
    """Run the named measurement, or all that need no further data."""
    if not argv or argv[0] not in (*NAMES, "all"):
        lines = [f"  {name:12} {meaning}" for name, meaning in NAMES.items()]
        print("python -m benchmarks NAME [OPTIONS]", *lines, f"  {'all':12} {', '.join(TOGETHER)}", sep="\n")
        return 0 if argv in ([], ["-h"], ["--help"]) else 2
    chosen = TOGETHER if argv[0] == "all" else (argv[0],)
    results: list[int] = [import_module(f"benchmarks.{name}").main(argv[1:]) for name in chosen]
    return max(results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
