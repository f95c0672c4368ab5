"""A finding of the doctor, and how findings are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.i18n import _


class State(StrEnum):
    """How a thing stands."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """What was found out about one thing.

    Attributes:
        name: the thing, in the language in use.
        detail: what was found.
        remedy: what to do, "" where there is nothing to do.
    """

    name: str
    state: State
    detail: str
    remedy: str = ""

    def line(self) -> str:
        """Return it as one line for a person."""
        mark = {State.OK: _("ok"), State.WARN: _("note"), State.FAIL: _("PROBLEM")}[self.state]
        said = " ".join(part for part in (self.detail, f"→ {self.remedy}" if self.remedy else "") if part)
        return " ".join(f"{mark:8}{self.name}: {said}".split("\n"))


def failed(name: str, error: Exception, remedy: str = "") -> Finding:
    """Turn an error into a finding: what it says, and what it says to do."""
    if isinstance(error, NetcafeError):
        said = [_(text).format(**error.details) for text in (error.what, error.means) if text]
        told = _(error.remedy).format(**error.details) if error.remedy else remedy
        return Finding(name, State.FAIL, " ".join(said), told)
    return Finding(name, State.FAIL, str(error) or type(error).__name__, remedy)


def guarded(name: str, check: Callable[[], Iterable[Finding]], remedy: str = "") -> Iterator[Finding]:
    """Yield a check's findings; an error of ours, of the system or of a missing module becomes one too."""
    try:
        yield from check()
    except (NetcafeError, OSError, ImportError) as error:
        yield failed(name, error, remedy)


def report(found: Iterable[Finding], as_json: bool = False) -> Iterator[str]:
    """Yield the lines to print: one a finding and a sum, or one JSON document.

    The JSON is `{"findings": [{"name", "state": "ok"|"warn"|"fail", "detail", "remedy"}], "ok": bool}`.
    """
    seen: list[Finding] = []
    for finding in found:
        seen.append(finding)
        if not as_json:
            yield finding.line()
    if as_json:
        body = {"findings": [asdict(finding) for finding in seen], "ok": exit_status(seen) == 0}
        yield json.dumps(body, ensure_ascii=False, indent=2)
        return
    problems = sum(finding.state is State.FAIL for finding in seen)
    yield _("Everything works.") if not problems else _("Problems found: {count}.").format(count=problems)


def exit_status(found: Sequence[Finding]) -> int:
    """Return 0 when nothing failed, else 1."""
    return int(any(finding.state is State.FAIL for finding in found))
