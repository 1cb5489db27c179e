"""A trip by the store's own books: prices and fees of the catalogs that its cart had while it went
on, and a member only where the store granted the trip to one.

A cart's journal is the cart's own word. Where its receipt differs from the store's, nothing is
taken: a person looks. It must never change what a cart said, nor ask for more than the lowest price
that explains a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace
from sqlalchemy import Connection, select

from cart.contract.lines import ContractError
from cart.core import codes
from cart.core.basket import Line
from cart.core.catalog import CatalogIndex
from cart.core.events import CatalogAdopted
from cart.core.pricing.engine import receipt_of
from cart.core.receipt import Receipt
from cart.core.terms import FeeTaken
from cart.core.weights import price_of_weight_minor
from store import adopted, trips
from store.tables import moves


def receipt_by_the_books(database: Connection, trip: trips.Trip, upto_seq: int) -> Receipt:
    """What a trip costs as of a journal row. Raises ContractError for what was not sold
    here while it went on."""
    basket, had = trips.told(database, trip, upto_seq)
    known = adopted.index_of(database, had)
    shelves = adopted.Shelves(database, (*_brought(database, trip), *had))
    lines = tuple([_line(line, shelves) for line in basket.lines])
    fees = tuple([_fee(fee, shelves) for fee in basket.terms.fees])
    granted = trips.grant_of(database, trip.cart, trip.trip_id, basket.shopper)
    is_member = granted is not None and bool(granted.member)
    used = trips.used_of(granted)
    used = basket.terms.used if used is None else used
    return receipt_of(lines, known, is_member, replace(basket.terms, fees=fees, used=used))


def _brought(database: Connection, trip: trips.Trip) -> Sequence[CatalogAdopted]:
    """The catalogs by which a trip was priced at the cart that it comes from."""
    here = (moves.c.to_cart == trip.cart, moves.c.to_trip == trip.trip_id)
    moved = database.execute(select(moves).where(*here)).first()
    before = None if moved is None else trips.find(database, moved.from_trip, moved.from_cart)
    if moved is None or before is None:
        return ()
    return (*_brought(database, before), *trips.told(database, before, moved.upto_seq).adopted)


def _line(line: Line, indexes: Iterable[CatalogIndex]) -> Line:
    """A line at its price; at the lowest that it may have had, where it has another."""
    prices: list[tuple[int, int]] = []
    for index in indexes:
        prices += _prices(line, index)
        if (line.price_minor, line.unit_price_minor) in prices:
            return line
    if not prices:
        raise ContractError(f"line {line.line_id}: {line.sku} was not sold so; ask the staff")
    price_minor, unit_minor = min(prices)
    return replace(line, price_minor=price_minor, unit_price_minor=unit_minor)


def _prices(line: Line, index: CatalogIndex) -> Iterator[tuple[int, int]]:
    """What a line may cost by one catalog: the whole, and a unit of it."""
    product, label = index.by_sku.get(line.sku), _label(line, index)
    if line.mass_mg is None and label is not None and label.price_minor is not None:
        yield label.price_minor * line.quantity, label.price_minor
    if product is None or (line.mass_mg is None) != (product.sold_by == "each"):
        return
    unit_minor = product.price_minor
    if line.mass_mg is None:
        yield unit_minor * line.quantity, unit_minor
        return
    # What a label told is exact; a cart of an older version that brought it along left it out.
    for told in (line.weight, None if label is None else label.weight, line.mass_mg):
        if told is not None:
            yield price_of_weight_minor(told, unit_minor, product.price_unit), unit_minor


def _label(line: Line, index: CatalogIndex) -> codes.ProductCode | None:
    """The code that was read of a line, where it means this product."""
    code = line.evidence.code
    said = None if code is None else codes.meaning(code.text, code.symbology, index)
    is_it = isinstance(said, codes.ProductCode) and said.sku == line.sku
    return said if is_it and isinstance(said, codes.ProductCode) else None


def _fee(taken: FeeTaken, indexes: Iterable[CatalogIndex]) -> FeeTaken:
    """A fee as the store asks for it; at the lowest price, where the cart told another."""
    found: list[FeeTaken] = []
    for index in indexes:
        found += [
            replace(
                taken,
                quantity=max(1, min(taken.quantity, fee.quantity_max)),
                amount_minor=fee.price_minor,
                rate_ppm=index.rate_ppm_by_category.get(fee.tax_category, 0),
                snap=fee.snap,
            )
            for fee in index.catalog.fees
            if fee.fee_id == taken.fee_id
        ]
        if taken in found:
            return taken
    if not found:
        raise ContractError(f"fee {taken.fee_id}: the store asks for no such fee; ask the staff")
    return min(found, key=lambda fee: fee.amount_minor)
