"""The templates and aligned crops, in SQL, and what of them the index has to know."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import FloatArray
from netcafe_face.domain.people import (
    Customer,
    CustomerStatus,
    NewTemplate,
    Purpose,
    Template,
    TemplateSource,
)
from netcafe_face.gallery import values
from netcafe_face.gallery.customers import CustomerTable
from netcafe_face.gallery.database import GalleryDatabase
from netcafe_face.gallery.index import IndexChanges, PersonBrief

_log = logging.getLogger(__name__)

_SELECT = """
SELECT t.id, t.customer_id, t.embedding, t.pack_id, t.quality, t.source, t.created_at,
    coalesce(o.name, ''), t.crop_id IS NOT NULL
FROM templates t LEFT JOIN operators o ON o.id = t.operator_id
"""


# CROSS JOIN and INDEXED BY: SQLite is to begin with the changes, few as a rule, and to go to the templates of
# those customers, not through all templates of the pack. One customer's rows then come side by side.
_CHANGED = "FROM gallery_changes g WHERE g.revision > ?"
_CHANGED_PEOPLE = (
    "FROM gallery_changes g CROSS JOIN customers c ON c.id = g.customer_id WHERE g.revision > ? "
    "AND EXISTS (SELECT 1 FROM templates t WHERE t.customer_id = c.id AND t.pack_id = ?)"
)
_CHANGED_TEMPLATES = (
    "FROM gallery_changes g CROSS JOIN templates t INDEXED BY templates_by_customer "
    "ON t.customer_id = g.customer_id WHERE g.revision > ? AND t.pack_id = ? AND t.dimension = ?"
)
_UNIT_TOLERANCE = 0.01


@dataclass(frozen=True)
class PackChange:
    """What a change to another pack asks for.

    Attributes:
        reembeddable: codes of the customers whose kept crops the new pack can embed.
        to_reenrol: codes of those who have to come to the counter again.
    """

    reembeddable: tuple[str, ...]
    to_reenrol: tuple[str, ...]


class TemplateTable:
    """Reads and writes templates. Writing methods are called inside `GalleryDatabase.writing`."""

    def __init__(self, db: GalleryDatabase, customers: CustomerTable) -> None:
        self._db = db
        self._customers = customers

    def add(self, customer: Customer, templates: Sequence[NewTemplate]) -> None:
        """Store templates of a customer, and their crops where the consent covers that.

        Raises:
            ConsentMissing: no standing consent covers recognition.
            ValueError: an embedding's length differs from the pack's others.
        """
        self._customers.require(customer, Purpose.RECOGNITION)
        keeps_crops = Purpose.KEEP_CROPS in self._customers.purposes(customer)
        for template in templates:
            crop_id = None
            if template.crop_png and keeps_crops:
                crop_id = self._db.execute(
                    "INSERT INTO crops (customer_id, png) VALUES (?, ?)", customer.id, template.crop_png
                ).lastrowid
            self._insert(customer.id, template, crop_id)

    def add_reembedded(self, template_id: int, new: NewTemplate) -> None:
        """Store what another pack made of an older template's crop.

        Nothing happens when the template is gone, or its crop has been embedded by this pack already.
        """
        rows = self._db.rows("SELECT customer_id, crop_id FROM templates WHERE id = ?", template_id)
        if not rows or rows[0][1] is None:
            return
        customer_id, crop_id = rows[0]
        done = "SELECT 1 FROM templates WHERE crop_id = ? AND pack_id = ?"
        if self._db.value(done, crop_id, new.pack_id) is None:
            self._insert(customer_id, new, crop_id)

    def _insert(self, customer_id: int, template: NewTemplate, crop_id: int | None) -> None:
        dimension = len(template.embedding)
        known = self._db.value("SELECT dimension FROM templates WHERE pack_id = ? LIMIT 1", template.pack_id)
        if known not in (None, dimension):
            raise ValueError(f"embeddings of {template.pack_id} have {known} values, got {dimension}")
        self._db.execute(
            "INSERT INTO templates (customer_id, pack_id, dimension, embedding, quality, source, crop_id, "
            "created_at, operator_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            customer_id,
            template.pack_id,
            dimension,
            template.embedding.astype("<f4").tobytes(),
            min(max(float(template.quality), 0.0), 1.0),
            template.source.value,
            crop_id,
            values.now(),
            self._customers.operator_id(template.operator),
        )

    def of(self, customer: Customer) -> list[Template]:
        """Return a customer's templates of every pack, oldest first."""
        rows = self._db.rows(_SELECT + "WHERE t.customer_id = ? ORDER BY t.id", customer.id)
        return [_template(row) for row in rows]

    def crop(self, template_id: int) -> bytes | None:
        """Return the aligned crop of a template as PNG, or None."""
        found: bytes | None = self._db.value(
            "SELECT c.png FROM templates t JOIN crops c ON c.id = t.crop_id WHERE t.id = ?", template_id
        )
        return found

    def of_other_packs(self, pack_id: str) -> dict[str, int]:
        """Return how many templates each other pack has made."""
        return dict(
            self._db.rows(
                "SELECT pack_id, count(*) FROM templates WHERE pack_id <> ? "
                "GROUP BY pack_id ORDER BY pack_id",
                pack_id,
            )
        )

    def pack_change(self, pack_id: str) -> PackChange:
        """Say which customers `pack_id` cannot recognise yet, and what each of them needs."""
        rows = self._db.rows(
            "SELECT c.code, max(t.crop_id IS NOT NULL) FROM templates t "
            "JOIN customers c ON c.id = t.customer_id "
            "GROUP BY c.id HAVING max(t.pack_id = ?) = 0 ORDER BY c.code_key",
            pack_id,
        )
        return PackChange(
            tuple(code for code, has_crop in rows if has_crop),
            tuple(code for code, has_crop in rows if not has_crop),
        )

    def to_reembed(self, pack_id: str) -> list[tuple[Template, bytes]]:
        """Return each kept crop that `pack_id` has not embedded, as PNG, with one template made from it."""
        rows = self._db.rows(
            _SELECT + "WHERE t.id IN (SELECT min(id) FROM templates WHERE crop_id IS NOT NULL "
            "GROUP BY crop_id HAVING max(pack_id = ?) = 0) ORDER BY t.id",
            pack_id,
        )
        templates = [_template(row) for row in rows]
        return [(template, crop) for template in templates if (crop := self.crop(template.id)) is not None]

    def revision(self) -> int:
        """Return the number that grows with every change the index has to follow."""
        found: int = self._db.value("SELECT revision FROM gallery_state")
        return found

    def changes(self, pack_id: str, since: int) -> IndexChanges:
        """Return what the index of `pack_id` has to hold for every customer changed after revision `since`.

        Called inside `GalleryDatabase.reading`; −1 gives the whole gallery. Embeddings that are not unit
        vectors are left out: nobody may be recognised by a damaged one.
        """
        touched = [row[0] for row in self._db.rows(f"SELECT g.customer_id {_CHANGED}", since)]
        rows = self._db.rows(f"SELECT c.id, c.code, c.name, c.status {_CHANGED_PEOPLE}", since, pack_id)
        people = {row[0]: PersonBrief(row[1], row[2], CustomerStatus(row[3])) for row in rows}
        dimension = self._db.value("SELECT dimension FROM templates WHERE pack_id = ? LIMIT 1", pack_id) or 0
        count = self._db.value(f"SELECT count(*) {_CHANGED_TEMPLATES}", since, pack_id, dimension)
        owners, ids = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
        vectors = np.empty((count, dimension), dtype=np.float32)
        query = f"SELECT t.customer_id, t.id, t.embedding {_CHANGED_TEMPLATES}"
        start = 0
        for chunk in self._db.chunks(query, since, pack_id, dimension):
            part = slice(start, start + len(chunk))
            owners[part] = [row[0] for row in chunk]
            ids[part] = [row[1] for row in chunk]
            vectors[part] = _vectors([row[2] for row in chunk], dimension)
            start = part.stop
        sound = _unit(vectors)
        if not sound.all():
            _log.error("%d damaged templates are not used", int((~sound).sum()))
            owners, ids, vectors = owners[sound], ids[sound], vectors[sound]
        return IndexChanges(tuple(touched), people, owners, ids, vectors)

    def damaged(self) -> list[int]:
        """Return the ids of the templates whose embedding is not a finite unit vector."""
        found = []
        for chunk in self._db.chunks("SELECT id, dimension, embedding FROM templates ORDER BY id"):
            found += [row[0] for row in chunk if not _unit(_vectors([row[2]], row[1]))[0]]
        return found


def _vectors(blobs: Sequence[bytes], dimension: int) -> FloatArray:
    return np.frombuffer(b"".join(blobs), dtype="<f4").reshape(len(blobs), dimension).astype(np.float32)


def _unit(vectors: FloatArray) -> npt.NDArray[np.bool_]:
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("ij,ij->i", vectors, vectors)
    return np.asarray(np.abs(squares - 1.0) < _UNIT_TOLERANCE)


def _template(row: tuple[Any, ...]) -> Template:
    embedding = _vectors([row[2]], len(row[2]) // 4)[0]
    embedding.flags.writeable = False
    return Template(
        id=row[0],
        customer_id=row[1],
        embedding=embedding,
        pack_id=row[3],
        quality=row[4],
        source=TemplateSource(row[5]),
        created_at=values.from_stored(row[6]),
        operator=row[7],
        has_crop=bool(row[8]),
    )
