"""How cards and reports write numbers."""

from __future__ import annotations

import math


def percent(share: float) -> str:
    """Write a share in per cent, with one digit after the point."""
    return "–" if math.isnan(share) else f"{share:.1%}"


def count(number: int) -> str:
    """Write a whole number, thousands apart."""
    return f"{number:,}"


def rate(far: float) -> str:
    """Write a false-accept rate: 1e-3."""
    return f"{far:.0e}".replace("e-0", "e-")
