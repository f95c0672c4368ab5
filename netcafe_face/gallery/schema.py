"""The database's tables, as migrations. `docs/schema.md` says what each is for."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

APPLICATION_ID = 0x4E434647
"""Marks the file as ours (“NCFG”) in SQLite's header."""

SCHEMA_VERSION = 1
"""Number of migrations below; each writes its own number into the file, so that an older program can tell."""

ERASED_LABEL = "–"
"""Stands where the name of an erased customer was; the same in every language."""

migrations = Migrations("netcafe_face")

_STATE = """
CREATE TABLE gallery_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    writes INTEGER NOT NULL
) STRICT;

CREATE TABLE gallery_changes (
    customer_id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX gallery_changes_by_revision ON gallery_changes (revision);

CREATE TABLE erasures_due (
    customer_id INTEGER NOT NULL,
    extent TEXT NOT NULL CHECK (extent IN ('customer', 'faces')),
    PRIMARY KEY (customer_id, extent)
) STRICT, WITHOUT ROWID;
"""

_PEOPLE = """
CREATE TABLE operators (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    name_key TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL DEFAULT 'staff' CHECK (role IN ('owner', 'manager', 'staff', 'viewer')),
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE customers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL CHECK (length(code) BETWEEN 1 AND 32),
    code_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    birth_date TEXT CHECK (birth_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    phone TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'banned', 'withdrawn')),
    ban_reason TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    CHECK (status <> 'banned' OR ban_reason <> ''),
    CHECK (status <> 'active' OR ban_reason = '')
) STRICT;

CREATE TABLE consents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    how_given TEXT NOT NULL CHECK (how_given <> ''),
    text_version TEXT NOT NULL DEFAULT '',
    given_at TEXT NOT NULL,
    operator_id INTEGER NOT NULL REFERENCES operators (id),
    withdrawn_at TEXT
) STRICT;
CREATE INDEX consents_by_customer ON consents (customer_id);

CREATE TABLE consent_purposes (
    consent_id INTEGER NOT NULL REFERENCES consents (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('recognition', 'keep_photo', 'keep_crops')),
    PRIMARY KEY (consent_id, purpose)
) STRICT, WITHOUT ROWID;

CREATE VIEW standing_purposes AS
SELECT c.customer_id, p.purpose
FROM consents c CROSS JOIN consent_purposes p ON p.consent_id = c.id WHERE c.withdrawn_at IS NULL;
"""

_FACES = """
CREATE TABLE crops (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    png BLOB NOT NULL CHECK (length(png) > 0)
) STRICT;
CREATE INDEX crops_by_customer ON crops (customer_id);

CREATE TABLE templates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    pack_id TEXT NOT NULL CHECK (pack_id <> ''),
    dimension INTEGER NOT NULL CHECK (dimension > 0),
    embedding BLOB NOT NULL CHECK (length(embedding) = 4 * dimension),
    quality REAL NOT NULL CHECK (quality BETWEEN 0 AND 1),
    source TEXT NOT NULL CHECK (source IN ('file', 'camera', 'sample', 'reembedded')),
    crop_id INTEGER REFERENCES crops (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    operator_id INTEGER REFERENCES operators (id)
) STRICT;
CREATE INDEX templates_by_customer ON templates (customer_id, pack_id, dimension);
CREATE INDEX templates_by_pack ON templates (pack_id, dimension);
CREATE INDEX templates_by_crop ON templates (crop_id, pack_id);

CREATE TABLE photos (
    customer_id INTEGER PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE,
    jpeg BLOB NOT NULL CHECK (length(jpeg) > 0),
    taken_at TEXT NOT NULL
) STRICT;

CREATE TABLE pair_margins (
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    other_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    margin REAL NOT NULL CHECK (margin BETWEEN 0 AND 2),
    reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (customer_id, other_id),
    CHECK (customer_id < other_id)
) STRICT, WITHOUT ROWID;
"""

_PLACES = """
CREATE TABLE cameras (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('webcam', 'network', 'video', 'folder', 'sample')),
    address TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1))
) STRICT;

CREATE TABLE seats (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    camera_id INTEGER REFERENCES cameras (id) ON DELETE SET NULL,
    x REAL NOT NULL CHECK (x BETWEEN 0 AND 1),
    y REAL NOT NULL CHECK (y BETWEEN 0 AND 1),
    width REAL NOT NULL CHECK (width > 0 AND x + width <= 1.000001),
    height REAL NOT NULL CHECK (height > 0 AND y + height <= 1.000001),
    plan_x REAL,
    plan_y REAL
) STRICT;
CREATE INDEX seats_by_camera ON seats (camera_id);
"""

_LOG = """
CREATE TABLE stays (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id INTEGER REFERENCES customers (id) ON DELETE SET NULL,
    label TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT CHECK (ended_at >= started_at)
) STRICT;
CREATE INDEX stays_by_customer ON stays (customer_id);

CREATE TABLE visits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stay_id INTEGER REFERENCES stays (id) ON DELETE SET NULL,
    customer_id INTEGER REFERENCES customers (id) ON DELETE SET NULL,
    customer_code TEXT NOT NULL DEFAULT '',
    label TEXT NOT NULL,
    source TEXT NOT NULL,
    seat TEXT NOT NULL,
    presence TEXT NOT NULL CHECK (presence IN ('known', 'banned', 'undecided', 'stranger')),
    started_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL CHECK (last_seen_at >= started_at),
    ended_at TEXT CHECK (ended_at >= started_at),
    similarity REAL NOT NULL,
    margin REAL NOT NULL,
    threshold REAL NOT NULL,
    pack_id TEXT NOT NULL,
    sample INTEGER NOT NULL CHECK (sample IN (0, 1)),
    note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX visits_by_start ON visits (started_at);
CREATE INDEX visits_by_customer ON visits (customer_id, started_at);
CREATE INDEX visits_by_seat ON visits (seat, started_at);
CREATE INDEX visits_by_stay ON visits (stay_id);
CREATE INDEX visits_open ON visits (id) WHERE ended_at IS NULL;

CREATE TABLE visit_corrections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    visit_id INTEGER NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    corrected_at TEXT NOT NULL,
    operator_id INTEGER NOT NULL REFERENCES operators (id),
    field TEXT NOT NULL,
    before TEXT,
    after TEXT
) STRICT;
CREATE INDEX visit_corrections_by_visit ON visit_corrections (visit_id);

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    happened_at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind <> ''),
    customer_id INTEGER REFERENCES customers (id) ON DELETE SET NULL,
    visit_id INTEGER REFERENCES visits (id) ON DELETE SET NULL,
    camera_id INTEGER REFERENCES cameras (id) ON DELETE SET NULL,
    operator_id INTEGER REFERENCES operators (id),
    details TEXT NOT NULL DEFAULT '',
    needs_answer INTEGER NOT NULL DEFAULT 0 CHECK (needs_answer IN (0, 1)),
    answered_at TEXT,
    answered_by INTEGER REFERENCES operators (id)
) STRICT;
CREATE INDEX events_by_time ON events (happened_at);
CREATE INDEX events_by_customer ON events (customer_id);
CREATE INDEX events_by_visit ON events (visit_id);
CREATE INDEX events_unanswered ON events (id) WHERE needs_answer = 1 AND answered_at IS NULL;
"""

_REQUIRED = {
    "templates": ("recognition", "INSERT ON templates"),
    "templates_moved": ("recognition", "UPDATE OF customer_id ON templates"),
    "photos": ("keep_photo", "INSERT ON photos"),
    "photos_moved": ("keep_photo", "UPDATE OF customer_id ON photos"),
    "crops": ("keep_crops", "INSERT ON crops"),
    "crops_moved": ("keep_crops", "UPDATE OF customer_id ON crops"),
}
_FORGOTTEN = {"templates": "recognition", "photos": "keep_photo", "crops": "keep_crops"}
_WITHDRAWALS = {
    "withdrawn": ("AFTER UPDATE OF withdrawn_at ON consents", "NEW.customer_id"),
    "lost": ("AFTER DELETE ON consents", "OLD.customer_id"),
    "narrowed": (
        "AFTER DELETE ON consent_purposes",
        "(SELECT c.customer_id FROM consents c WHERE c.id = OLD.consent_id)",
    ),
}
_INDEXED = {
    "customer_new": ("INSERT ON customers", "NEW.id"),
    "customer_changed": ("UPDATE OF code, name, status ON customers", "NEW.id"),
    "customer_gone": ("DELETE ON customers", "OLD.id"),
    "template_new": ("INSERT ON templates", "NEW.customer_id"),
    "template_gone": ("DELETE ON templates", "OLD.customer_id"),
    "template_taken": ("UPDATE OF customer_id ON templates", "OLD.customer_id"),
    "template_given": ("UPDATE OF customer_id ON templates", "NEW.customer_id"),
}

_ANONYMISE = f"""
CREATE TRIGGER customer_leaves_no_name BEFORE DELETE ON customers BEGIN
    DELETE FROM visit_corrections
    WHERE visit_id IN (SELECT v.id FROM visits v WHERE v.customer_id = OLD.id);
    UPDATE visits SET label = '{ERASED_LABEL}', customer_code = '', note = '' WHERE customer_id = OLD.id;
    UPDATE stays SET label = '{ERASED_LABEL}' WHERE customer_id = OLD.id;
    UPDATE events SET details = '' WHERE customer_id = OLD.id;
END
"""

CONSENT_FENCE = "no standing consent"
"""What a trigger says when it refuses a row; `faults` knows it by this text."""


def _create(db: Database, tables: str) -> None:
    for statement in tables.split(";\n"):
        if statement.strip():
            db.execute(statement)


def _create_triggers(db: Database) -> None:
    for name, (purpose, event) in _REQUIRED.items():
        db.execute(
            f"CREATE TRIGGER {name}_need_consent BEFORE {event} WHEN NOT EXISTS ("
            "SELECT 1 FROM standing_purposes s WHERE s.customer_id = NEW.customer_id "
            f"AND s.purpose = '{purpose}') BEGIN SELECT RAISE(ABORT, '{CONSENT_FENCE}'); END"
        )
    for name, (event, customer) in _WITHDRAWALS.items():
        deletions = "".join(
            f"DELETE FROM {table} WHERE customer_id = {customer} AND NOT EXISTS (SELECT 1 "
            f"FROM standing_purposes s WHERE s.customer_id = {customer} AND s.purpose = '{purpose}'); "
            for table, purpose in _FORGOTTEN.items()
        )
        db.execute(f"CREATE TRIGGER consent_{name}_forgets {event} BEGIN {deletions} END")
    db.execute(_ANONYMISE)
    for name, (event, customer) in _INDEXED.items():
        db.execute(
            f"CREATE TRIGGER {name} AFTER {event} BEGIN "
            "UPDATE gallery_state SET revision = revision + 1; "
            f"INSERT INTO gallery_changes SELECT {customer}, revision FROM gallery_state WHERE true "
            "ON CONFLICT (customer_id) DO UPDATE SET revision = excluded.revision; END"
        )


@migrations()
def m001_foundation(db: Database) -> None:
    """Create everything the foundation uses, and room for seats, stays and alerts."""
    for tables in (_STATE, _PEOPLE, _FACES, _PLACES, _LOG):
        _create(db, tables)
    _create_triggers(db)
    db.execute("INSERT INTO gallery_state VALUES (1, 0, 0)")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("PRAGMA user_version = 1")
