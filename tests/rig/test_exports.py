"""A run's export of the store has every row, whether the store has packed it away or not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from rig.faults import exports
from rig.faults.exports import Row
from store.archive import archive
from store.database import open_database, transaction
from store.ledger import ingest
from tests.store.shop import CART, batch, rows, trip_events


def test_packed_rows_are_exported_once(tmp_path: Path) -> None:
    """Also the catalog's, which is packed and stays; in the order in which they were stored."""
    written = rows(trip_events("trip-1", 2))
    with closing(open_database(tmp_path)) as database:
        for epoch in (1, 2):
            with transaction(database):
                ingest(database, CART, batch(written, epoch))
        stored = exports.stored(tmp_path)
        with transaction(database):
            assert archive(database, 0, 30, 400).packed == len(written)
        assert exports.stored(tmp_path) == stored
    assert stored == [Row(CART, epoch, row.seq, row.hash) for epoch in (1, 2) for row in written]
