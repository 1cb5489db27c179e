"""After the sale: what a line gives back, and where two receipts of one trip differ.

A refund gives back the line's allocated share, discounts and tax counted, so that giving back all
of it piece by piece gives back exactly what was paid. It must never change a receipt.
"""

from __future__ import annotations

from collections.abc import Iterator

from cart.core.receipt import Receipt, ReceiptLine
from cart.core.units import allocate, divide_half_up
from cart.core.value import Value


class RefundError(ValueError):
    """A refund that cannot be; the text says why."""


class Refund(Value):
    """What `quantity` pieces of a line give back. `tax_minor` is what came on top of them; tax
    inside the prices goes back with `net_minor`."""

    line_id: str
    quantity: int
    net_minor: int
    tax_minor: int

    @property
    def amount_minor(self) -> int:
        """All that is given back."""
        return self.net_minor + self.tax_minor


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
    after, before = already + quantity, already
    return Refund(
        line_id=line_id,
        quantity=quantity,
        net_minor=_part(line.net_minor, after, line) - _part(line.net_minor, before, line),
        tax_minor=_tax(receipt, line, after) - _tax(receipt, line, before),
    )


def _part(amount_minor: int, pieces: int, line: ReceiptLine) -> int:
    return divide_half_up(amount_minor * pieces, line.quantity)


def _tax(receipt: Receipt, line: ReceiptLine, pieces: int) -> int:
    """The share of the tax on top that lies on so many pieces. The lines of a category share what
    was paid by largest remainder: together they never give back more tax than that."""
    row = next((tax for tax in receipt.taxes if tax.category == line.tax_category), None)
    if row is None or not receipt.tax_minor:
        return 0
    beside = [other for other in receipt.lines if other.tax_category == line.tax_category]
    shares = allocate(row.tax_minor, [other.net_minor for other in beside])
    share_minor = next(
        share for other, share in zip(beside, shares, strict=True) if other.line_id == line.line_id
    )
    return _part(share_minor, pieces, line)


def differences(cart: Receipt, store: Receipt) -> tuple[Difference, ...]:
    """Where two receipts of the same trip differ; nothing is changed silently."""
    return tuple(_differences(cart, store))


def _differences(cart: Receipt, store: Receipt) -> Iterator[Difference]:
    ours = {line.line_id: line for line in cart.lines}
    theirs = {line.line_id: line for line in store.lines}
    for line_id in sorted({*ours, *theirs}):
        one, other = ours.get(line_id), theirs.get(line_id)
        for field in ("sku", "quantity", "price_minor", "net_minor"):
            said = [str(getattr(line, field)) if line else "" for line in (one, other)]
            if said[0] != said[1]:
                yield Difference(line_id, field, said[0], said[1])
    for field in ("subtotal_minor", "savings_minor", "tax_minor", "total_minor"):
        if getattr(cart, field) != getattr(store, field):
            yield Difference("", field, str(getattr(cart, field)), str(getattr(store, field)))
