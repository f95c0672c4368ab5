"""Cells that no spreadsheet takes for a formula, and the way back.

A cell that begins with one of `RISKY` (after any number of apostrophes) gets one more apostrophe in front;
reading removes exactly one. So every text comes back as it was, even one that began with an apostrophe.
See OWASP, “CSV Injection”.
"""

from __future__ import annotations

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guard(text: str) -> str:
    """Return the text as it may stand in a spreadsheet cell."""
    return f"'{text}" if text.lstrip("'").startswith(RISKY) else text


def unguard(cell: str) -> str:
    """Return the text that `guard` was given."""
    guarded = cell.startswith("'") and cell.lstrip("'").startswith(RISKY)
    return cell[1:] if guarded else cell
