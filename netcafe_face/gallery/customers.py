"""The customers, their consents and photos, in SQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, TypedDict

from netcafe_face.domain.errors import N_, ConsentMissing, CustomerExists, CustomerNotFound
from netcafe_face.domain.people import Consent, Customer, CustomerStatus, Purpose
from netcafe_face.gallery import values
from netcafe_face.gallery.database import GalleryDatabase

_SELECT = """
SELECT c.id, c.code, c.name, c.birth_date, c.phone, c.note, c.status, c.ban_reason, c.created_at,
    (SELECT count(*) FROM templates t WHERE t.customer_id = c.id),
    EXISTS (SELECT 1 FROM photos p WHERE p.customer_id = c.id)
FROM customers c
"""


class CustomerFields(TypedDict, total=False):
    """The fields of a customer that may be changed."""

    code: str
    name: str
    birth_date: date | None
    phone: str
    note: str


def cleaned(customer: Customer) -> Customer:
    """Return the customer with every typed field checked and put in order.

    Raises:
        ValueRefused: a field is not acceptable.
    """
    return replace(
        customer,
        code=values.clean_code(customer.code),
        name=values.clean_text(N_("Name"), customer.name, values.NAME_LENGTH, required=True),
        birth_date=values.clean_birth_date(customer.birth_date),
        phone=values.clean_phone(customer.phone),
        note=values.clean_text(N_("Note"), customer.note, values.NOTE_LENGTH, lines=True),
    )


class CustomerTable:
    """Reads and writes customers. Writing methods are called inside `GalleryDatabase.writing`."""

    def __init__(self, db: GalleryDatabase) -> None:
        self._db = db

    def find(self, code: str) -> Customer | None:
        """Return the customer with this code, whatever its case, or None."""
        rows = self._db.rows(_SELECT + "WHERE c.code_key = ?", values.code_key(code))
        return _customer(rows[0]) if rows else None

    def get(self, code: str) -> Customer:
        """Return the customer with this code.

        Raises:
            CustomerNotFound: there is none.
        """
        found = self.find(code)
        if found is None:
            raise CustomerNotFound(code=code)
        return found

    def search(self, text: str, status: CustomerStatus | None) -> list[Customer]:
        """Return the customers whose code, name or telephone number holds every word of `text`, by code."""
        wanted = values.Search(text)
        where, given = ("WHERE c.status = ? ", (status.value,)) if status else ("", ())
        rows = self._db.rows(_SELECT + where + "ORDER BY c.code_key", *given)
        return [_customer(row) for row in rows if wanted.finds(row[1], row[2], phone=row[4])]

    def add(self, customer: Customer) -> Customer:
        """Store a new, active customer.

        Raises:
            ValueRefused: a field is not acceptable.
            CustomerExists: the code is in use.
        """
        new = cleaned(customer)
        if self.find(new.code) is not None:
            raise CustomerExists(code=new.code)
        self._db.execute(
            "INSERT INTO customers (code, code_key, name, birth_date, phone, note, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            new.code,
            values.code_key(new.code),
            new.name,
            new.birth_date and new.birth_date.isoformat(),
            new.phone,
            new.note,
            values.now(),
        )
        return self.get(new.code)

    def update(self, code: str, fields: CustomerFields) -> Customer:
        """Change the fields that are given.

        Raises:
            CustomerNotFound: nobody has this code.
            CustomerExists: the new code is another customer's.
            ValueRefused: a field is not acceptable.
        """
        old = self.get(code)
        new = cleaned(replace(old, **fields))
        other = self.find(new.code)
        if other is not None and other.id != old.id:
            raise CustomerExists(code=new.code)
        self._db.execute(
            "UPDATE customers SET code = ?, code_key = ?, name = ?, birth_date = ?, phone = ?, note = ? "
            "WHERE id = ?",
            new.code,
            values.code_key(new.code),
            new.name,
            new.birth_date and new.birth_date.isoformat(),
            new.phone,
            new.note,
            old.id,
        )
        self.note_event("changed", old.id)
        return self.get(new.code)

    def ban(self, code: str, reason: str, operator: str) -> Customer:
        """Ban a customer, which needs a reason and an operator.

        Raises:
            CustomerNotFound: nobody has this code.
            ValueRefused: the reason or the operator is empty.
        """
        customer = self.get(code)
        why = values.clean_text(N_("Reason"), reason, values.REASON_LENGTH, required=True)
        by = self.operator_id(operator, required=True)
        self._db.execute(
            "UPDATE customers SET status = 'banned', ban_reason = ? WHERE id = ?", why, customer.id
        )
        self.note_event("banned", customer.id, by, why)
        return self.get(code)

    def unban(self, code: str, operator: str) -> Customer:
        """Lift a ban; a customer who had withdrawn the consent goes back to that.

        Raises:
            CustomerNotFound: nobody has this code.
            ValueRefused: the operator is empty.
        """
        customer = self.get(code)
        by = self.operator_id(operator, required=True)
        withdrew = any(consent.withdrawn_at for consent in self.consents(customer))
        after = "withdrawn" if withdrew and Purpose.RECOGNITION not in self.purposes(customer) else "active"
        self._db.execute("UPDATE customers SET ban_reason = '', status = ? WHERE id = ?", after, customer.id)
        self.note_event("unbanned", customer.id, by)
        return self.get(code)

    def record_consent(self, customer: Customer, consent: Consent) -> None:
        """Store a consent of the customer; agreeing to recognition again ends a withdrawal, not a ban.

        Raises:
            ValueRefused: it does not say how it was given, or to whom.
        """
        how = values.clean_text(N_("Consent"), consent.how_given, values.REASON_LENGTH, required=True)
        by = self.operator_id(consent.operator, required=True)
        given_at = values.to_stored(consent.given_at)
        cursor = self._db.execute(
            "INSERT INTO consents (customer_id, how_given, text_version, given_at, operator_id) "
            "VALUES (?, ?, ?, ?, ?)",
            customer.id,
            how,
            consent.text_version,
            given_at,
            by,
        )
        for purpose in consent.purposes:
            self._db.execute("INSERT INTO consent_purposes VALUES (?, ?)", cursor.lastrowid, purpose.value)
        if Purpose.RECOGNITION in consent.purposes:
            self._db.execute(
                "UPDATE customers SET status = CASE WHEN ban_reason = '' THEN 'active' ELSE 'banned' END "
                "WHERE id = ? AND status = 'withdrawn'",
                customer.id,
            )
        self.note_event("consent_given", customer.id, by)

    def withdraw_consent(self, code: str) -> Customer:
        """Withdraw every consent; triggers delete templates, crops and photo in the same transaction.

        Raises:
            CustomerNotFound: nobody has this code.
        """
        customer = self.get(code)
        moment = values.now()
        self._db.execute(
            "UPDATE consents SET withdrawn_at = ? WHERE customer_id = ? AND withdrawn_at IS NULL",
            moment,
            customer.id,
        )
        self._db.execute("UPDATE customers SET status = 'withdrawn' WHERE id = ?", customer.id)
        self._db.execute("INSERT OR IGNORE INTO erasures_due VALUES (?, 'faces')", customer.id)
        self.note_event("consent_withdrawn", customer.id)
        return self.get(code)

    def delete(self, code: str) -> None:
        """Delete a customer with everything held about them; their visits stay, without name or code.

        Raises:
            CustomerNotFound: nobody has this code.
        """
        customer = self.get(code)
        self._db.execute("DELETE FROM customers WHERE id = ?", customer.id)
        self._db.execute("INSERT OR IGNORE INTO erasures_due VALUES (?, 'customer')", customer.id)
        self.note_event("deleted", None)

    def consents(self, customer: Customer) -> list[Consent]:
        """Return the consents of a customer, oldest first, withdrawn ones included."""
        rows = self._db.rows(
            "SELECT c.id, c.how_given, c.given_at, o.name, c.text_version, c.withdrawn_at, "
            "(SELECT group_concat(p.purpose) FROM consent_purposes p WHERE p.consent_id = c.id) "
            "FROM consents c JOIN operators o ON o.id = c.operator_id WHERE c.customer_id = ? ORDER BY c.id",
            customer.id,
        )
        return [
            Consent(
                customer_id=customer.id,
                purposes=frozenset(Purpose(word) for word in (purposes or "").split(",") if word),
                how_given=how,
                given_at=values.from_stored(given_at),
                operator=operator,
                text_version=text_version,
                withdrawn_at=values.from_stored(withdrawn_at) if withdrawn_at else None,
                id=consent_id,
            )
            for consent_id, how, given_at, operator, text_version, withdrawn_at, purposes in rows
        ]

    def purposes(self, customer: Customer) -> frozenset[Purpose]:
        """Return what the customer's standing consents cover together."""
        rows = self._db.rows("SELECT purpose FROM standing_purposes WHERE customer_id = ?", customer.id)
        return frozenset(Purpose(purpose) for (purpose,) in rows)

    def require(self, customer: Customer, purpose: Purpose) -> None:
        """Raise ConsentMissing unless a standing consent covers `purpose`."""
        if purpose not in self.purposes(customer):
            raise ConsentMissing(code=customer.code)

    def keep_photo(self, customer: Customer, jpeg: bytes) -> bool:
        """Store the customer's photo if the consent covers it; return whether it was."""
        if Purpose.KEEP_PHOTO not in self.purposes(customer):
            return False
        self._db.execute(
            "INSERT INTO photos VALUES (?, ?, ?) ON CONFLICT (customer_id) DO UPDATE "
            "SET jpeg = excluded.jpeg, taken_at = excluded.taken_at",
            customer.id,
            jpeg,
            values.now(),
        )
        return True

    def photo(self, customer: Customer) -> bytes | None:
        """Return the customer's photo as JPEG, or None."""
        found: bytes | None = self._db.value("SELECT jpeg FROM photos WHERE customer_id = ?", customer.id)
        return found

    def operator_id(self, name: str, *, required: bool = False) -> int | None:
        """Return the id of the operator of this name, made known where new; None for an empty name.

        Raises:
            ValueRefused: the name is empty though required, or not acceptable.
        """
        cleaned_name = values.clean_text(N_("Operator"), name, values.OPERATOR_LENGTH, required=required)
        if not cleaned_name:
            return None
        key = values.code_key(cleaned_name)
        self._db.execute(
            "INSERT OR IGNORE INTO operators (name, name_key, created_at) VALUES (?, ?, ?)",
            cleaned_name,
            key,
            values.now(),
        )
        found: int = self._db.value("SELECT id FROM operators WHERE name_key = ?", key)
        return found

    def note_event(
        self, kind: str, customer_id: int | None, operator_id: int | None = None, details: str = ""
    ) -> None:
        """Record that something happened."""
        self._db.execute(
            "INSERT INTO events (happened_at, kind, customer_id, operator_id, details) "
            "VALUES (?, ?, ?, ?, ?)",
            values.now(),
            kind,
            customer_id,
            operator_id,
            details,
        )


def _customer(row: tuple[Any, ...]) -> Customer:
    born, created = row[3], row[8]
    return Customer(
        id=row[0],
        code=row[1],
        name=row[2],
        birth_date=date.fromisoformat(born) if born else None,
        phone=row[4],
        note=row[5],
        status=CustomerStatus(row[6]),
        ban_reason=row[7],
        created_at=values.from_stored(created),
        templates=row[9],
        has_photo=bool(row[10]),
    )
