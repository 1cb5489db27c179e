"""What holds for every basket and every set of deals, whatever the prices."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from cart.core.basket import Line
from cart.core.catalog import (
    Catalog,
    CatalogIndex,
    Product,
    TaxRate,
)
from cart.core.pricing.amount_off_each import AmountOffEach
from cart.core.pricing.basket_amount_off import AmountOff, BasketAmountOff
from cart.core.pricing.basket_percent_off import BasketPercentOff
from cart.core.pricing.bundle import Bundle, Part
from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.cheapest_free import CheapestFree
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.engine import receipt_of
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.member_price import Markdown, MemberPrice
from cart.core.pricing.n_for_price import NForPrice
from cart.core.pricing.percent_off import PercentOff
from cart.core.pricing.tiered_spend import Tier, TieredSpend
from cart.core.pricing.weight_price import WeightPrice
from cart.core.receipt import Receipt
from cart.core.weights import price_of_weight_minor

PIECES, BY_MASS = ("a", "b", "c", "d"), ("m", "n")
CATEGORIES = {"a": "food", "b": "standard", "c": "food", "d": "luxury", "m": "food", "n": "luxury"}
PRICES = {"a": 129, "b": 399, "c": 400, "d": 1, "m": 149, "n": 1890}
RATES_PPM = {"food": 25_000, "standard": 82_500, "luxury": 190_000}

skus = some.lists(some.sampled_from(PIECES + BY_MASS), min_size=1, max_size=4, unique=True)
FUNDERS = ("store", "manufacturer")
prices = some.integers(0, 1_500)
names = {"deal_id": some.just("?"), "title": some.just("?"), "skus": skus.map(tuple)}
amounts, shares = some.integers(0, 900), some.integers(0, 1_000_000)
parts = some.lists(some.builds(Part, skus=skus.map(tuple)), min_size=1, max_size=2).map(tuple)
limits = some.none() | some.integers(1, 2)
deals: some.SearchStrategy[AnyDeal] = some.one_of(
    some.builds(NForPrice, **names, quantity=some.integers(2, 4), price_minor=prices),
    some.builds(PercentOff, **names, share_ppm=shares, max_units=limits),
    some.builds(PercentOff, **names, share_ppm=shares, group_size=some.integers(2, 3)),
    some.builds(AmountOffEach, **names, amount_minor=amounts, max_applications=limits),
    some.builds(BuyXGetY, **names, buy=some.integers(1, 3), free=some.integers(1, 2)),
    some.builds(BuyXGetY, **names, get_skus=skus.map(tuple), buy=some.just(1), free=some.just(1)),
    some.builds(CheapestFree, **names, quantity=some.integers(2, 3), max_applications=limits),
    some.builds(Bundle, **names, parts=parts, amount_minor=amounts),
    some.builds(MemberPrice, **names, price_minor=prices),
    some.builds(Markdown, **names, share_ppm=shares),
    some.builds(WeightPrice, **names, min_weight=some.just("0.5"), share_ppm=shares),
    some.builds(BasketPercentOff, **names, everything=some.just(True), share_ppm=shares),
    some.builds(BasketAmountOff, **names, amount_minor=amounts, min_spend_minor=prices),
    some.builds(AmountOff, **names, amount_minor=amounts, min_quantity=some.integers(1, 3)),
    some.builds(TieredSpend, **names, tiers=some.just((Tier(500, 50), Tier(900, 150)))),
    some.builds(Coupon, **names, amount_minor=amounts, funder=some.sampled_from(FUNDERS)),
)


def named(found: Sequence[AnyDeal]) -> tuple[AnyDeal, ...]:
    """Deals with ids of their own."""
    return tuple(replace(deal, deal_id=f"deal-{at}") for at, deal in enumerate(found))


deal_lists = some.lists(deals, max_size=4).map(named)


def piece_line(sku: str, quantity: int) -> Line:
    """Some pieces at the shelf's price."""
    return Line("", sku, sku, quantity, PRICES[sku], PRICES[sku] * quantity)


def weighed_line(sku: str, mass_mg: int) -> Line:
    """One weighed good."""
    price_minor = price_of_weight_minor(mass_mg, PRICES[sku])
    return Line("", sku, sku, 1, PRICES[sku], price_minor, mass_mg)


def numbered(lines: list[Line]) -> list[Line]:
    """Lines with ids of their own."""
    return [replace(line, line_id=f"line-{at}") for at, line in enumerate(lines)]


baskets = some.lists(
    some.builds(piece_line, some.sampled_from(PIECES), some.integers(1, 6))
    | some.builds(weighed_line, some.sampled_from(BY_MASS), some.integers(1, 3_000_000)),
    max_size=8,
).map(numbered)


def index_of(deals: tuple[AnyDeal, ...], *, inside: bool = False) -> CatalogIndex:
    """The store with these deals, three tax rates."""
    return CatalogIndex(
        Catalog(
            version=1,
            currency="USD",
            products=tuple(
                Product(
                    sku,
                    sku,
                    PRICES[sku],
                    sold_by="mass" if sku in BY_MASS else "each",
                    tax_category=CATEGORIES[sku],
                )
                for sku in PIECES + BY_MASS
            ),
            deals=deals,
            tax_rates=tuple(TaxRate(name, rate_ppm) for name, rate_ppm in RATES_PPM.items()),
            prices_include_tax=inside,
        )
    )


def figures(receipt: Receipt) -> tuple[object, ...]:
    """All sums of a receipt, without the rows."""
    return (
        receipt.subtotal_minor,
        receipt.savings_minor,
        receipt.taxes,
        receipt.tax_minor,
        receipt.total_minor,
    )


@given(baskets, deal_lists, some.booleans(), some.booleans())
def test_every_cent_is_accounted_for(
    lines: list[Line], deals: tuple[AnyDeal, ...], member: bool, inside: bool
) -> None:
    """Rows add up to the sums, each cent off has a modifier, and nothing is below zero."""
    receipt = receipt_of(lines, index_of(deals, inside=inside), member)
    off_minor = [row.amount_minor for line in receipt.lines for row in line.modifiers]
    assert all(amount_minor < 0 for amount_minor in off_minor)
    assert receipt.savings_minor == -sum(off_minor)
    assert receipt.subtotal_minor == sum(line.price_minor for line in lines)
    for row in receipt.lines:
        assert row.net_minor == row.price_minor + sum(m.amount_minor for m in row.modifiers)
        assert 0 <= row.net_minor <= row.price_minor
    makers = sum(
        row.amount_minor
        for line in receipt.lines
        for row in line.modifiers
        if row.funder == "manufacturer"
    )
    bases = sum(tax.base_minor for tax in receipt.taxes)
    assert bases == sum(row.net_minor for row in receipt.lines) - makers
    assert receipt.tax_minor == (0 if inside else sum(tax.tax_minor for tax in receipt.taxes))
    assert receipt.total_minor == (
        receipt.subtotal_minor - receipt.savings_minor + receipt.tax_minor
    )


@given(baskets, deal_lists, some.booleans(), some.randoms(use_true_random=False))
def test_line_order_does_not_matter(
    lines: list[Line], deals: tuple[AnyDeal, ...], member: bool, random: Random
) -> None:
    """The same things in another order give the same rows and sums."""
    index = index_of(deals)
    shuffled = random.sample(lines, len(lines))
    one, other = receipt_of(lines, index, member), receipt_of(shuffled, index, member)
    assert figures(one) == figures(other)
    by_id = {row.line_id: row for row in other.lines}
    assert list(one.lines) == [by_id[line.line_id] for line in lines]


@given(baskets, deal_lists, some.booleans())
def test_splitting_lines_does_not_matter(
    lines: list[Line], deals: tuple[AnyDeal, ...], member: bool
) -> None:
    """Three in one line cost what three lines of one cost."""
    apart = numbered(
        [
            replace(line, quantity=1, price_minor=line.price_minor // line.quantity)
            for line in lines
            for _ in range(line.quantity)
        ]
    )
    index = index_of(deals)
    assert figures(receipt_of(apart, index, member)) == figures(receipt_of(lines, index, member))


@given(baskets, deal_lists.filter(len), some.data(), some.booleans())
def test_one_more_deal_never_costs_more(
    lines: list[Line], deals: tuple[AnyDeal, ...], data: some.DataObject, inside: bool
) -> None:
    """Any one of the deals added to the others: the shopper never pays more.

    Where an answer is not proved the best, its gap says how far off it may be.
    """
    added = data.draw(some.sampled_from(deals))
    others = tuple(deal for deal in deals if deal is not added)
    before = receipt_of(lines, index_of(others, inside=inside), True)
    after = receipt_of(lines, index_of(deals, inside=inside), True)
    assert after.total_minor <= before.total_minor + after.gap_minor


@given(baskets, deal_lists)
def test_members_never_pay_more(lines: list[Line], deals: tuple[AnyDeal, ...]) -> None:
    """Pairing a member's account can only help."""
    index = index_of(deals)
    guest, member = receipt_of(lines, index, False), receipt_of(lines, index, True)
    assert member.total_minor <= guest.total_minor + member.gap_minor


@given(baskets, deal_lists, some.booleans())
def test_the_same_question_has_the_same_answer(
    lines: list[Line], deals: tuple[AnyDeal, ...], member: bool
) -> None:
    """Cart and store compute apart and must agree to the byte."""
    assert receipt_of(lines, index_of(deals), member) == receipt_of(lines, index_of(deals), member)
