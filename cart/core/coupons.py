"""What coupons and bottle vouchers take off this basket: from their codes to offers.

Codes are read anew each time, by the cart and by the store, so that both apply the same rules. A
coupon whose goods are missing takes nothing off, and counts as soon as they are there. It must
never decide whether a coupon is genuine: of AI 8112 and vouchers that is the store's.

Source of the rules: GS1 US, North American Coupon Application Guideline; docs/codes.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

from msgspec.structs import replace

from cart.core import codes
from cart.core.basket import Line
from cart.core.catalog import CatalogIndex, Product
from cart.core.coding.coupons import Coupon as Printed
from cart.core.coding.coupons import Purchase
from cart.core.pricing.basket_amount_off import BasketAmountOff
from cart.core.pricing.basket_percent_off import BasketPercentOff
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.offers import PRICE_MINOR_MAX, Funder
from cart.core.terms import Held
from cart.core.units import divide_half_up
from cart.core.value import Value

Paper = codes.CouponCode | codes.PositiveOfferCode | codes.VoucherCode
Offer = Coupon | BasketAmountOff | BasketPercentOff
BOTTLES = "Bottles given back"
ANY_FAMILY = "000"
PIECES_MAX = 1_000
PPM_OF_PERCENT = 10_000
POUND_MG_HUNDREDTHS = 45_359_237

# How the purchases combine: each way names those that must be met, all by different pieces.
RULES: dict[str, tuple[tuple[int, ...], ...]] = {
    "0": ((0,), (1,), (2,)),
    "1": ((0, 1, 2),),
    "2": ((0, 1), (0, 2)),
    "3": ((0,), (1, 2)),
}


class Unit(Value):
    """One piece, or one weighed portion, that a purchase may count."""

    sku: str
    price_minor: int
    mass_mg: int


# What a requirement counts of a unit, and how much of that one printed unit of it is.
MEASURES: dict[str, tuple[Callable[[Unit], int], int]] = {
    "0": (lambda _unit: 1, 1),
    "1": (lambda unit: unit.price_minor, 1),
    "2": (lambda unit: unit.mass_mg, divide_half_up(POUND_MG_HUNDREDTHS, 100)),
    "3": (lambda unit: unit.mass_mg, 1_000_000),
}
WHOLE_BASKET, NOTHING = "4", "9"


def paper_of(held: Held, index: CatalogIndex) -> Paper | None:
    """What a kept code says; None where the catalog, a newer one, knows it no more."""
    said = codes.meaning(held.text, held.symbology, index)
    return said if isinstance(said, Paper) else None


def offers_of(
    held: Sequence[Held], lines: Sequence[Line], index: CatalogIndex, now: str
) -> tuple[Offer, ...]:
    """The offers that the coupons in hand are, as of a local time; each may be used once."""
    found = [offer_of(coupon, lines, index, now) for coupon in held if not coupon.waits]
    return tuple([offer for offer in found if offer is not None])


def offer_of(held: Held, lines: Sequence[Line], index: CatalogIndex, now: str) -> Offer | None:
    """One coupon as an offer; None where its goods are missing, or its day is not known to be."""
    paper = paper_of(held, index)
    if isinstance(paper, codes.CouponCode):
        return _printed(held.coupon_id, paper.coupon, lines, index, now)
    if isinstance(paper, codes.PositiveOfferCode):
        terms = index.positive_offers.get((paper.offer.funder, paper.offer.offer))
        if terms is not None:
            return replace(terms.coupon, deal_id=held.coupon_id)
    return None


def vouchers_of(held: Sequence[Held], index: CatalogIndex) -> tuple[tuple[str, int], ...]:
    """The bottle vouchers that the store holds for this trip, each with its amount."""
    papers = [(coupon.coupon_id, paper_of(coupon, index)) for coupon in held if not coupon.waits]
    return tuple([
        (coupon_id, paper.amount_minor)
        for coupon_id, paper in papers
        if isinstance(paper, codes.VoucherCode)
    ])  # fmt: skip


def title_of(held: Held, index: CatalogIndex) -> str:
    """A name that a shopper knows it by."""
    paper = paper_of(held, index)
    if isinstance(paper, codes.CouponCode):
        return f"Coupon {paper.coupon.offer}"
    if isinstance(paper, codes.PositiveOfferCode):
        terms = index.positive_offers.get((paper.offer.funder, paper.offer.offer))
        return terms.coupon.title if terms and terms.coupon.title else f"Coupon {paper.offer.offer}"
    return BOTTLES


def fault(paper: Paper, index: CatalogIndex, now: str) -> str:
    """Why this store does not take it: the code of a notice, or "". A day that nobody knows
    speaks against no coupon yet."""
    if isinstance(paper, codes.VoucherCode):
        return ""
    if isinstance(paper, codes.PositiveOfferCode):
        known = (paper.offer.funder, paper.offer.offer) in index.positive_offers
        return "" if known else "coupon_not_for_us"
    coupon = paper.coupon
    needs = [need for need in _purchases(coupon) if need.code in MEASURES]
    sold = index.catalog.products
    if needs and not any(_counts(row, need, coupon) for need in needs for row in sold):
        return "coupon_not_for_us"
    return _fault_of_print(coupon, index, now)


def _fault_of_print(coupon: Printed, index: CatalogIndex, now: str) -> str:
    day = now[2:10].replace("-", "")  # as coupons print it; they are of no other century
    if coupon.expires and day and day > coupon.expires:
        return "coupon_expired"
    if coupon.starts and day and day < coupon.starts:
        return "coupon_too_early"
    if coupon.retailer and coupon.retailer != index.catalog.retailer:
        return "coupon_of_others"
    return ""


def _purchases(coupon: Printed) -> tuple[Purchase, ...]:
    return tuple([need for need in (coupon.purchase, coupon.second, coupon.third) if need])


def _counts(product: Product, need: Purchase, coupon: Printed) -> bool:
    """Whether a product is of the company and of the family that a purchase asks for."""
    company = need.gcp or coupon.gcp
    if need.family not in (ANY_FAMILY, product.coupon_family):
        return False
    # A company's prefix of North America begins the 12 digits of a UPC-A, any other the 13.
    return any(
        gtin[1:].startswith(company) or (gtin[1] == "0" and gtin[2:].startswith(company))
        for gtin in product.gtins
    )


def _units(lines: Sequence[Line], index: CatalogIndex) -> list[Unit]:
    """Every piece in the basket that is still in the catalog, dearest first: so does the engine
    take them."""
    units = [
        Unit(line.sku, line.price_minor // line.quantity, (line.mass_mg or 0) // line.quantity)
        for line in lines
        if line.sku in index.by_sku
        for _ in range(line.quantity)
    ]
    return sorted(units, key=lambda unit: (-unit.price_minor, unit.sku))


def _of(need: Purchase, coupon: Printed, units: Sequence[Unit], index: CatalogIndex) -> list[Unit]:
    """Those that count for a purchase."""
    return [unit for unit in units if _counts(index.by_sku[unit.sku], need, coupon)]


def _pieces(need: Purchase, units: Sequence[Unit]) -> int | None:
    """How many of these units, from the first on, meet a purchase; None where all do not."""
    measure, scale = MEASURES[need.code]
    wanted, got = need.requirement * scale, 0
    for count, unit in enumerate(units, 1):
        got += measure(unit)
        if got >= wanted:
            return count
    return None


def _are_met(
    needs: Sequence[Purchase], coupon: Printed, lines: Sequence[Line], index: CatalogIndex
) -> bool:
    """Whether purchases are met together: no piece counts for two of them."""
    spent_minor = sum([line.price_minor for line in lines])
    if any(need.code == WHOLE_BASKET and spent_minor < need.requirement for need in needs):
        return False
    units = _units(lines, index)
    goods = [
        (need, [_counts(index.by_sku[unit.sku], need, coupon) for unit in units])
        for need in needs
        if need.code in MEASURES
    ]
    return any(_fit(order, units) for order in permutations(goods))


def _fit(goods: Sequence[tuple[Purchase, Sequence[bool]]], units: Sequence[Unit]) -> bool:
    """Whether each purchase in turn is met by what is left, when it takes first what the fewest
    others want and then what counts most."""
    left = list(range(len(units)))
    for place, (need, counts) in enumerate(goods):
        others = [wanted for _, wanted in goods[place + 1 :]]
        measure, _ = MEASURES[need.code]
        ranked = sorted([
            (sum([wanted[at] for wanted in others]), -measure(units[at]), at)
            for at in left
            if counts[at]
        ])  # fmt: skip
        taken = _pieces(need, [units[at] for *_, at in ranked])
        if taken is None:
            return False
        gone = [at for *_, at in ranked[:taken]]
        left = [at for at in left if at not in gone]
    return True


def _printed(
    coupon_id: str, coupon: Printed, lines: Sequence[Line], index: CatalogIndex, now: str
) -> Offer | None:
    """AI 8110: the purchases it asks for, by its rule, and what it takes off the one it is on."""
    dated = coupon.expires or coupon.starts
    if (dated and not now) or _fault_of_print(coupon, index, now):
        return None
    needs = _purchases(coupon)
    at = min(int(coupon.applies_to), len(needs) - 1)
    on = needs[at]
    if not any(
        _are_met([needs[n] for n in range(len(needs)) if n in way or n == at], coupon, lines, index)
        for way in _ways(coupon)
    ):
        return None
    title = f"Coupon {coupon.offer}"
    funder: Funder = "manufacturer" if coupon.store_coupon == "0" else "store"
    if coupon.save_value_code == "6" or on.code in (WHOLE_BASKET, NOTHING):
        return _off_the_basket(coupon_id, title, funder, coupon, on)
    units = _of(on, coupon, _units(lines, index), index)
    return _off_goods(coupon_id, title, funder, coupon, units, _pieces(on, units) or 1)


def _ways(coupon: Printed) -> list[tuple[int, ...]]:
    """The ways to meet the rule with the purchases there are; "all" is all of those."""
    count = len(_purchases(coupon))
    if coupon.rule == "1":
        return [tuple(range(count))]
    ways = [way for way in RULES[coupon.rule] if max(way) < count]
    return ways if coupon.second else [(0,)]


def _off_the_basket(
    coupon_id: str, title: str, funder: Funder, coupon: Printed, on: Purchase
) -> Offer | None:
    spend_minor = min(on.requirement if on.code == WHOLE_BASKET else 0, PRICE_MINOR_MAX)
    if coupon.save_value_code == "5":
        return BasketPercentOff(
            deal_id=coupon_id, title=title, everything=True, funder=funder,
            share_ppm=min(coupon.save_value, 100) * PPM_OF_PERCENT, min_spend_minor=spend_minor,
        )  # fmt: skip
    if coupon.save_value_code in ("0", "6"):
        return BasketAmountOff(
            deal_id=coupon_id, title=title, everything=True, funder=funder,
            amount_minor=coupon.save_value, min_spend_minor=spend_minor,
        )  # fmt: skip
    return None  # a free item of nothing in particular


def _off_goods(
    coupon_id: str, title: str, funder: Funder, coupon: Printed, units: Sequence[Unit], pieces: int
) -> Offer:
    """Cents, a free item up to a price, free items, or per cent, on the pieces that were bought."""
    skus = tuple(dict.fromkeys(unit.sku for unit in units))
    count = min(pieces, PIECES_MAX)
    if coupon.save_value_code == "5":
        share_ppm = min(coupon.save_value, 100) * PPM_OF_PERCENT
        return Coupon(deal_id=coupon_id, title=title, skus=skus, funder=funder,
                      share_ppm=share_ppm, min_quantity=count)  # fmt: skip
    amount_minor = coupon.save_value
    if coupon.save_value_code == "1":
        amount_minor = min(amount_minor or units[0].price_minor, units[0].price_minor)
    elif coupon.save_value_code == "2":
        amount_minor = sum([unit.price_minor for unit in units[: max(1, coupon.save_value)]])
        count = max(count, min(coupon.save_value, len(units)))
    return Coupon(deal_id=coupon_id, title=title, skus=skus, funder=funder,
                  amount_minor=min(amount_minor, PRICE_MINOR_MAX), min_quantity=count)  # fmt: skip
