"""From lines and a catalog to a receipt: what the cart shows and the store asks for.

The cart and the store both call it; the same lines and catalog always give the same receipt, and
the order of the lines changes nothing but the order of its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cart.core.basket import Line
from cart.core.catalog import CatalogIndex
from cart.core.coupons import BOTTLES, offers_of, vouchers_of
from cart.core.pricing.field import Good
from cart.core.pricing.offers import MEMBER, Deal, Shopper
from cart.core.pricing.order import (
    FEES,
    Fee,
    Item,
    LineShare,
    Offers,
    Order,
    Priced,
    Row,
    Tenders,
)
from cart.core.pricing.pricing import price
from cart.core.receipt import FeeLine, Modifier, Receipt, ReceiptLine, TaxLine
from cart.core.terms import FeeTaken, Terms
from cart.core.weights import weight_in

# Less than a second where nothing is proved sooner: the cart's loop must not wait for longer.
STEPS_MAX = 100_000
NO_TERMS = Terms()


def receipt_of(
    lines: Sequence[Line], index: CatalogIndex, member: bool, terms: Terms = NO_TERMS
) -> Receipt:
    """Add up a basket. Prices before deals come from the lines, deals and tax from the catalog,
    and from the trip's terms when it is, who pays, with what, and which fees come on top."""
    catalog = index.catalog
    coupons = offers_of(terms.coupons, lines, index, terms.opened_at)
    order = Order(
        items=tuple([item_of(line, index) for line in lines]),
        offers=Offers((*catalog.deals, *coupons)) if coupons else index.offers,
        shopper=Shopper((MEMBER,) if member else (), terms.opened_at, terms.used),
        fees=tuple([_fee(fee) for fee in terms.fees]),
        tenders=Tenders(snap=terms.benefits),
        tax_inside=catalog.prices_include_tax,
        steps_max=STEPS_MAX,
    )
    found = price(order)
    modifiers = _modifiers(found.rows, order.offers.deals)
    bottles = _bottles(terms, index, found.total_minor - found.snap_minor)
    return Receipt(
        currency=catalog.currency,
        currency_digits=catalog.currency_digits,
        lines=tuple([
            _row(line, modifiers.get(line.line_id, ()), share, index)
            for line, share in zip(lines, found.shares, strict=True)
        ]),
        subtotal_minor=found.subtotal_minor,
        savings_minor=found.discount_minor,
        taxes=_taxes(found, index),
        tax_minor=found.tax_minor,
        total_minor=found.total_minor + sum([row.amount_minor for row in bottles]),
        deposit_minor=found.deposit_minor,
        gap_minor=found.gap_minor,
        fees=(*_fee_lines(terms), *bottles),
        snap_minor=found.snap_minor,
        applied=dict(found.applied),
        sold_at=terms.sold_at,
    )  # fmt: skip


def _fee_lines(terms: Terms) -> tuple[FeeLine, ...]:
    return tuple([
        FeeLine(fee.fee_id, fee.title, fee.quantity, fee.amount_minor * fee.quantity)
        for fee in terms.fees
    ])  # fmt: skip


def _bottles(terms: Terms, index: CatalogIndex, open_minor: int) -> tuple[FeeLine, ...]:
    """Vouchers for bottles, each whole or not at all: a cart gives no money out."""
    rows: list[FeeLine] = []
    for coupon_id, amount_minor in vouchers_of(terms.coupons, index):
        if amount_minor <= open_minor:
            open_minor -= amount_minor
            rows.append(FeeLine(coupon_id, BOTTLES, 1, -amount_minor))
    return tuple(rows)


def _fee(fee: FeeTaken) -> Fee:
    return Fee(fee.fee_id, fee.amount_minor * fee.quantity, fee.snap, fee.rate_ppm)


def item_of(line: Line, index: CatalogIndex) -> Item:
    """A line as offers see it. A good that has left the catalog keeps its price."""
    product = index.by_sku.get(line.sku)
    by_weight = line.mass_mg is not None or index.sold_by_mass(line.sku)
    told = line.weight or line.mass_mg
    good = Good(
        sku=line.sku,
        price_minor=line.price_minor // line.quantity,
        category="" if product is None else product.category,
        unit_price_minor=line.unit_price_minor,
        weight=None if told is None else weight_in(told, line.price_unit),
        by_weight=by_weight,
    )
    tax_category = index.tax_category(line.sku)
    return Item(
        line_id=line.line_id,
        good=good,
        quantity=line.quantity,
        price_minor=line.price_minor,
        rate_ppm=index.rate_ppm_by_category.get(tax_category, 0),
        category=tax_category,
        snap=product is not None and product.snap,
        deposit_minor=0 if product is None else product.deposit_minor * line.quantity,
    )


def _modifiers(rows: Sequence[Row], deals: Sequence[Deal]) -> Mapping[str, tuple[Modifier, ...]]:
    titles = {deal.deal_id: deal.title for deal in deals}
    by_line: dict[str, list[Modifier]] = {}
    for row in rows:
        modifier = Modifier(
            deal_id=row.deal_id,
            title=titles[row.deal_id],
            amount_minor=-row.amount_minor,
            funder=row.funder,
        )
        by_line.setdefault(row.line_id, []).append(modifier)
    return {line_id: tuple(modifiers) for line_id, modifiers in by_line.items()}


def _taxes(found: Priced, index: CatalogIndex) -> tuple[TaxLine, ...]:
    """One row a category that is in the basket and has a rate, in the catalog's order; then those
    of the fees."""
    places = {category: n for n, category in enumerate(index.rate_ppm_by_category)}
    known = [row for row in found.taxes if row.category in places or row.category == FEES]
    known.sort(key=lambda row: (places.get(row.category, len(places)), row.rate_ppm))
    return tuple([TaxLine(*row) for row in known])


def _row(
    line: Line, modifiers: tuple[Modifier, ...], share: LineShare, index: CatalogIndex
) -> ReceiptLine:
    return ReceiptLine(
        line_id=line.line_id,
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        price_minor=line.price_minor,
        net_minor=line.price_minor + sum([row.amount_minor for row in modifiers]),
        mass_mg=line.mass_mg,
        weight=line.weight,
        price_unit=line.price_unit,
        modifiers=modifiers,
        weighing=line.weighing,
        tax_category=index.tax_category(line.sku),
        higher_unit_minor=line.higher_unit_minor,
        tax_minor=share.tax_minor,
        deposit_minor=share.deposit_minor,
        snap_minor=share.snap_minor,
    )
