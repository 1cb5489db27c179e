"""What proves an answer: the scenario it is of, everything that was applied, and for each way in
which the offers may take part why nothing in it costs less. `checker.py` verifies it.

Goods and offers are not told again: a checker reads them in the scenario, whose digest is here. It
must never hold more than a stranger needs to check the claim, nor less.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from cart.core.pricing.offers import Deal
from cart.core.pricing.order import Order, Placed, Priced, WayProof
from cart.core.value import Value


class UseTold(Value):
    """One use of an offer: (line, amount off) of each unit it takes."""

    offer: str
    units: tuple[tuple[str, int], ...]


class RowTold(Value):
    """What one offer takes off one line, and who pays it."""

    line: str
    offer: str
    amount: int
    funder: str


class TaxTold(Value):
    """Tax of one category at one rate."""

    category: str
    rate_ppm: int
    base: int
    tax: int


class WayTold(Value):
    """One way, in the order of `ways.widest`: what binding offers take first, a value for a unit of
    each line, and the total that nothing in this way is below."""

    first: tuple[UseTold, ...]
    values: tuple[int, ...]
    least: int


class Certificate(Value):
    """The claim: this scenario costs `total`, by these applications, and nothing legal costs less
    than `gap` below it. `digest` is of all the rest."""

    scenario: str
    total: int
    gap: int
    prices: tuple[str, ...]
    uses: tuple[UseTold, ...]
    on_basket: tuple[str, ...]
    coupons: tuple[str, ...]
    rows: tuple[RowTold, ...]
    taxes: tuple[TaxTold, ...]
    tax: int
    deposit: int
    fees: int
    snap: int
    ways: tuple[WayTold, ...]
    digest: str = ""


def digest_of_scenario(row: Mapping[str, Any]) -> str:
    """SHA-256 of a scenario's canonical JSON: keys sorted, no space."""
    return hashlib.sha256(msgspec.json.encode(row, order="sorted")).hexdigest()


def digest_of(certificate: Certificate) -> str:
    """SHA-256 of a certificate's JSON, its digest left out."""
    told = replace(certificate, digest="")
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def certificate_of(row: Mapping[str, Any], order: Order, priced: Priced) -> Certificate:
    """The certificate of the answer to a scenario, which was read as this order."""
    way = priced.proof.way
    certificate = Certificate(
        scenario=digest_of_scenario(row),
        total=priced.total_minor,
        gap=priced.gap_minor,
        prices=_ids(way.prices),
        uses=_uses(order, priced.proof.uses),
        on_basket=_ids(way.tops),
        coupons=_ids(way.coupons),
        rows=rows_of(priced),
        taxes=taxes_of(priced),
        tax=priced.tax_minor,
        deposit=priced.deposit_minor,
        fees=priced.fees_minor,
        snap=priced.snap_minor,
        ways=tuple([_way(order, found) for found in priced.proof.ways]),
    )
    return replace(certificate, digest=digest_of(certificate))


def rows_of(priced: Priced) -> tuple[RowTold, ...]:
    """Every cent that was taken off."""
    return tuple([RowTold(*row) for row in priced.rows])


def taxes_of(priced: Priced) -> tuple[TaxTold, ...]:
    """Every row of tax."""
    return tuple([TaxTold(*row) for row in priced.taxes])


def _way(order: Order, found: WayProof) -> WayTold:
    return WayTold(_uses(order, found.first), found.values, found.lower_minor)


def _ids(deals: Sequence[Deal]) -> tuple[str, ...]:
    return tuple([deal.deal_id for deal in deals])


def _uses(order: Order, uses: Placed) -> tuple[UseTold, ...]:
    return tuple([
        UseTold(deal.deal_id, tuple([(order.items[n].line_id, off) for n, _, off in units]))
        for deal, units in uses
    ])  # fmt: skip
