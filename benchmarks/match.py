"""Our index against a bare numpy matrix product: `python -m benchmarks match`.

Both do the same product over the same numbers, one call after the other, so that whatever else the computer
does falls on both; the ratio is the median of the ratios pair by pair. The product gives similarities only;
the index also drops dead rows and ranks the five nearest customers, each by its best template. Enrolment is
measured through the whole gallery: one customer with one template, on disk, flushed, and in the index.
"""

from __future__ import annotations

import argparse
import gc
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from netcafe_face.domain.faces import FloatArray, unit_rows
from netcafe_face.domain.people import (
    Consent,
    Customer,
    CustomerStatus,
    NewTemplate,
    Purpose,
    TemplateSource,
)
from netcafe_face.gallery.index import GalleryIndex, IndexChanges, PersonBrief
from netcafe_face.gallery.service import Gallery

PACK_ID = "benchmark@1"
_NOW = datetime.now(UTC).isoformat()
SIZES = (1_000, 10_000, 100_000)
BATCHES = (1, 5, 20)
TEMPLATES_EACH = 5
ENROL_INTO = 200_000
TARGET_RATIO = 1.2
TARGET_ENROL_MS = 50.0


def main(argv: list[str]) -> int:
    """Print the ratios of times for each size and batch, and the time to enrol one among many."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks match", description=main.__doc__)
    parser.add_argument("--dimension", type=int, default=512, help="values of an embedding (default 512)")
    parser.add_argument("--runs", type=int, default=200, help="pairs of runs for each line (default 200)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="templates to search")
    parser.add_argument(
        "--enrol-into", type=int, default=ENROL_INTO, help="templates to enrol one more among"
    )
    options = parser.parse_args(argv)
    random = np.random.default_rng(7)
    print(f"match: embeddings of {options.dimension} values, {TEMPLATES_EACH} templates a customer")
    print(f"{'templates':>9} {'faces':>6} {'numpy ms':>9} {'index ms':>9} {'index/numpy':>12}   (medians)")
    for size in options.sizes:
        index, vectors = _filled(size, options.dimension, random)
        snapshot = index.snapshot()
        for faces in BATCHES:
            queries = unit_rows(random.standard_normal((faces, options.dimension)))
            runs = options.runs if size <= SIZES[1] else max(options.runs // 5, 5)
            bare, ours = _pairs(
                lambda queries=queries, vectors=vectors: queries @ vectors.T,  # type: ignore[misc]
                lambda queries=queries, snapshot=snapshot: snapshot.search(queries),  # type: ignore[misc]
                runs,
            )
            ratio = statistics.median(mine / theirs for theirs, mine in zip(bare, ours, strict=True))
            print(
                f"{size:>9,} {faces:>6} {1e3 * statistics.median(bare):>9.3f} "
                f"{1e3 * statistics.median(ours):>9.3f} {ratio:>12.2f}"
            )
    print(f"wanted: at most {TARGET_RATIO}")
    _time_enrolment(options.enrol_into, options.dimension, random)
    return 0


def _filled(size: int, dimension: int, random: np.random.Generator) -> tuple[GalleryIndex, FloatArray]:
    vectors = unit_rows(random.standard_normal((size, dimension), dtype=np.float32))
    owners = np.arange(size, dtype=np.int64) // TEMPLATES_EACH + 1
    ids = np.arange(1, size + 1, dtype=np.int64)
    customers = tuple(range(1, int(owners[-1]) + 1))
    people = {customer: PersonBrief(f"C{customer}", "", CustomerStatus.ACTIVE) for customer in customers}
    index = GalleryIndex(PACK_ID)
    index.apply(IndexChanges(customers, people, owners, ids, vectors))
    return index, vectors


def _pairs(
    first: Callable[[], object], second: Callable[[], object], runs: int
) -> tuple[list[float], list[float]]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(3):
        first(), second()
    gc.collect()
    for run in range(runs):
        order = ((0, first), (1, second)) if run % 2 == 0 else ((1, second), (0, first))
        for place, job in order:
            start = time.perf_counter()
            job()
            times[place].append(time.perf_counter() - start)
    return times


def _time_enrolment(size: int, dimension: int, random: np.random.Generator) -> None:
    with tempfile.TemporaryDirectory() as name:
        _fill_database(Path(name), size, dimension, random)
        start = time.perf_counter()
        with Gallery.open(Path(name), PACK_ID) as gallery:
            print(f"opening a gallery of {size:,} templates: {time.perf_counter() - start:.1f} s")
            spent_ms = []
            for number in range(20):
                customer, template = Customer(f"NEW{number}", "New customer"), _template(dimension, random)
                start = time.perf_counter()
                gallery.enrol(customer, _consent(), [template])
                spent_ms.append(1e3 * (time.perf_counter() - start))
                found = gallery.snapshot.search(template.embedding[None], 1)[0][0]
                if gallery.snapshot.people[found.customer_id].code != customer.code:
                    raise AssertionError("the customer just enrolled was not found")
    print(
        f"enrolling one more: median {statistics.median(spent_ms):.1f} ms, slowest {max(spent_ms):.1f} ms "
        f"(wanted: under {TARGET_ENROL_MS:.0f} ms)"
    )


def _fill_database(folder: Path, size: int, dimension: int, random: np.random.Generator) -> None:
    with Gallery.open(folder, PACK_ID) as gallery:
        first = gallery.enrol(Customer("FIRST", "First"), _consent(), [_template(dimension, random)]).id
    people = range(first + 1, first + size // TEMPLATES_EACH + 1)
    vectors = unit_rows(random.standard_normal((size, dimension), dtype=np.float32))
    templates = (
        (people[row // TEMPLATES_EACH], PACK_ID, dimension, vector.tobytes(), _NOW)
        for row, vector in enumerate(vectors)
    )
    with closing(sqlite3.connect(gallery.path)) as database, database:
        # Straight into the tables: one by one, as at the counter, it would take minutes.
        database.executemany(
            "INSERT INTO customers (id, code, code_key, name, created_at) VALUES (?, ?, ?, ?, ?)",
            ((person, f"C{person}", f"c{person}", f"Customer {person}", _NOW) for person in people),
        )
        database.executemany(
            "INSERT INTO consents (id, customer_id, how_given, given_at, operator_id) "
            "VALUES (?, ?, 'benchmark', ?, 1)",
            ((person, person, _NOW) for person in people),
        )
        database.executemany(
            "INSERT INTO consent_purposes VALUES (?, 'recognition')", ((person,) for person in people)
        )
        database.executemany(
            "INSERT INTO templates (customer_id, pack_id, dimension, embedding, quality, source, created_at) "
            "VALUES (?, ?, ?, ?, 0.5, 'sample', ?)",
            templates,
        )


def _consent() -> Consent:
    return Consent(0, frozenset({Purpose.RECOGNITION}), "benchmark", datetime.now(UTC), "benchmark")


def _template(dimension: int, random: np.random.Generator) -> NewTemplate:
    vector = unit_rows(random.standard_normal((1, dimension)))[0]
    return NewTemplate(vector, PACK_ID, 0.5, TemplateSource.SAMPLE, "benchmark")
