"""Made-up people for the tests of the gallery."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from netcafe_face.domain.faces import FloatArray
from netcafe_face.domain.people import (
    Consent,
    Customer,
    NewTemplate,
    Presence,
    Purpose,
    TemplateSource,
    Visit,
)

PACK = "mini@1"
OTHER_PACK = "other@2"
DIMENSION = 16
MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
EVERYTHING = frozenset(Purpose)


def unit(seed: int, dimension: int = DIMENSION) -> FloatArray:
    vector = np.random.default_rng(seed).standard_normal(dimension)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def template(
    seed: int, crop_png: bytes | None = None, pack_id: str = PACK, dimension: int = DIMENSION
) -> NewTemplate:
    return NewTemplate(unit(seed, dimension), pack_id, 0.75, TemplateSource.FILE, "Lan", crop_png)


def consent(purposes: frozenset[Purpose] = frozenset({Purpose.RECOGNITION})) -> Consent:
    return Consent(0, purposes, "signed on paper", MOMENT, "Lan", text_version="vi-1")


def person(code: str = "A01", name: str = "Nguyễn Văn An") -> Customer:
    return Customer(code, name)


def visit(customer: Customer | None = None, **changes: object) -> Visit:
    values: dict[str, object] = {
        "source": "Camera 1",
        "seat": "S1",
        "presence": Presence.KNOWN if customer else Presence.STRANGER,
        "label": customer.name if customer else "Stranger 1",
        "started_at": MOMENT,
        "last_seen_at": MOMENT,
        "customer_id": customer.id if customer else None,
        "customer_code": customer.code if customer else "",
        **changes,
    }
    return Visit(**values)  # type: ignore[arg-type]


def best(gallery: object, seed: int) -> int | None:
    """Return the id of the customer nearest to the face `seed`."""
    found = gallery.snapshot.search(unit(seed)[None])[0]  # type: ignore[attr-defined]
    return found[0].customer_id if found and found[0].similarity > 0.99 else None


def eventually(condition: Callable[[], bool], within_s: float = 10.0) -> bool:
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def bytes_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
