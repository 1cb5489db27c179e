"""From lines and a catalog to a receipt: what the cart shows and the store asks for.

The cart and the store both call it; the same lines and catalog always give the same receipt, and
the order of the lines changes nothing but the order of its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from cart.core.basket import Line
from cart.core.catalog import CatalogIndex
from cart.core.pricing.field import Good
from cart.core.pricing.offers import MEMBER, Shopper
from cart.core.pricing.order import Item, Order, Priced, Row
from cart.core.pricing.pricing import price
from cart.core.receipt import Modifier, Receipt, ReceiptLine, TaxLine
from cart.core.units import MILLIGRAMS_PER_KILOGRAM

# Deals that hold at certain hours need a time that cart and store agree on; a trip has none yet.
# About half a second where nothing is proved sooner: the cart's loop must not wait for longer.
NODES_MAX = 20_000
GUEST, MEMBERS = Shopper(), Shopper(traits=(MEMBER,))


def receipt_of(lines: Sequence[Line], index: CatalogIndex, member: bool) -> Receipt:
    """Add up a basket. Prices before deals come from the lines, deals and tax from the catalog."""
    catalog = index.catalog
    order = Order(
        items=tuple([item_of(line, index) for line in lines]),
        offers=index.offers,
        shopper=MEMBERS if member else GUEST,
        tax_inside=catalog.prices_include_tax,
        nodes_max=NODES_MAX,
    )
    found = price(order)
    modifiers = _modifiers(found.rows, index)
    return Receipt(
        currency=catalog.currency,
        currency_digits=catalog.currency_digits,
        lines=tuple([_row(line, modifiers.get(line.line_id, ()), index) for line in lines]),
        subtotal_minor=found.subtotal_minor,
        savings_minor=found.discount_minor,
        taxes=_taxes(found, index),
        tax_minor=found.tax_minor,
        total_minor=found.total_minor,
        deposit_minor=found.deposit_minor,
        gap_minor=found.gap_minor,
    )


def item_of(line: Line, index: CatalogIndex) -> Item:
    """A line as offers see it. A good that has left the catalog keeps its price."""
    product = index.by_sku.get(line.sku)
    by_weight = line.mass_mg is not None or index.sold_by_mass(line.sku)
    good = Good(
        sku=line.sku,
        price_minor=line.price_minor // line.quantity,
        category="" if product is None else product.category,
        unit_price_minor=line.unit_price_minor,
        weight=None if line.mass_mg is None else Fraction(line.mass_mg, MILLIGRAMS_PER_KILOGRAM),
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


def _modifiers(rows: Sequence[Row], index: CatalogIndex) -> Mapping[str, tuple[Modifier, ...]]:
    titles = {deal.deal_id: deal.title for deal in index.catalog.deals}
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
    """One row a category that is in the basket and has a rate, in the catalog's order."""
    by_category = {row.category: row for row in found.taxes}
    return tuple([
        TaxLine(category, rate_ppm, row.base_minor, row.tax_minor)
        for category, rate_ppm in index.rate_ppm_by_category.items()
        if (row := by_category.get(category)) is not None
    ])  # fmt: skip


def _row(line: Line, modifiers: tuple[Modifier, ...], index: CatalogIndex) -> ReceiptLine:
    return ReceiptLine(
        line_id=line.line_id,
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        price_minor=line.price_minor,
        net_minor=line.price_minor + sum([row.amount_minor for row in modifiers]),
        mass_mg=line.mass_mg,
        modifiers=modifiers,
        weighing=line.weighing,
        tax_category=index.tax_category(line.sku),
    )
