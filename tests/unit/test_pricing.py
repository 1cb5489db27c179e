"""Receipts of single baskets: each promotion kind, tax, and published promotion cases."""

from __future__ import annotations

from cart.core.basket import Line
from cart.core.catalog import (
    Aisle,
    Catalog,
    CatalogIndex,
    Product,
    TaxRate,
)
from cart.core.deals import DealFigures, deals_applied, deals_of_aisle, figures_of
from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.engine import receipt_of
from cart.core.pricing.kinds import BASKET_KINDS, ITEM_KINDS, AnyDeal
from cart.core.pricing.member_price import MemberPrice
from cart.core.pricing.n_for_price import NForPrice
from cart.core.pricing.percent_off import PercentOff
from cart.core.receipt import Receipt

PRODUCTS = (
    Product(sku="a", name="A", price_minor=300, tax_category="food", aisle="1", image="a"),
    Product(sku="b", name="B", price_minor=250),
    Product(sku="kg", name="By mass", price_minor=1890, sold_by="mass", tax_category="food"),
)
RATES = (TaxRate(category="food", rate_ppm=0), TaxRate(category="standard", rate_ppm=82_500))


def index_of(*deals: AnyDeal, inside: bool = False) -> CatalogIndex:
    """The store with these deals."""
    return CatalogIndex(
        Catalog(
            version=1,
            currency="USD",
            products=PRODUCTS,
            deals=deals,
            tax_rates=RATES,
            prices_include_tax=inside,
            aisles=(Aisle(aisle="2", name="Two", skus=("b",)),),
        )
    )


def line(
    line_id: str, sku: str, quantity: int, price_minor: int, mass_mg: int | None = None
) -> Line:
    """A line of pieces at `price_minor` each, or one weighed good."""
    return Line(
        line_id=line_id,
        sku=sku,
        name=sku,
        quantity=quantity,
        unit_price_minor=price_minor,
        price_minor=price_minor * quantity,
        mass_mg=mass_mg,
    )


def savings(receipt: Receipt) -> dict[str, list[int]]:
    """What each line saves, deal by deal."""
    return {
        row.line_id: [modifier.amount_minor for modifier in row.modifiers]
        for row in receipt.lines
        if row.modifiers
    }


def three_for(price_minor: int, deal_id: str = "n", quantity: int = 3) -> NForPrice:
    """A group of "a" and "b" at one price."""
    return NForPrice(
        deal_id=deal_id, title="N", skus=("a", "b"), quantity=quantity, price_minor=price_minor
    )


TENTH = PercentOff(deal_id="p", title="P", skus=("a", "b", "kg"), percent=10)
MEMBERS = MemberPrice(deal_id="m", title="M", skus=("kg",), price_minor=1690)


def test_a_group_has_one_price_shared_in_proportion() -> None:
    """Three for 8.00 over two products: the cents lie on the lines they come from."""
    receipt = receipt_of(
        [line("1", "a", 2, 300), line("2", "b", 2, 250)], index_of(three_for(800)), False
    )
    assert savings(receipt) == {"1": [-35], "2": [-15]}
    assert receipt.savings_minor == 50


def test_the_cheapest_of_a_group_is_free() -> None:
    """Buy two, get one: the dearest pieces make a group first, an odd piece pays in full."""
    deal = BuyXGetY(deal_id="x", title="X", skus=("a", "b"), buy=2, free=1)
    receipt = receipt_of([line("1", "b", 2, 250), line("2", "a", 2, 300)], index_of(deal), False)
    assert savings(receipt) == {"1": [-250]}


def test_a_percentage_rounds_each_piece() -> None:
    """A line of three saves what three lines of one save."""
    odd = PercentOff(deal_id="p", title="P", skus=("a",), percent=15)
    together = receipt_of([line("1", "a", 3, 333)], index_of(odd), False)
    apart = receipt_of([line(n, "a", 1, 333) for n in "123"], index_of(odd), False)
    assert together.savings_minor == apart.savings_minor == 150


def test_members_pay_less_for_a_kilogram() -> None:
    """The saving is the difference of both prices of that mass; others pay in full."""
    lines = [line("1", "kg", 1, 1402, 742_000)]
    assert receipt_of(lines, index_of(MEMBERS), True).savings_minor == 1402 - 1254
    assert receipt_of(lines, index_of(MEMBERS), False).savings_minor == 0


def test_a_label_without_mass_gets_no_kilogram_price() -> None:
    """A price for a kilogram is never taken for the price of a portion."""
    assert receipt_of([line("1", "kg", 1, 3000)], index_of(MEMBERS), True).savings_minor == 0


def test_a_deal_that_costs_more_is_not_made() -> None:
    """No offer raises a price."""
    deals = (three_for(10_000), MemberPrice(deal_id="m", title="M", skus=("a",), price_minor=900))
    assert receipt_of([line("1", "a", 3, 300)], index_of(*deals), True).savings_minor == 0


def test_what_is_sold_by_mass_never_makes_a_group() -> None:
    """Two bags of bananas are not two pieces."""
    deal = NForPrice(deal_id="n", title="N", skus=("kg",), quantity=2, price_minor=1)
    lines = [line("1", "kg", 1, 100, 50_000), line("2", "kg", 1, 100)]
    assert receipt_of(lines, index_of(deal), False).savings_minor == 0


def test_the_best_choice_among_rivals() -> None:
    """Taking the single best offer first would save 200; the two pairs save 300."""
    pairs = (
        NForPrice(deal_id="aa", title="AA", skus=("a",), quantity=2, price_minor=450),
        NForPrice(deal_id="bb", title="BB", skus=("b",), quantity=2, price_minor=350),
    )
    rival = three_for(600, "ab", 3)
    lines = [line("1", "a", 2, 300), line("2", "b", 2, 250)]
    receipt = receipt_of(lines, index_of(*pairs, rival), False)
    assert savings(receipt) == {"1": [-150], "2": [-150]}


def test_equal_offers_go_to_the_first_deal() -> None:
    """Two deals that save the same: the one that stands first in the catalog is named."""
    first, second = three_for(800, "first"), three_for(800, "second")
    receipt = receipt_of([line("1", "a", 3, 300)], index_of(first, second), False)
    assert [row.deal_id for row in deals_applied(receipt)] == ["first"]


def test_many_rivals_are_still_added_up() -> None:
    """More rivals than are tried in every choice still give their best offers."""
    deals = [three_for(800 - n, str(n)) for n in range(8)]
    receipt = receipt_of([line("1", "a", 6, 300)], index_of(*deals), False)
    assert receipt.savings_minor == 2 * (900 - 793)


def test_tax_comes_on_top_of_what_is_paid() -> None:
    """Half up, once a category, after the deals: 225 at 8.25 % is 19 cents."""
    receipt = receipt_of([line("1", "b", 1, 250), line("2", "a", 1, 300)], index_of(TENTH), False)
    assert [(t.category, t.base_minor, t.tax_minor) for t in receipt.taxes] == [
        ("food", 270, 0),
        ("standard", 225, 19),
    ]
    assert receipt.total_minor == 550 - 55 + 19 == 514


def test_tax_inside_the_price_adds_nothing() -> None:
    """The receipt tells the part that is tax, and the total stays what the shelf says."""
    receipt = receipt_of([line("1", "b", 1, 250)], index_of(inside=True), False)
    assert receipt.taxes[0].tax_minor == 19
    assert (receipt.tax_minor, receipt.total_minor) == (0, 250)


def test_a_product_that_left_the_catalog_keeps_its_price() -> None:
    """A new catalog in mid-trip takes no line off the receipt."""
    receipt = receipt_of([line("1", "gone", 1, 200)], index_of(TENTH), False)
    assert receipt.total_minor == 200 + 17


def test_an_empty_basket_costs_nothing() -> None:
    """No lines, no tax rows, no total."""
    receipt = receipt_of([], index_of(TENTH), True)
    assert (receipt.lines, receipt.taxes, receipt.total_minor) == ((), (), 0)


def test_every_kind_has_a_row() -> None:
    """A deal that the catalog can hold is a deal that the engine can price."""
    assert {*ITEM_KINDS, *BASKET_KINDS, Coupon} == set(AnyDeal.__args__)


def test_the_deals_of_an_aisle() -> None:
    """By the planogram and by the product's own row; the tile's figures are the catalog's."""
    groups, members = three_for(800), MEMBERS
    index = index_of(groups, TENTH, members)
    assert deals_of_aisle(index, "1") == deals_of_aisle(index, "2") == (groups, TENTH)
    assert deals_of_aisle(index, "nowhere") == ()
    assert figures_of(groups, index) == DealFigures(price_minor=None, was_minor=None, image="a")
    assert figures_of(members, index) == DealFigures(price_minor=1690, was_minor=1890)
    pair = NForPrice(deal_id="n", title="N", skus=("b",), quantity=2, price_minor=400)
    assert figures_of(pair, index) == DealFigures(price_minor=400, was_minor=500)
    free = BuyXGetY(deal_id="x", title="X", skus=("b",), buy=2, free=1)
    assert figures_of(free, index) == DealFigures(price_minor=500, was_minor=750)
    fifth = PercentOff(deal_id="p", title="P", skus=("b",), percent=15)
    assert figures_of(fifth, index) == DealFigures(price_minor=212, was_minor=250)
