"""Whether a receipt can be added up of a basket: the fold of a cart's own journal may say anything.

What can't be is named, so that a person can look, and never mended. It must never judge whether a
price is the right one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from cart.core.basket import Basket, Line
from cart.core.pricing.offers import is_local_time
from cart.core.pricing.scenario import AMOUNT_MINOR_MAX, UNITS_MAX
from cart.core.terms import FeeTaken, Terms
from cart.core.units import PARTS_PER_MILLION
from cart.core.value import Value

Range = tuple[int, int]  # from the least to the most, both included
COUPONS_MAX = 100  # each is held against every line
PIECES, MONEY = (1, UNITS_MAX), (0, AMOUNT_MINOR_MAX)
LINE: dict[str, Range] = {
    "quantity": PIECES,
    "unit_price_minor": MONEY,
    "price_minor": MONEY,
    "higher_unit_minor": MONEY,
    "mass_mg": (0, 1_000_000_000),  # a ton: no cart carries more
}
# One below zero can be added up, where no tax is on it; the store's books say whether it is right.
FEE: dict[str, Range] = {
    "quantity": (-UNITS_MAX, UNITS_MAX),
    "amount_minor": (-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX),
    "rate_ppm": (0, PARTS_PER_MILLION),
}


def wrong_in(basket: Basket) -> str:
    """What of a basket can't be, the first of it; "" where a receipt can be added up."""
    lines, coupons = basket.lines, basket.terms.coupons
    return next(
        chain(
            _wrong_pieces(lines, basket.terms.fees),
            _wrong_terms(basket.terms),
            _twice("line", [line.line_id for line in lines]),
            _twice("coupon", [held.coupon_id for held in coupons]),
        ),
        "",
    )


def _wrong_pieces(lines: Sequence[Line], fees: Sequence[FeeTaken]) -> Iterator[str]:
    for line in lines:
        yield from _beyond(f"line {line.line_id}", line, LINE)
    for fee in fees:
        yield from _beyond(f"fee {fee.fee_id}", fee, FEE)
        if fee.rate_ppm and fee.quantity * fee.amount_minor < 0:
            yield f"fee {fee.fee_id}: tax on {fee.quantity} x {fee.amount_minor}"
    pieces = [line.quantity for line in lines] + [abs(fee.quantity) for fee in fees]
    if sum(pieces) > UNITS_MAX:
        yield f"more than {UNITS_MAX} pieces"


def _wrong_terms(terms: Terms) -> Iterator[str]:
    for deal_id, times in terms.used.items():
        if not 0 <= times <= AMOUNT_MINOR_MAX:
            yield f"used: {deal_id} {times} times"
    for name in ("opened_at", "sold_at"):
        time = getattr(terms, name)
        if time and not is_local_time(time):
            yield f"{name}: {time!r} is no local time"
    if len(terms.coupons) > COUPONS_MAX:
        yield f"more than {COUPONS_MAX} coupons"


def _beyond(of_what: str, row: Value, ranges: dict[str, Range]) -> Iterator[str]:
    for name, (least, most) in ranges.items():
        number: int | None = getattr(row, name)
        if number is not None and not least <= number <= most:
            yield f"{of_what}: {name} {number}"


def _twice(what: str, names: Sequence[str]) -> Iterator[str]:
    if len(set(names)) < len(names):
        yield f"{what}: one of {len(names)} names stands there twice"
