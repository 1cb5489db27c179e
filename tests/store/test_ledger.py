"""The ledger takes each row once, in order, along its chain, whatever the network makes of it."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection, create_engine, select
from sqlalchemy.pool import NullPool

from cart.contract.lines import ContractError
from cart.contract.store import Entry, EventBatch
from store.database import transaction
from store.ledger import ingest, stored_seq
from store.tables import METADATA, events
from tests.store.shop import CART, batch, item, rows

WRITTEN = rows([item(number) for number in range(1, 31)])


def stored(database: Connection) -> list[tuple[int, str]]:
    """What the database holds, in the order of commits."""
    found = database.execute(select(events.c.seq, events.c.hash).order_by(events.c.number))
    return [(row.seq, row.hash) for row in found]


def test_rows_are_stored_once_and_in_order(database: Connection) -> None:
    """A batch, the same again and one that overlaps leave each row once."""
    for first, end in ((0, 10), (0, 10), (5, 20)):
        ack = ingest(database, CART, batch(WRITTEN[first:end]))
        assert (ack.upto_seq, ack.need_from, ack.rejected) == (end, None, ())
    assert stored(database) == [(entry.seq, entry.hash) for entry in WRITTEN[:20]]


def test_a_gap_is_asked_for(database: Connection) -> None:
    """Rows after a gap are not taken: the answer says from where to send again."""
    ingest(database, CART, batch(WRITTEN[:5]))
    ack = ingest(database, CART, batch(WRITTEN[7:9]))
    assert (ack.upto_seq, ack.need_from) == (5, 6)
    assert len(stored(database)) == 5


def test_a_broken_chain_is_not_taken(database: Connection) -> None:
    """A row whose event was changed on the way is refused, and those before it are kept."""
    forged = replace(WRITTEN[2], event=msgspec.Raw(msgspec.json.encode(item(99))))
    ack = ingest(database, CART, batch([*WRITTEN[:2], forged, *WRITTEN[3:5]]))
    assert ack.upto_seq == 2
    assert [row.seq for row in ack.rejected] == [3]
    assert ingest(database, CART, batch(WRITTEN[2:5])).upto_seq == 5


def test_another_row_under_a_stored_number_is_told(database: Connection) -> None:
    """Two journals under one name are noticed, and what is stored stays."""
    ingest(database, CART, batch(WRITTEN[:3]))
    ack = ingest(database, CART, batch(rows([item(77)])))
    assert [row.seq for row in ack.rejected] == [1]
    assert stored(database) == [(entry.seq, entry.hash) for entry in WRITTEN[:3]]


@pytest.mark.parametrize("order", [(0, 2), (1, 0), (0, 0)])
def test_a_batch_out_of_order_is_refused(database: Connection, order: tuple[int, int]) -> None:
    """Rows of one message follow each other; a message with others is malformed, and not taken."""
    with pytest.raises(ContractError, match="follow each other"):
        ingest(database, CART, batch([WRITTEN[place] for place in order]))
    assert stored(database) == []


def test_one_poison_event_blocks_nothing(database: Connection) -> None:
    """An event that this store can't read is kept as it came, told, and passed by."""
    poison = {"kind": "from_the_future", "t_ms": 1}
    written = rows([item(1), poison, item(2)])  # type: ignore[list-item]  # no event of ours
    ack = ingest(database, CART, batch(written))
    assert (ack.upto_seq, [row.seq for row in ack.rejected]) == (3, [2])
    kept = database.scalars(select(events.c.event).where(events.c.kind == "unreadable"))
    assert [msgspec.json.decode(each) for each in kept] == [poison]


def test_epochs_are_journals_of_their_own(database: Connection) -> None:
    """A replaced journal begins a new chain; the old one stays."""
    ingest(database, CART, batch(WRITTEN[:3]))
    assert ingest(database, CART, batch(WRITTEN[:2], epoch=2)).upto_seq == 2
    assert (stored_seq(database, CART, 1), stored_seq(database, CART, 2)) == (3, 2)


def test_a_broken_transaction_leaves_nothing(database: Connection) -> None:
    """What was not committed was never there."""
    with suppress(InterruptedError), transaction(database):
        ingest(database, CART, batch(WRITTEN[:3]))
        raise InterruptedError
    assert stored(database) == []


slices = st.tuples(st.integers(0, 29), st.integers(1, 10)).map(
    lambda pair: WRITTEN[pair[0] : pair[0] + pair[1]]
)


@given(st.lists(slices, max_size=25))
def test_any_delivery_ends_right(deliveries: list[list[Entry]]) -> None:
    """Duplicated, reordered and missing batches: always a prefix, and complete once resent."""
    with create_engine("sqlite://", poolclass=NullPool).connect() as database:
        METADATA.create_all(database)
        for delivery in deliveries:
            before = stored_seq(database, CART, 1)
            ack = ingest(database, CART, EventBatch(1, tuple(delivery)))
            assert ack.rejected == ()
            assert ack.upto_seq >= before
            assert len(stored(database)) == ack.upto_seq
        while (upto := stored_seq(database, CART, 1)) < len(WRITTEN):
            ingest(database, CART, batch(WRITTEN[upto : upto + 10]))
        assert stored(database) == [(entry.seq, entry.hash) for entry in WRITTEN]
