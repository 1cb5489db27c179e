"""Trips as the store sees them: where each lies in a journal, its basket, and its receipt.

The basket is the cart's own fold and the receipt the cart's own engine, so both sides add up the
same way. It must never hold a price or a rule of its own.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from msgspec import json
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, select, update

from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.core.basket import Basket, Line, fold
from cart.core.catalog import CatalogIndex, parse_catalog
from cart.core.events import CatalogAdopted, Event, TripBound, TripClosed, TripOpened
from cart.core.pricing.engine import receipt_of
from cart.core.receipt import Receipt
from cart.core.terms import Held
from cart.core.value import Value
from store import archive
from store import catalogs as shelf
from store.tables import catalogs, events, payments, trips

SEQ_MAX = 2**62


class Trip(Value):
    """One row of `trips`: the journal rows `first_seq` to `last_seq` (None: it goes on)."""

    cart: str
    trip_id: str
    epoch: int
    first_seq: int
    last_seq: int | None
    shopper: str | None


class PricedTrip(Value):
    """A trip added up. `lines` carry the evidence of each line of the receipt; `coupons` are those
    that the shopper showed.

    `receipt_id` is "" until it is paid, and `check` what `chain.check` says of it."""

    cart: str
    trip_id: str
    shopper: str | None
    closed: bool
    receipt_id: str
    receipt: Receipt
    lines: tuple[Line, ...]
    coupons: tuple[Held, ...] = ()
    check: str = ""


COLUMNS = tuple(trips.c[name] for name in Trip.__struct_fields__)


def note(
    database: Connection, cart: str, epoch: int, seq: int, event: Event, now_utc_ms: int = 0
) -> None:
    """Follow where trips begin, get their shopper and end."""
    match event:
        case TripOpened(trip_id=trip_id, shopper=shopper):
            # A journal that was replaced tells the same trip again in its next epoch.
            database.execute(delete(trips).where(trips.c.cart == cart, trips.c.trip_id == trip_id))
            opened = {"epoch": epoch, "first_seq": seq, "shopper": shopper}
            database.execute(insert(trips).values(cart=cart, trip_id=trip_id, **opened))
        case TripBound(trip_id=trip_id, shopper=shopper):
            newest = select(func.max(trips.c.number)).where(_open(cart, epoch)).scalar_subquery()
            told = (trips.c.cart == cart, trips.c.trip_id == trip_id, trips.c.number != newest)
            database.execute(delete(trips).where(*told))
            bound = {"trip_id": trip_id, "shopper": shopper}
            database.execute(update(trips).where(trips.c.number == newest).values(**bound))
        case TripClosed():
            closed = {"last_seq": seq, "closed_utc_ms": now_utc_ms}
            database.execute(update(trips).where(_open(cart, epoch)).values(**closed))
        case _:
            pass


def _open(cart: str, epoch: int) -> ColumnElement[bool]:
    return and_(trips.c.cart == cart, trips.c.epoch == epoch, trips.c.last_seq.is_(None))


def find(database: Connection, trip_id: str, cart: str | None = None) -> Trip | None:
    """A trip by its id, which is the store's own or has the cart's name in front."""
    asked = select(*COLUMNS).where(trips.c.trip_id == trip_id)
    row = database.execute(asked if cart is None else asked.where(trips.c.cart == cart)).first()
    return Trip(*row) if row else None


def all_trips(database: Connection) -> list[Trip]:
    """Every trip, newest last."""
    return [Trip(*row) for row in database.execute(select(*COLUMNS).order_by(trips.c.number))]


def priced(database: Connection, trip: Trip, upto_seq: int = SEQ_MAX) -> PricedTrip:
    """Add up a trip as of a journal row, and with what was paid. Raises ContractError.

    Of a trip whose rows were dropped the receipt as it was paid is left, without evidence."""
    paid = database.execute(
        select(payments.c.number, payments.c.receipt).where(
            payments.c.cart == trip.cart, payments.c.trip_id == trip.trip_id
        )
    ).first()
    basket = Basket()
    if archive.rows(database, trip.cart, trip.epoch, trip.first_seq, trip.first_seq):
        basket, adopted = _basket(database, trip, upto_seq)
        index = _index(_catalog(database, adopted))
        receipt = receipt_of(basket.lines, index, basket.member, basket.terms)
    elif paid:
        receipt = decode_json(Receipt, bytes(paid.receipt), "a stored receipt")
    else:
        raise ContractError(f"trip {trip.trip_id}: dropped from the archive, and never paid")
    return PricedTrip(
        cart=trip.cart,
        trip_id=trip.trip_id,
        shopper=trip.shopper,
        closed=trip.last_seq is not None,
        receipt_id=receipt_id(paid.number) if paid else "",
        receipt=receipt,
        lines=basket.lines,
        coupons=basket.terms.coupons,
    )


def used_before(database: Connection, shopper: str) -> dict[str, int]:
    """How often a shopper has paid with each offer that has a limit a shopper."""
    newest = shelf.newest_data(database)
    deals = () if newest is None else _index(newest).catalog.deals
    limited = frozenset(deal.deal_id for deal in deals if deal.max_per_shopper is not None)
    used = Counter[str]()
    if limited:
        for receipt in database.scalars(_paid_by(shopper)):
            used.update(json.decode(bytes(receipt), type=Receipt).applied)
    return {deal_id: used[deal_id] for deal_id in sorted(limited) if used[deal_id]}


def _paid_by(shopper: str) -> Select[bytes]:
    same = and_(payments.c.cart == trips.c.cart, payments.c.trip_id == trips.c.trip_id)
    return select(payments.c.receipt).join(trips, same).where(trips.c.shopper == shopper)


def receipt_id(number: int) -> str:
    """The name on a receipt, from the number of its payment."""
    return f"R{number:08d}"


def _basket(
    database: Connection, trip: Trip, upto_seq: int
) -> tuple[Basket, CatalogAdopted | None]:
    """The basket before the trip was closed, and the catalog it is priced by."""
    last_seq = min(upto_seq, trip.last_seq - 1 if trip.last_seq else SEQ_MAX)
    rows = archive.rows(database, trip.cart, trip.epoch, trip.first_seq, last_seq)
    facts: list[Event] = [
        decode_json(Event, bytes(row.event), "a stored event")
        for row in (*_adopted_before(database, trip), *rows)
        if row.kind != archive.UNREADABLE
    ]
    try:
        basket = fold(facts)
    except AssertionError as error:
        # Here the fold judges a cart's rows, which come from outside, not our own reasoning.
        raise ContractError(f"trip {trip.trip_id}: its events do not fit: {error}") from error
    adopted = [event for event in facts if isinstance(event, CatalogAdopted)]
    return basket, adopted[-1] if adopted else None


def _adopted_before(database: Connection, trip: Trip) -> list[archive.Row]:
    """The row that says by which catalog the trip began; it is never packed away."""
    seq = database.scalar(
        select(func.max(events.c.seq)).where(
            events.c.cart == trip.cart,
            events.c.epoch == trip.epoch,
            events.c.seq < trip.first_seq,
            events.c.kind == "catalog_adopted",
        )
    )
    return archive.rows(database, trip.cart, trip.epoch, seq, seq) if seq else []


def _catalog(database: Connection, adopted: CatalogAdopted | None) -> bytes:
    if adopted is None:
        raise ContractError("the cart had no catalog; import one with: python -m store import")
    asked = catalogs.c.sha256 == adopted.sha256
    if adopted.sha256 == "":
        asked = catalogs.c.version == adopted.version
    data = database.scalar(select(catalogs.c.data).where(asked))
    if data is None:
        raise ContractError(f"the cart's catalog, version {adopted.version}, is not this store's")
    return bytes(data)


@lru_cache(maxsize=4)
def _index(data: bytes) -> CatalogIndex:
    """A catalog is large and rarely changes; its bytes name it."""
    return CatalogIndex(parse_catalog(data))
