"""Which deal took how much off which line. No cent may be lost or made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cart.core.catalog import Deal
from cart.core.pricing.offers import Offer
from cart.core.receipt import Modifier


def modifiers_by_line(
    taken: Iterable[tuple[Deal, Offer]], deals: Sequence[Deal]
) -> Mapping[str, tuple[Modifier, ...]]:
    """One row a line and deal that saved something, in the catalog's order of deals."""
    saved_minor: dict[tuple[int, str], int] = {}
    order = {deal.deal_id: number for number, deal in enumerate(deals)}
    for deal, offer in taken:
        for unit, saving_minor in zip(offer.units, offer.savings_minor, strict=True):
            key = (order[deal.deal_id], unit.line_id)
            saved_minor[key] = saved_minor.get(key, 0) + saving_minor
    rows: dict[str, list[Modifier]] = {}
    for (number, line_id), saving_minor in sorted(saved_minor.items()):
        if saving_minor > 0:
            deal = deals[number]
            row = Modifier(deal_id=deal.deal_id, title=deal.title, amount_minor=-saving_minor)
            rows.setdefault(line_id, []).append(row)
    return {line_id: tuple(modifiers) for line_id, modifiers in rows.items()}
