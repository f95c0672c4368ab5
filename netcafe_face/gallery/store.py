"""Everything the gallery does to its database, each in one transaction. Used by the gallery thread only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netcafe_face.domain.errors import CustomerExists, GalleryDamaged
from netcafe_face.domain.people import (
    Consent,
    Customer,
    NewTemplate,
    Visit,
)
from netcafe_face.gallery import values
from netcafe_face.gallery.backup import backups, erase_from_backups
from netcafe_face.gallery.customers import CustomerFields, CustomerTable
from netcafe_face.gallery.database import GalleryDatabase
from netcafe_face.gallery.faults import translated
from netcafe_face.gallery.index import IndexChanges
from netcafe_face.gallery.templates import TemplateTable
from netcafe_face.gallery.visits import VisitTable

QUICK_BYTES = 64 << 20
"""Up to this size, rewriting the files is quick enough to be waited for."""


@dataclass(frozen=True)
class GalleryStats:
    """How much the gallery holds."""

    customers: int
    templates: int
    crops: int
    photos: int
    visits: int
    events: int
    size_bytes: int


class Store:
    """The gallery's database with its tables.

    Args:
        folder: holds `gallery.db` and `backups`; made where missing.

    Raises:
        GalleryError: the database cannot be opened; see `GalleryDatabase`.
    """

    def __init__(self, folder: Path) -> None:
        self.db = GalleryDatabase(folder)
        self.customers = CustomerTable(self.db)
        self.templates = TemplateTable(self.db, self.customers)
        self.visits = VisitTable(self.db)

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    def add_customer(self, customer: Customer, consent: Consent | None) -> Customer:
        """Store a new customer, with a consent or without a face."""
        with self.db.writing(customer.code):
            added = self.customers.add(customer)
            self.customers.note_event("added", added.id)
            if consent is not None:
                self.customers.record_consent(added, consent)
        return self.customers.get(added.code)

    def enrol(
        self,
        customer: Customer,
        consent: Consent | None,
        templates: Sequence[NewTemplate],
        photo_jpeg: bytes | None,
    ) -> Customer:
        """Store consent, templates and photo of a new customer, or of the one who has this code and name."""
        with self.db.writing(customer.code):
            known = self.customers.find(customer.code)
            if known is None:
                known = self.customers.add(customer)
            elif customer.name.strip() and values.fold(customer.name.strip()) != values.fold(known.name):
                raise CustomerExists(code=known.code)
            if consent is not None:
                self.customers.record_consent(known, consent)
            self.templates.add(known, templates)
            if photo_jpeg:
                self.customers.keep_photo(known, photo_jpeg)
            self.customers.note_event("enrolled", known.id)
        return self.customers.get(known.code)

    def add_templates(self, code: str, templates: Sequence[NewTemplate]) -> Customer:
        """Store more templates of a customer."""
        with self.db.writing(code):
            self.templates.add(self.customers.get(code), templates)
        return self.customers.get(code)

    def add_reembedded(self, pairs: Sequence[tuple[int, NewTemplate]]) -> None:
        """Store what another pack made of older templates' crops: (older template's id, new template)."""
        with self.db.writing():
            for template_id, new in pairs:
                self.templates.add_reembedded(template_id, new)

    def update_customer(self, code: str, fields: CustomerFields) -> Customer:
        """Change a customer's record."""
        with self.db.writing(code):
            return self.customers.update(code, fields)

    def ban(self, code: str, reason: str, operator: str) -> Customer:
        """Ban a customer."""
        with self.db.writing(code):
            return self.customers.ban(code, reason, operator)

    def unban(self, code: str, operator: str) -> Customer:
        """Lift a ban."""
        with self.db.writing(code):
            return self.customers.unban(code, operator)

    def record_consent(self, code: str, consent: Consent) -> Customer:
        """Store a consent of a customer."""
        with self.db.writing(code):
            self.customers.record_consent(self.customers.get(code), consent)
        return self.customers.get(code)

    def withdraw_consent(self, code: str) -> Customer:
        """Withdraw a customer's consents, and with them templates, crops and photo."""
        with self.db.writing(code):
            return self.customers.withdraw_consent(code)

    def delete(self, code: str) -> None:
        """Delete a customer."""
        with self.db.writing(code):
            self.customers.delete(code)

    def keep_photo(self, code: str, jpeg: bytes) -> bool:
        """Store a customer's photo if the consent covers it; return whether it was."""
        with self.db.writing(code):
            return self.customers.keep_photo(self.customers.get(code), jpeg)

    def save_visits(self, visits: Sequence[Visit]) -> list[Visit]:
        """Store visits, new or known."""
        with self.db.writing():
            return [self.visits.save(visit) for visit in visits]

    def end_open_visits(self) -> int:
        """End every open visit at its last sighting."""
        with self.db.writing():
            return self.visits.end_open()

    def index_changes(self, pack_id: str, since: int) -> tuple[int, IndexChanges]:
        """Return the revision, and what changed for the index after revision `since`; −1 gives everything."""
        with self.db.reading():
            return self.templates.revision(), self.templates.changes(pack_id, since)

    def finish_erasures(self, *, patient: bool) -> bool:
        """Remove the last traces of deleted rows from database, -wal and backups; return whether all are.

        SQLite has overwritten the rows themselves (secure_delete). What it may leave is a stale copy of a
        small row in a page it rearranged earlier, for which only rewriting the file helps, and earlier
        states in the -wal and in backups. What is due is kept in the database, so a crash, a full disk or
        another process that is reading only puts the rest off.

        Args:
            patient: rewrite large files too, which takes seconds.
        """
        due = self.db.rows("SELECT customer_id, extent FROM erasures_due")
        if not due:
            return True
        quick = self.db.size_bytes() + sum(path.stat().st_size for path in self._backups()) < QUICK_BYTES
        if not (patient or quick):
            self.db.truncate_wal()
            return False
        with translated(self.db.path):
            erase_from_backups(self.db.backup_folder, due)
        self.db.rewrite()
        if not self.db.truncate_wal():
            return False
        with self.db.writing():
            for customer_id, extent in due:
                self.db.execute(_ERASED, customer_id, extent)
        return True

    def _backups(self) -> list[Path]:
        return backups(self.db.backup_folder)

    def faults(self) -> list[str]:
        """Return what is wrong with the database, nothing when it is sound."""
        try:
            damaged = self.templates.damaged()
            return self.db.faults() + [f"template {number} is not a unit vector" for number in damaged]
        except GalleryDamaged as damage:  # so much that not even the check gets through
            return [str(damage.details["reason"])]

    def stats(self) -> GalleryStats:
        """Count what the gallery holds."""
        counts = [self.db.value(f"SELECT count(*) FROM {table}") for table in _COUNTED]
        return GalleryStats(**dict(zip(_COUNTED, counts, strict=True)), size_bytes=self.db.size_bytes())


_ERASED = "DELETE FROM erasures_due WHERE (customer_id, extent) = (?, ?)"
_COUNTED = ("customers", "templates", "crops", "photos", "visits", "events")
