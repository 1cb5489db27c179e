"""After the sale: what is disputed, what is given back, and the chain that receipts hang on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Table, delete, select, update

from cart.contract.lines import ContractError
from cart.contract.store import Credit, PayRequest
from cart.core.effects import RequestPayment
from cart.core.events import (
    CatalogAdopted,
    CheckoutStarted,
    Event,
    LineContested,
    PaymentRequested,
    PaymentSettled,
    ReceiptDisputed,
    TripClosed,
)
from cart.core.observations import CatalogArrived, CreditCame, LinkChanged, PaymentAnswered
from cart.core.refunds import Difference
from cart.receipts.paper import sha256_of
from rig.broker import Broker
from store import archive, catalogs, chain, counter, disputes, published, trips
from store.__main__ import main
from store.database import open_database, transaction
from store.keys import signer_of
from store.ledger import ingest
from store.migrations.versions import chain_heads, signed_heads
from store.paper import paper_of
from store.tables import chain as links
from store.tables import events, heads, line_credits, payments
from store.tables import trips as trip_rows
from tests.store.shop import (
    CART,
    CATALOG,
    CartLink,
    StoreProcess,
    batch,
    import_catalog,
    rows,
    store_command,
    trip_events,
)
from tests.waiting import until

DAYS_MS = 31 * archive.DAY_MS


@pytest.fixture
def database(database: Connection) -> Connection:
    """A database with the test's catalog."""
    catalogs.add(database, msgspec.json.encode(CATALOG))
    return database


def trip_of(database: Connection, trip_id: str = "trip-1") -> trips.Trip:
    """A trip that is there."""
    trip = trips.find(database, trip_id)
    assert trip is not None
    return trip


def pay(
    database: Connection, epoch: int, trip_id: str, *more: Event, settled: bool = False
) -> trips.Trip:
    """Three tins, 447 and 31 of tax, paid; `more` happened before the payment. When `settled`, the
    cart wrote the receipt's number down."""
    facts = [*trip_events(trip_id, 3), *more]
    ingest(database, CART, batch(rows(facts), epoch))
    answer = counter.pay(database, CART, PayRequest(trip_id, 1, 478, epoch, len(facts)))
    assert answer is not None
    assert answer.outcome == "settled"
    if settled:
        told = PaymentSettled(9, 1, answer.receipt_id, 478)
        ingest(database, CART, batch(rows([*facts, told])[len(facts) :], epoch))
    return trip_of(database, trip_id)


def test_what_is_contested_is_an_item_until_it_is_given_back(database: Connection) -> None:
    """The reason and the line stand on the list; a credit of the line stands beside them."""
    trip = pay(database, 1, "trip-1", LineContested(9, "L1", "wrong_price"))
    (item,) = disputes.rows(database)
    assert (item["trip_id"], item["line_id"], item["about"]) == ("trip-1", "L1", "wrong_price")
    assert item["credited_minor"] == 0
    given = disputes.credit(database, trip, "L1", 1, "wrong price")
    assert given == Credit("trip-1", 1, "L1", 1, 149 + 10)
    assert disputes.rows(database)[0]["credited_minor"] == 159


def test_a_difference_of_sums_is_an_item_with_both_figures(database: Connection) -> None:
    """What the cart said and what the store said, and nothing is changed."""
    said = (
        Difference("L1", "net_minor", "149", "100"),
        Difference("", "total_minor", "478", "429"),
    )
    pay(database, 1, "trip-1", ReceiptDisputed(9, 1, said))
    found = [
        (item["line_id"], item["about"], item["cart_says"], item["store_says"])
        for item in disputes.rows(database)
    ]
    assert found == [("L1", "net_minor", "149", "100"), ("", "total_minor", "478", "429")]


def test_a_sum_that_the_store_cant_add_up_is_held(database: Connection) -> None:
    """A backup brought the store back without the deals that a trip was priced by: it is not paid,
    and stands among the disputes with what the cart says and why, until the deals are there."""
    adopted, *more = trip_events("trip-1", 3)
    assert isinstance(adopted, CatalogAdopted)
    facts: list[Event] = [msgspec.structs.replace(adopted, deals_version=7), *more]
    facts += [CheckoutStarted(8), PaymentRequested(9, "trip-1", 1, 478)]
    ingest(database, CART, batch(rows(facts)))
    asked = PayRequest("trip-1", 1, 478, 1, len(facts))
    answer = counter.pay(database, CART, asked)
    assert answer is not None
    assert (answer.outcome, answer.reason) == ("mismatch", "deals: version 7 is not this store's")
    (item,) = disputes.rows(database)
    assert (item["trip_id"], item["about"], item["cart_says"]) == (
        "trip-1", "unknown", "total_minor 478",
    )  # fmt: skip
    assert item["store_says"] == "deals: version 7 is not this store's; settle it at the counter"
    assert published.add(database, "deals", [], 7) == 7
    assert disputes.rows(database) == []
    settled = counter.pay(database, CART, asked)
    assert settled is not None
    assert settled.outcome == "settled"


def test_nothing_is_given_back_twice(database: Connection) -> None:
    """A line has one piece here; an unpaid trip and an unknown line have nothing to give back."""
    trip = pay(database, 1, "trip-1")
    disputes.credit(database, trip, "L0", 1, "")
    with pytest.raises(ContractError, match="0 pieces left"):
        disputes.credit(database, trip, "L0", 1, "")
    with pytest.raises(ContractError, match="no line L9"):
        disputes.credit(database, trip, "L9", 1, "")
    ingest(database, CART, batch(rows(trip_events("trip-2", 1)), epoch=2))
    with pytest.raises(ContractError, match="not paid"):
        disputes.credit(database, trip_of(database, "trip-2"), "L0", 1, "")


def test_a_word_against_a_paid_line_is_an_item(database: Connection) -> None:
    """Contested on the screen of the receipt, after the payment."""
    facts = trip_events("trip-1", 3)
    pay(database, 1, "trip-1", settled=True)
    settled = PaymentSettled(9, 1, "R00000001", 478)
    more = rows([*facts, settled, LineContested(10, "L2", "not_mine")])[-1:]
    ingest(database, CART, batch(more))
    (item,) = disputes.rows(database)
    assert (item["trip_id"], item["line_id"], item["about"]) == ("trip-1", "L2", "not_mine")


def test_all_that_is_given_back_is_what_was_paid(database: Connection) -> None:
    """Line by line, tax counted: the shares add up to the receipt's total, to within the rounding
    of the tax of each line."""
    trip = pay(database, 1, "trip-1")
    back = [disputes.credit(database, trip, f"L{n}", 1, "").amount_minor for n in range(3)]
    assert abs(sum(back) - 478) <= len(back) // 2


def test_only_trips_that_are_still_on_their_cart_are_told_of(database: Connection) -> None:
    """Until the shopper has left; after that the paper says it."""
    trip = pay(database, 1, "trip-1")
    given = disputes.credit(database, trip, "L0", 1, "")
    assert disputes.untold(database, after=0) == [(CART, given)]
    assert disputes.untold(database, after=given.number) == []
    database.execute(update(trip_rows).values(last_seq=99))
    assert disputes.untold(database, after=0) == []


def test_what_was_packed_away_is_still_an_item(database: Connection) -> None:
    """Packed rows are told of and verify like the others; dropped ones leave the receipt."""
    facts = [*trip_events("trip-1", 3), LineContested(9, "L1", "not_mine")]
    entries = rows([*facts, TripClosed(10, "trip-1", 478)])
    ingest(database, CART, batch(entries[:-1]))
    counter.pay(database, CART, PayRequest("trip-1", 1, 478, 1, len(facts)))
    ingest(database, CART, batch(entries[-1:]), now_utc_ms=0)
    before = disputes.rows(database)
    assert [item["line_id"] for item in before] == ["L1"]
    assert archive.archive(database, DAYS_MS, 30, 400).packed == len(entries)
    assert disputes.rows(database) == before
    assert chain.check(database, trip_of(database)) == chain.VERIFIED
    assert archive.archive(database, 2 * DAYS_MS, 30, 30).dropped == 1
    assert chain.check(database, trip_of(database)) == chain.NOT_KEPT


def test_each_receipt_names_the_one_before(database: Connection) -> None:
    """Two paid trips are two links; a credit leaves them as they are."""
    first, second = pay(database, 1, "trip-1"), pay(database, 2, "trip-2")
    found = database.execute(select(links).order_by(links.c.number)).all()
    assert (found[0].before_sha256, found[1].before_sha256) == ("", found[0].sha256)
    disputes.credit(database, first, "L0", 1, "")
    assert [chain.check(database, trip) for trip in (first, second)] == [chain.VERIFIED] * 2


def change(database: Connection, old: bytes, new: bytes) -> None:
    """Write something else into the stored rows."""
    for number, event in database.execute(select(events.c.number, events.c.event)).all():
        changed = update(events).where(events.c.number == number)
        database.execute(changed.values(event=bytes(event).replace(old, new)))


def repay(database: Connection, receipt: bytes, to: bytes) -> None:
    """Write something else into the receipts of the payments."""
    for number, paid in database.execute(select(payments.c.number, payments.c.receipt)).all():
        changed = update(payments).where(payments.c.number == number)
        database.execute(changed.values(receipt=bytes(paid).replace(receipt, to)))


def drop(database: Connection, number: int, *tables: Table) -> None:
    """Delete the row of this number in each table."""
    for table in tables:
        database.execute(delete(table).where(table.c.number == number))


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda database: change(database, b"149", b"100"), "added up again"),
        (lambda database: change(database, b'"t_ms":1', b'"t_ms":2'), "does not follow"),
        (lambda database: database.execute(update(links).values(sha256="f")), "the receipt before"),
        (lambda database: database.execute(delete(events).where(events.c.seq == 5)), "added up"),
        (
            lambda database: repay(database, receipt=b'"total_minor":478', to=b'"total_minor":1'),
            "payment was changed",
        ),
        (
            lambda database: repay(database, receipt=b'"savings_minor":0', to=b'"savings_minor":1'),
            "payment was changed",
        ),
        (
            lambda database: database.execute(update(payments).values(total_minor=1)),
            "payment was changed",
        ),
        (lambda database: database.execute(update(line_credits).values(net_minor=0)), "given back"),
        (lambda database: database.execute(delete(line_credits)), "chain of credits"),
        (lambda database: drop(database, 2, links), "its link"),
        (
            lambda database: drop(database, 2, links, payments),
            "paid as R00000002",
        ),
    ],
)
def test_what_was_changed_afterwards_is_found(
    database: Connection, tamper: Callable[[Connection], object], said: str
) -> None:
    """A price in a stored row, a word in one, a link, a row that is gone."""
    pay(database, 1, "trip-1")
    second = pay(database, 2, "trip-2", settled=True)
    disputes.credit(database, second, "L0", 1, "")
    assert chain.check(database, second) == chain.VERIFIED
    tamper(database)
    assert said in chain.check(database, second)
    assert chain.check(database, second) not in chain.RIGHT


def test_a_newest_link_that_went_is_noticed_anywhere(database: Connection) -> None:
    """Payment, link and trip deleted: the receipt before says that the chain was cut short."""
    first, _ = pay(database, 1, "trip-1"), pay(database, 2, "trip-2")
    drop(database, 2, links, payments, trip_rows)
    assert "newest link of the chain of receipts" in chain.check(database, first)


def test_an_older_store_gets_its_heads(tmp_path: Path) -> None:
    """What was paid and given back before the chains had heads verifies after the take-over."""
    folder = tmp_path / "store"
    import_catalog(folder)
    with closing(open_database(folder)) as database, transaction(database):
        disputes.credit(database, pay(database, 1, "trip-1"), "L1", 1, "it's döner")
        for column in ("deposit_minor", "snap_minor", "sha256"):
            database.exec_driver_sql(f"ALTER TABLE credits DROP COLUMN {column}")
        database.exec_driver_sql("DROP TABLE heads")
        with Operations.context(MigrationContext.configure(database)):
            chain_heads.upgrade()
            signed_heads.upgrade()
        assert chain.check(database, trip_of(database)) == chain.VERIFIED


def of_an_older_version(database: Connection, trip: trips.Trip) -> None:
    """The paid receipt and its link as a version wrote them that kept no shares of lines."""
    link = select(payments.c.receipt, links.c.sha256).join(links, links.c.number == 1)
    kept = msgspec.json.decode(database.execute(link).one().receipt)
    for line in kept["lines"]:
        for name in ("tax_minor", "deposit_minor", "snap_minor"):
            del line[name]
    old = msgspec.json.encode(kept)
    database.execute(update(payments).values(receipt=old))
    sha256 = sha256_of(paper_of(database, trip, ""), old)
    database.execute(update(links).values(sha256=sha256))
    database.execute(update(heads).values(sha256=sha256))


def test_a_receipt_of_an_older_version_is_no_dispute(database: Connection) -> None:
    """It is named as what it is, what was altered in it is found, and a credit has its tax."""
    trip = pay(database, 1, "trip-1")
    of_an_older_version(database, trip)
    assert chain.check(database, trip) == chain.OLDER
    assert chain.OLDER in chain.RIGHT
    assert disputes.credit(database, trip, "L1", 1, "").amount_minor == 149 + 10
    repay(database, receipt=b'"savings_minor":0', to=b'"savings_minor":1')
    assert "payment was changed" in chain.check(database, trip)


def test_who_has_not_the_key_can_make_no_other_chain(database: Connection, tmp_path: Path) -> None:
    """A chain cut short with its head moved back verifies by itself, but not by the store's key."""
    signer = signer_of(tmp_path)
    first = pay(database, 1, "trip-1")
    assert chain.is_new(database)
    pay(database, 2, "trip-2")
    chain.seal(database, signer)
    assert chain.check(database, first, signer.has_signed) == chain.VERIFIED
    drop(database, 2, links, payments, trip_rows)
    kept = database.scalar(select(links.c.sha256))
    database.execute(update(heads).values(number=1, sha256=kept))
    assert chain.check(database, first) == chain.VERIFIED
    assert "no signature of the store" in chain.check(database, first, signer.has_signed)
    assert not chain.is_sealed(database, signer.has_signed)
    assert not chain.is_new(database)


def test_the_commands_of_the_counter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Credit a line, see the dispute, and a receipt that says that it verifies."""
    folder = tmp_path / "store"
    import_catalog(folder)
    with closing(open_database(folder)) as database, transaction(database):
        pay(database, 1, "trip-1", LineContested(9, "L1", "not_mine"))
        chain.seal(database, signer_of(folder))
    capsys.readouterr()
    asked = ["--data", str(folder)]
    assert main(["credit", *asked, "trip-1", "L1", "--reason", "never bought"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["amount_minor"] == 159
    assert main(["credit", *asked, "trip-1", "L1"]) == 1
    assert "0 pieces left" in capsys.readouterr().err
    assert main(["disputes", *asked, "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["credited_minor"] == 159
    assert main(["receipt", *asked, "trip-1"]) == 0
    assert "R00000001: verified" in capsys.readouterr().out
    assert main(["receipt", *asked, "trip-1", "--json"]) == 0
    told = msgspec.json.decode(capsys.readouterr().out, type=trips.PricedTrip)
    assert told.check == chain.VERIFIED


def test_an_unpaid_trip_has_no_link(database: Connection) -> None:
    """It is no receipt yet."""
    facts = [
        *trip_events("trip-1", 1),
        PaymentRequested(5, "trip-1", 1, 159),
        TripClosed(6, "", 0),
    ]
    ingest(database, CART, batch(rows(facts[:3])))
    assert chain.check(database, trip_of(database)) == ""


def test_money_given_back_arrives_on_the_cart(tmp_path: Path) -> None:
    """`store credit` beside the running service: the cart hears of it, also after a restart."""
    folder = tmp_path / "store"
    import_catalog(folder)
    with (
        Broker(tmp_path, "iotcore") as broker,
        StoreProcess(folder, (broker.host, broker.port)) as store,
        CartLink(tmp_path / "cart", (broker.host, broker.port), folder / "store.pub") as cart,
    ):
        cart.hear(CatalogArrived)
        assert cart.hear(LinkChanged).online
        cart.write(trip_events("trip-1", 3))
        until(cart.is_all_acked, "the rows at the store")
        cart.link.perform(RequestPayment("trip-1", 1, 478))
        assert cart.hear(PaymentAnswered).outcome == "settled"
        done = store_command(folder, "credit", "trip-1", "L1")
        assert done.returncode == 0, done.stderr
        credit = cart.hear(CreditCame)
        assert (credit.trip_id, credit.line_id, credit.amount_minor) == ("trip-1", "L1", 159)
        store.kill()
        store.start()
        assert cart.hear(CreditCame).number == credit.number
