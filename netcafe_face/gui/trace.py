"""Start-up times on stderr, for the benchmark."""

from __future__ import annotations

import os
import sys
import time


def trace_startup(what: str, started_s: float) -> None:
    """Print the seconds since the process started, when NETCAFE_TRACE_STARTUP is set."""
    if os.environ.get("NETCAFE_TRACE_STARTUP"):
        print(f"STARTUP {what} {time.monotonic() - started_s:.3f}", file=sys.stderr, flush=True)
