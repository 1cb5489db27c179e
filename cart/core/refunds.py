"""After the sale: what a line gives back, and where two receipts of one trip differ.

A refund gives back the line's allocated share, discounts and tax counted, so that giving back all
of it piece by piece gives back exactly what was paid. It must never change a receipt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cart.core.receipt import Receipt, ReceiptLine
from cart.core.units import divide_half_up
from cart.core.value import Value

LINE_FIGURES = (
    "sku", "quantity", "price_minor", "net_minor", "tax_minor", "deposit_minor", "snap_minor",
)  # fmt: skip
WHOLE_FIGURES = (
    "currency", "subtotal_minor", "savings_minor", "tax_minor", "deposit_minor", "snap_minor",
    "total_minor",
)  # fmt: skip


class RefundError(ValueError):
    """A refund that cannot be; the text says why."""


class Refund(Value):
    """What `quantity` pieces of a line give back. `tax_minor` is what came on top of them; tax
    inside the prices goes back with `net_minor`. What food benefits paid goes back to them:
    `snap_minor` of the whole; the rest goes back to the card."""

    line_id: str
    quantity: int
    net_minor: int
    tax_minor: int
    deposit_minor: int = 0
    snap_minor: int = 0

    @property
    def amount_minor(self) -> int:
        """All that is given back."""
        return self.net_minor + self.tax_minor + self.deposit_minor


class Difference(Value):
    """One place where the cart's receipt and the store's differ: an item for a person to settle."""

    line_id: str
    field: str
    cart: str
    store: str


def refund(receipt: Receipt, line_id: str, quantity: int, already: int = 0) -> Refund:
    """Give back `quantity` pieces of a line, `already` of them having been given back before.

    Raises RefundError."""
    line = next((row for row in receipt.lines if row.line_id == line_id), None)
    if line is None:
        raise RefundError(f"no line {line_id} on this receipt; take one of its lines")
    if quantity < 1 or already < 0 or already + quantity > line.quantity:
        raise RefundError(f"line {line_id} has {line.quantity - already} pieces left to give back")
    after = already + quantity
    shares_minor = (
        line.net_minor,
        line.tax_minor if receipt.tax_minor else 0,
        line.deposit_minor,
        line.snap_minor,
    )
    parts = [_part(whole, after, line) - _part(whole, already, line) for whole in shares_minor]
    return Refund(line_id, quantity, *parts)


def _part(amount_minor: int, pieces: int, line: ReceiptLine) -> int:
    """What so many pieces have of an amount."""
    return divide_half_up(amount_minor * pieces, line.quantity)


def figures_lacking(kept: Mapping[str, Any]) -> frozenset[str]:
    """Figures of lines that a receipt does not have as it was kept: an older version wrote it."""
    rows = kept.get("lines", ())
    return frozenset([name for row in rows for name in LINE_FIGURES if name not in row])


def differences(cart: Receipt, store: Receipt) -> tuple[Difference, ...]:
    """Where two receipts of the same trip differ; nothing is changed silently."""
    return tuple(_differences(cart, store))


def _differences(cart: Receipt, store: Receipt) -> Iterator[Difference]:
    ours, theirs = _figures(cart), _figures(store)
    for place in dict.fromkeys([*ours, *theirs]):
        said, heard = ours.get(place, ""), theirs.get(place, "")
        if said != heard:
            yield Difference(*place, said, heard)


def _figures(receipt: Receipt) -> dict[tuple[str, str], str]:
    """Every figure of a receipt by its line ("" for the whole) and its name, lines in order."""
    found: dict[tuple[str, str], str] = {}
    for line in sorted(receipt.lines, key=lambda line: line.line_id):
        for name in LINE_FIGURES:
            found[line.line_id, name] = str(getattr(line, name))
        for row in line.modifiers:
            name = f"{row.deal_id} by {row.funder}"
            found[line.line_id, name] = str(row.amount_minor)
    for tax in receipt.taxes:
        found["", f"tax {tax.category} {tax.rate_ppm} ppm"] = f"{tax.tax_minor} of {tax.base_minor}"
    for fee in receipt.fees:
        found["", f"fee {fee.fee_id}"] = f"{fee.quantity} x, {fee.amount_minor}"
    for name in WHOLE_FIGURES:
        found["", name] = str(getattr(receipt, name))
    return found
