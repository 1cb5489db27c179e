"""Trips as the store sees them: where each lies in a journal, its basket, and its receipt.

The basket is the cart's own fold and the receipt the cart's own engine, so both sides add up the
same way. It must never hold a price or a rule of its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from cart.contract.decoding import decoder_of
from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.core.basket import Basket, Line, fold
from cart.core.catalog import CatalogIndex
from cart.core.events import (
    CatalogAdopted,
    Event,
    PaymentSettled,
    TripBound,
    TripClosed,
    TripHandedOver,
    TripOpened,
)
from cart.core.overlay import overlaid
from cart.core.pricing.engine import receipt_of
from cart.core.receipt import Receipt
from cart.core.restrictions import recalled
from cart.core.state import State
from cart.core.terms import Held
from cart.core.value import Value
from store import adopted as shelves
from store import archive, holding, numbers
from store.possible import wrong_in
from store.tables import events, grants, journals, payments, snaps, trips

SEQ_MAX = 2**62
# What can't be read, and what empties the basket: a trip is what it was before.
LEFT_OUT = (archive.UNREADABLE, "trip_closed", "trip_handed_over")
NUMBER_DIGITS = 18  # of a receipt's number


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

    `receipt_id` is "" until it is paid, `check` what `chain.check` says of it, and `later` what its
    cart said of it after that, in words."""

    cart: str
    trip_id: str
    shopper: str | None
    closed: bool
    receipt_id: str
    receipt: Receipt
    lines: tuple[Line, ...]
    coupons: tuple[Held, ...] = ()
    check: str = ""
    later: tuple[str, ...] = ()


class Told(NamedTuple):
    """A basket, and the catalogs that its cart had during the trip, the newest last."""

    basket: Basket
    adopted: tuple[CatalogAdopted, ...]


COLUMNS = tuple(trips.c[name] for name in Trip.__struct_fields__)


def note(
    database: Connection, cart: str, epoch: int, seq: int, event: Event, now_utc_ms: int = 0
) -> None:
    """Follow where trips begin, get their shopper and end. Whose trip it is the store's own grants
    say, whatever the cart does."""
    match event:
        case TripOpened(trip_id=trip_id):
            shopper = _granted_to(database, cart, event)
            # A journal that was replaced tells the same trip again in its next epoch.
            database.execute(delete(trips).where(trips.c.cart == cart, trips.c.trip_id == trip_id))
            opened = {"epoch": epoch, "first_seq": seq, "shopper": shopper}
            database.execute(insert(trips).values(cart=cart, trip_id=trip_id, **opened))
        case TripBound(trip_id=trip_id):
            newest = select(func.max(trips.c.number)).where(_open(cart, epoch)).scalar_subquery()
            told = (trips.c.cart == cart, trips.c.trip_id == trip_id, trips.c.number != newest)
            database.execute(delete(trips).where(*told))
            bound = {"trip_id": trip_id, "shopper": _granted_to(database, cart, event)}
            database.execute(update(trips).where(trips.c.number == newest).values(**bound))
        case PaymentSettled(receipt_id=receipt_id):
            numbers.told(database, receipt_id)
        case TripClosed() | TripHandedOver():
            closed = {"last_seq": seq, "closed_utc_ms": now_utc_ms}
            database.execute(update(trips).where(_open(cart, epoch)).values(**closed))
        case _:
            pass


def grant_of(database: Connection, cart: str, trip_id: str, shopper: str | None) -> Row[Any] | None:
    """The store's own word that a trip is this shopper's (None: a guest that it moved here)."""
    same = (grants.c.trip_id == trip_id, grants.c.cart == cart, grants.c.shopper == (shopper or ""))
    return database.execute(select(grants).where(*same)).first()


def used_of(granted: Row[Any] | None) -> dict[str, int] | None:
    """How often the shopper of a grant had had each limited offer; None where nobody knows."""
    if granted is None or granted.used is None:
        return None
    return decoder_of(dict[str, int]).decode(bytes(granted.used))


def _granted_to(database: Connection, cart: str, said: TripOpened | TripBound) -> str | None:
    return said.shopper if grant_of(database, cart, said.trip_id, said.shopper) else None


def _open(cart: str, epoch: int) -> ColumnElement[bool]:
    return and_(trips.c.cart == cart, trips.c.epoch == epoch, trips.c.last_seq.is_(None))


def find(database: Connection, trip_id: str, cart: str | None = None) -> Trip | None:
    """A trip by its id, which is the store's own or has the cart's name in front."""
    asked = select(*COLUMNS).where(trips.c.trip_id == trip_id)
    row = database.execute(asked if cart is None else asked.where(trips.c.cart == cart)).first()
    return Trip(*row) if row else None


def find_paid(database: Connection, named: str) -> Trip | None:
    """A trip by its receipt's id."""
    digits = named[1 : 1 + NUMBER_DIGITS]
    if not digits.isdecimal() or receipt_id(int(digits)) != named:
        return None
    number = payments.c.number == int(digits)
    paid = database.execute(select(payments.c.cart, payments.c.trip_id).where(number)).first()
    return None if paid is None else find(database, paid.trip_id, paid.cart)


def open_at(database: Connection, cart: str) -> Trip | None:
    """The trip that goes on at a cart, by its newest journal; None between trips."""
    newest = select(func.max(journals.c.epoch)).where(journals.c.cart == cart).scalar_subquery()
    goes_on = (trips.c.cart == cart, trips.c.epoch == newest, trips.c.last_seq.is_(None))
    row = database.execute(select(*COLUMNS).where(*goes_on).order_by(trips.c.number.desc())).first()
    return Trip(*row) if row else None


def rewind(database: Connection, cart: str, epoch: int, seq: int) -> None:
    """Forget what rows after `seq` had said of trips; they will say it again."""
    of_journal = (trips.c.cart == cart, trips.c.epoch == epoch)
    database.execute(delete(trips).where(*of_journal, trips.c.first_seq > seq))
    again = update(trips).where(*of_journal, trips.c.last_seq > seq)
    database.execute(again.values(last_seq=None, closed_utc_ms=None))
    told = (snaps.c.cart == cart, snaps.c.epoch == epoch, snaps.c.upto_seq > seq)
    database.execute(delete(snaps).where(*told))


def called_back(database: Connection, trip: Trip, upto_seq: int, now_utc_ms: int) -> str:
    """A line of a trip that must not be sold by now, and why; "" without one."""
    basket, adopted = told(database, trip, upto_seq)
    overlay = holding.recalls(database, now_utc_ms)
    index = CatalogIndex(overlaid(shelves.index_of(database, adopted).catalog, overlay))
    stops = recalled(State(basket=basket, catalog=index))
    return f"{stops[0].name} was called back: {stops[0].refused.reason}" if stops else ""


def has_unreadable(database: Connection, trip: Trip) -> bool:
    """Whether rows of a trip are kept that this store can't read."""
    within = events.c.seq.between(trip.first_seq, trip.last_seq or SEQ_MAX)
    of_journal = (events.c.cart == trip.cart, events.c.epoch == trip.epoch)
    kinds = select(events.c.number).where(*of_journal, within, events.c.kind == archive.UNREADABLE)
    return database.scalar(kinds.limit(1)) is not None


def fold_of(database: Connection, trip: Trip, upto_seq: int) -> Basket:
    """The basket of a trip as of a journal row. Raises ContractError."""
    return told(database, trip, upto_seq).basket


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
        basket, adopted = told(database, trip, upto_seq)
        index = shelves.index_of(database, adopted)
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


def receipt_id(number: int) -> str:
    """The name on a receipt, from the number of its payment."""
    return f"R{number:08d}"


def told(database: Connection, trip: Trip, upto_seq: int = SEQ_MAX) -> Told:
    """What a cart said of a trip before it was closed, as of a row. Raises ContractError."""
    last_seq = min(upto_seq, trip.last_seq or SEQ_MAX)
    rows = archive.rows(database, trip.cart, trip.epoch, trip.first_seq, last_seq)
    facts: list[tuple[int, Event]] = [
        (row.seq, decode_json(Event, bytes(row.event), "a stored event"))
        for row in (*_adopted_before(database, trip), *rows)
        if row.kind not in LEFT_OUT
    ]
    told_seq, told = _snapshot(database, trip, last_seq)
    try:
        basket = fold([event for seq, event in facts if seq > told_seq], told)
    except AssertionError as error:
        # Here the fold judges a cart's rows, which come from outside, not our own reasoning.
        raise ContractError(f"trip {trip.trip_id}: its events do not fit: {error}") from error
    if wrong := wrong_in(basket):
        raise ContractError(f"trip {trip.trip_id}: no receipt can be added up: {wrong}")
    adopted = [event for _, event in facts if isinstance(event, CatalogAdopted)]
    return Told(basket, tuple(adopted))


def _snapshot(database: Connection, trip: Trip, upto_seq: int) -> tuple[int, Basket]:
    """Where the fold begins: an empty basket, or the snapshot that stands for rows that can't be
    read (`store.healing`) and the row it was taken at."""
    row = database.execute(
        select(snaps.c.upto_seq, snaps.c.basket).where(
            snaps.c.cart == trip.cart,
            snaps.c.trip_id == trip.trip_id,
            snaps.c.epoch == trip.epoch,
            snaps.c.upto_seq <= upto_seq,
        )
    ).first()
    if row is None:
        return 0, Basket()
    return row.upto_seq, decode_json(Basket, bytes(row.basket), "a stored snapshot")


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
