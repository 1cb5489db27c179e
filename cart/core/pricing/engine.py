"""From lines to a receipt: units, offers, modifiers, tax, total. The one place that adds up money.

The cart and the store both call it; the same lines and catalog always give the same receipt, and
the order of the lines changes nothing but the order of its rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.basket import Line
from cart.core.catalog import CatalogIndex, MemberPrice
from cart.core.pricing.allocation import modifiers_by_line
from cart.core.pricing.combine import best_offers
from cart.core.pricing.offers import units_of
from cart.core.pricing.tax import taxes_of
from cart.core.receipt import Modifier, Receipt, ReceiptLine


def receipt_of(lines: Sequence[Line], index: CatalogIndex, member: bool) -> Receipt:
    """Add up a basket. Prices before deals come from the lines, deals and tax from the catalog.

    total = subtotal - savings + tax. Tax inside the prices is told in `taxes` and adds nothing:
    `tax_minor` is only what comes on top.
    """
    catalog = index.catalog
    deals = [deal for deal in catalog.deals if member or not isinstance(deal, MemberPrice)]
    modifiers = modifiers_by_line(best_offers(deals, units_of(lines, index)), deals)
    rows = tuple(_row(line, modifiers.get(line.line_id, ())) for line in lines)
    subtotal_minor = sum(row.price_minor for row in rows)
    net_minor = sum(row.net_minor for row in rows)
    taxes = taxes_of(rows, index)
    on_top_minor = 0 if catalog.prices_include_tax else sum(tax.tax_minor for tax in taxes)
    return Receipt(
        currency=catalog.currency,
        currency_digits=catalog.currency_digits,
        lines=rows,
        subtotal_minor=subtotal_minor,
        savings_minor=subtotal_minor - net_minor,
        taxes=taxes,
        tax_minor=on_top_minor,
        total_minor=net_minor + on_top_minor,
    )


def _row(line: Line, modifiers: tuple[Modifier, ...]) -> ReceiptLine:
    return ReceiptLine(
        line_id=line.line_id,
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        price_minor=line.price_minor,
        net_minor=line.price_minor + sum(row.amount_minor for row in modifiers),
        mass_mg=line.mass_mg,
        modifiers=modifiers,
        weighing=line.weighing,
    )
