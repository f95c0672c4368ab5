"""Customers, their consent, and the records kept about them.

Times are aware datetimes in UTC. Ids are the database's; 0 stands for “not stored yet”.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

import numpy as np

from netcafe_face.domain.faces import FloatArray


class CustomerStatus(Enum):
    """Whether a customer is served, refused, or has taken the consent back."""

    ACTIVE = "active"
    BANNED = "banned"
    WITHDRAWN = "withdrawn"


class Purpose(Enum):
    """What a customer may agree to, each separately."""

    RECOGNITION = "recognition"
    KEEP_PHOTO = "keep_photo"
    KEEP_CROPS = "keep_crops"


class TemplateSource(Enum):
    """Where a template came from."""

    FILE = "file"
    CAMERA = "camera"
    SAMPLE = "sample"
    REEMBEDDED = "reembedded"


@dataclass(frozen=True)
class Customer:
    """A person with a code. `photo_jpeg` is present only where the consent covers it."""

    code: str
    name: str
    birth_date: date | None = None
    phone: str = ""
    note: str = ""
    status: CustomerStatus = CustomerStatus.ACTIVE
    ban_reason: str = ""
    id: int = 0
    created_at: datetime | None = None
    templates: int = 0
    has_photo: bool = False


@dataclass(frozen=True)
class Consent:
    """A recorded agreement: to what, how it was given, when, and to whom."""

    customer_id: int
    purposes: frozenset[Purpose]
    how_given: str
    given_at: datetime
    operator: str
    text_version: str = ""
    withdrawn_at: datetime | None = None
    id: int = 0


@dataclass(frozen=True, eq=False)
class NewTemplate:
    """An embedding about to be stored.

    Attributes:
        embedding: float32 (d,), unit length.
        pack_id: the model pack that made it; templates of different packs are never compared.
        quality: 0 to 1.
        crop_png: the 112×112 aligned crop as PNG, or None; stored only if the consent covers it.

    Raises:
        ValueError: the embedding is not one unit vector.
    """

    embedding: FloatArray
    pack_id: str
    quality: float
    source: TemplateSource
    operator: str
    crop_png: bytes | None = None

    def __post_init__(self) -> None:
        vector = np.array(self.embedding, dtype=np.float32)
        if vector.ndim != 1 or not np.isclose(np.linalg.norm(vector), 1.0, atol=1e-3):
            raise ValueError(f"a template is one unit vector, got shape {vector.shape}")
        vector.flags.writeable = False
        object.__setattr__(self, "embedding", vector)


@dataclass(frozen=True, eq=False)
class Template:
    """One stored embedding of a customer, with its source and quality."""

    id: int
    customer_id: int
    embedding: FloatArray
    pack_id: str
    quality: float
    source: TemplateSource
    created_at: datetime
    operator: str
    has_crop: bool


@dataclass(frozen=True)
class Seat:
    """A place watched by a region of a camera.

    Attributes:
        region: x, y, width, height as parts (0 to 1) of the camera's picture.
    """

    name: str
    camera: str
    region: tuple[float, float, float, float]
    id: int = 0


class Presence(Enum):
    """What is known about the person seen."""

    KNOWN = "known"
    BANNED = "banned"
    UNDECIDED = "undecided"
    STRANGER = "stranger"


@dataclass(frozen=True)
class Visit:
    """One time at one seat.

    Attributes:
        seat: the seat's name, or the source's name where it has no seats.
        customer_id: None for a stranger or an undecided face, and once the customer is erased.
        label: the customer's name; “#3” for the session's third stranger, whom every edge shows as
            “Stranger 3” in its own language; empty while undecided.
        similarity: best cosine seen; margin, threshold and pack_id say what the decision rested on.
        ended_at: None while it lasts.
    """

    source: str
    seat: str
    presence: Presence
    label: str
    started_at: datetime
    last_seen_at: datetime
    customer_id: int | None = None
    customer_code: str = ""
    ended_at: datetime | None = None
    similarity: float = 0.0
    margin: float = 0.0
    threshold: float = 0.0
    pack_id: str = ""
    sample: bool = False
    note: str = ""
    id: int = 0

    @property
    def duration_s(self) -> float:
        """Return how long it lasted, or has lasted up to the last sighting, in seconds."""
        return max(0.0, ((self.ended_at or self.last_seen_at) - self.started_at).total_seconds())


@dataclass(frozen=True)
class VisitFilter:
    """Which visits to show: every field that is set must hold."""

    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    presences: frozenset[Presence] = field(default_factory=frozenset)
    customer_id: int | None = None
    seat: str = ""
    limit: int | None = None
