"""Whether a trip that moved began, at its new cart, with exactly what it brought along.

The lines at the new cart are that cart's own word, and goods could leave by a shorter list. What
differs is shown to a person and not paid for. It must never mend a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.core.basket import Basket, Line
from cart.core.events import Event, ItemAdded, TimeNoted, TripBound, TripOpened
from store import archive, moving, trips
from store.tables import moves

# What a line costs and what it is: the rest is how it was found out.
SAME = ("sku", "quantity", "unit_price_minor", "price_minor", "mass_mg", "higher_unit_minor")
WORDS_MAX = 300


class Difference(NamedTuple):
    """A trip at its new cart, the lines it began with, and those it brought, in words."""

    cart: str
    trip_id: str
    cart_says: str
    store_says: str


def differences(database: Connection) -> Iterator[Difference]:
    """Every moved trip that did not begin as it should, or not at all so far."""
    arrived = select(moves.c.to_cart, moves.c.to_trip).where(moves.c.to_trip != "")
    for cart, trip_id in database.execute(arrived).all():
        if (found := difference(database, cart, trip_id)) is not None:
            yield found


def difference(database: Connection, cart: str, trip_id: str) -> Difference | None:
    """What is different; None for a trip that began here, or as it should."""
    try:
        carried = moving.carried_to(database, trip_id)
    except ContractError:
        return None  # the rows of before were dropped: nothing can be said
    if carried is None:
        return None
    brought = decode_json(Basket, carried, "a stored basket").lines
    trip = trips.find(database, trip_id, cart)
    if trip is None:
        return Difference(cart, trip_id, "it has not begun", words(brought))
    begun = _begun(database, trip)
    if begun is None or [*map(_what, begun)] == [*map(_what, brought)]:
        return None
    return Difference(cart, trip_id, words(begun), words(brought))


def _begun(database: Connection, trip: trips.Trip) -> list[ItemAdded] | None:
    """The lines stated with the trip's name, in one breath; None where its rows were dropped."""
    upto = trip.last_seq or trips.SEQ_MAX
    rows = iter(archive.rows(database, trip.cart, trip.epoch, trip.first_seq, upto))
    for row in rows:
        named = _event(row)
        if isinstance(named, TripOpened | TripBound) and named.trip_id == trip.trip_id:
            break
    else:
        return None
    begun: list[ItemAdded] = []
    for row in rows:
        event = _event(row)
        if isinstance(event, ItemAdded) and event.evidence.decided_by == "carried":
            begun.append(event)
        elif not isinstance(event, TimeNoted):
            break
    return begun


def _event(row: archive.Row) -> Event | None:
    if row.kind == archive.UNREADABLE:
        return None
    event: Event = decode_json(Event, bytes(row.event), "a stored event")
    return event


def _what(line: Line | ItemAdded) -> tuple[Any, ...]:
    return tuple(getattr(line, name) for name in SAME)


def words(lines: Iterable[Line | ItemAdded]) -> str:
    """What lines are and cost, for a person."""
    told = ", ".join(f"{line.sku} {line.quantity} at {line.price_minor}" for line in lines)
    return told[:WORDS_MAX] or "nothing"
