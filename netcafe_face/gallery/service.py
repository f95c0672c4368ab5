"""The gallery as the rest of the program sees it: safe to call from any thread, with one thread inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Unpack

from netcafe_face.domain.people import (
    Consent,
    Customer,
    CustomerStatus,
    NewTemplate,
    Template,
    Visit,
    VisitFilter,
)
from netcafe_face.gallery.customers import CustomerFields
from netcafe_face.gallery.engine import GalleryEngine
from netcafe_face.gallery.index import IndexSnapshot
from netcafe_face.gallery.store import GalleryStats
from netcafe_face.gallery.templates import PackChange


class Gallery:
    """The customers' database and the index over it. Open it with `Gallery.open`.

    Every method waits for the gallery's thread and may take as long as the disk does; only `snapshot` is
    instant. A change is in `snapshot` before the method that made it returns, and changes by another process
    are in it within a second. All methods raise subclasses of GalleryError, GalleryUnavailable after `close`.
    """

    def __init__(self, folder: Path, pack_id: str) -> None:
        self._engine = GalleryEngine(folder, pack_id)

    @classmethod
    def open(cls, folder: Path, pack_id: str) -> Gallery:
        """Open the gallery in `folder`, made where missing, for recognition with the pack `pack_id`.

        Raises:
            GalleryUnavailable: the folder or file cannot be used.
            GalleryDamaged: the file is not a sound database of this program.
            GalleryTooNew: a newer version wrote it.
            GalleryBusy: another process holds it for too long.
            DiskFull: there is no room.
        """
        return cls(folder, pack_id)

    def __enter__(self) -> Gallery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """Return the database file."""
        return self._engine.path

    @property
    def snapshot(self) -> IndexSnapshot:
        """Return the newest index, at once."""
        return self._engine.snapshot

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called on the gallery's thread after data changed; return what ends that.

        It should only pass the news on: the gallery waits for it.
        """
        return self._engine.subscribe(callback)

    def use_pack(self, pack_id: str) -> None:
        """Recognise with the templates of another pack from now on."""
        self._engine.use_pack(pack_id)

    def close(self) -> None:
        """Finish what is queued, close the database and end the thread. Closing twice is allowed."""
        self._engine.close()

    def add_customer(self, customer: Customer, consent: Consent | None = None) -> Customer:
        """Store a new customer without a face; raises CustomerExists and ValueRefused."""
        return self._engine.write(lambda store: store.add_customer(customer, consent))

    def enrol(
        self,
        customer: Customer,
        consent: Consent | None,
        templates: Sequence[NewTemplate],
        photo_jpeg: bytes | None = None,
    ) -> Customer:
        """Store consent, templates and photo in one transaction; crops and photo only as far as agreed.

        A new code makes a new customer; a known one is added to when the name is the same, or empty.

        Args:
            customer: who it is.
            consent: what was agreed to now; None when an earlier consent stands.
            templates: at least one.
            photo_jpeg: the picture for the staff's list.

        Raises:
            ConsentMissing: no standing consent covers recognition, so nothing was stored.
            CustomerExists: the code is the code of somebody with another name.
            ValueRefused: a field is not acceptable.
        """
        return self._engine.write(lambda store: store.enrol(customer, consent, templates, photo_jpeg))

    def add_templates(self, code: str, templates: Sequence[NewTemplate]) -> Customer:
        """Store more templates; raises CustomerNotFound and ConsentMissing."""
        return self._engine.write(lambda store: store.add_templates(code, templates))

    def customers(self, text: str = "", status: CustomerStatus | None = None) -> list[Customer]:
        """Return the customers whose code, name or phone holds each word of `text`, accents aside."""
        return self._engine.read(lambda store: store.customers.search(text, status))

    def customer(self, code: str) -> Customer:
        """Return one customer; raises CustomerNotFound."""
        return self._engine.read(lambda store: store.customers.get(code))

    def update_customer(self, code: str, /, **fields: Unpack[CustomerFields]) -> Customer:
        """Change code, name, birth_date, phone or note.

        Raises:
            CustomerNotFound: nobody has this code.
            CustomerExists: the new code is another customer's.
            ValueRefused: a field is not acceptable.
        """
        return self._engine.write(lambda store: store.update_customer(code, fields))

    def ban(self, code: str, reason: str, operator: str) -> Customer:
        """Ban a customer; raises ValueRefused without a reason or an operator, and CustomerNotFound."""
        return self._engine.write(lambda store: store.ban(code, reason, operator))

    def unban(self, code: str, operator: str) -> Customer:
        """Lift a ban; raises ValueRefused without an operator, and CustomerNotFound."""
        return self._engine.write(lambda store: store.unban(code, operator))

    def delete(self, code: str) -> None:
        """Erase a customer from database, index, -wal and backups; the visits stay, anonymous.

        Raises:
            CustomerNotFound: nobody has this code.
        """
        self._engine.erase(lambda store: store.delete(code))

    def record_consent(self, code: str, consent: Consent) -> Customer:
        """Store a consent; raises CustomerNotFound, and ValueRefused unless it says how and to whom."""
        return self._engine.write(lambda store: store.record_consent(code, consent))

    def withdraw_consent(self, code: str) -> Customer:
        """Withdraw every consent and erase templates, crops and photo at once; raises CustomerNotFound."""
        return self._engine.erase(lambda store: store.withdraw_consent(code))

    def consents(self, code: str) -> list[Consent]:
        """Return a customer's consents, oldest first, withdrawn ones too; raises CustomerNotFound."""
        return self._engine.read(lambda store: store.customers.consents(store.customers.get(code)))

    def photo(self, code: str) -> bytes | None:
        """Return a customer's photo as JPEG, or None; raises CustomerNotFound."""
        return self._engine.read(lambda store: store.customers.photo(store.customers.get(code)))

    def keep_photo(self, code: str, photo_jpeg: bytes) -> bool:
        """Store a customer's photo if the consent covers it, and say whether; raises CustomerNotFound."""
        return self._engine.write(lambda store: store.keep_photo(code, photo_jpeg))

    def templates(self, code: str) -> list[Template]:
        """Return a customer's templates of every pack, oldest first; raises CustomerNotFound."""
        return self._engine.read(lambda store: store.templates.of(store.customers.get(code)))

    def crop(self, template_id: int) -> bytes | None:
        """Return the aligned crop of a template as PNG, or None where none was kept."""
        return self._engine.read(lambda store: store.templates.crop(template_id))

    def other_pack_templates(self) -> dict[str, int]:
        """Return how many templates each other pack than the one in use has made."""
        return self._engine.read(lambda store: store.templates.of_other_packs(self.snapshot.pack_id))

    def pack_change(self, pack_id: str) -> PackChange:
        """Say which customers a pack cannot recognise yet: by kept crops, or only by enrolling again."""
        return self._engine.read(lambda store: store.templates.pack_change(pack_id))

    def crops_for_reembedding(self, pack_id: str) -> list[tuple[Template, bytes]]:
        """Return the kept crops, as PNG, that a pack has not embedded, each with a template made from it."""
        return self._engine.read(lambda store: store.templates.to_reembed(pack_id))

    def add_reembedded(self, pairs: Sequence[tuple[int, NewTemplate]]) -> None:
        """Store what another pack made of the crops of older templates: (old id, new template)."""
        self._engine.write(lambda store: store.add_reembedded(pairs))

    def visits(self, wanted: VisitFilter | None = None) -> list[Visit]:
        """Return the visits that fit, newest first; `since` and `until` (excluded) mean the beginning."""
        return self._engine.read(lambda store: store.visits.search(wanted or VisitFilter()))

    def save_visit(self, visit: Visit) -> Visit:
        """Store a visit, new (id 0) or known, and return it as stored: anonymous after an erasure."""
        return self.save_visits([visit])[0]

    def save_visits(self, visits: Sequence[Visit]) -> list[Visit]:
        """Store several visits in one transaction."""
        return self._engine.write(lambda store: store.save_visits(visits))

    def clear_open_visits(self) -> int:
        """End every open visit at its last sighting, as after a crash; return how many there were."""
        return self._engine.write(lambda store: store.end_open_visits())

    def integrity(self) -> list[str]:
        """Return what is wrong with the database, nothing when it is sound."""
        return self._engine.read(lambda store: store.faults())

    def stats(self) -> GalleryStats:
        """Count what the gallery holds."""
        return self._engine.read(lambda store: store.stats())
