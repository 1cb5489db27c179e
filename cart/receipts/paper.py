"""What stands on a receipt beside its sums, and the chain that receipts hang on.

It must never add up: every figure is the receipt's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from unicodedata import normalize
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from cart.core.receipt import Receipt, ReceiptLine
from cart.core.units import decimal_text, round_fraction
from cart.core.value import Value
from cart.core.weights import weight_in

BENEFITS = "food benefits"


class Paper(Value):
    """A receipt and its head. `issued` is the store's local time; `journal_sha256` the end of the
    cart's journal that the receipt folds; `before_sha256` the receipt before it, "" for the first.
    `credits` came later, words and amounts: they are beside the receipt, not part of it."""

    receipt: Receipt
    receipt_id: str
    store_name: str
    issued: str
    journal_sha256: str = ""
    before_sha256: str = ""
    tenders: Mapping[str, int] = msgspec.field(default_factory=dict)
    credits: tuple[tuple[str, int], ...] = ()


def as_json(paper: Paper) -> bytes:
    """The whole, with sorted keys."""
    return msgspec.json.encode(paper, order="sorted")


def sha256_of(paper: Paper, kept: bytes | None = None) -> str:
    """The link of the chain: it names this receipt and, through it, all before it. Neither the
    words in its head nor later credits are part of it. `kept` is its receipt's JSON as an older
    version wrote it, which had fewer figures."""
    told = msgspec.to_builtins(replace(paper, store_name="", credits=()))
    if kept is not None:
        told["receipt"] = msgspec.json.decode(kept)
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def code_text(paper: Paper) -> str:
    """What the QR code on the receipt says: enough to find it and to see that it is unchanged."""
    figures = {
        "id": paper.receipt_id,
        "total": paper.receipt.total_minor,
        "sha256": sha256_of(paper),
    }
    return f"dashcart:receipt?{urlencode(figures)}"


def clean(text: str) -> str:
    """A name from outside as one line of letters: what steers a printer or a page (control
    characters, marks that turn the direction of writing) becomes a space."""
    whole = normalize("NFC", text)
    return "".join(letter if letter.isprintable() else " " for letter in whole)


def tenders(receipt: Receipt) -> dict[str, int]:
    """What paid for it: food benefits for what they may, a card for the rest."""
    snap_minor = receipt.snap_minor
    parts = {BENEFITS: snap_minor, "card": receipt.total_minor - snap_minor}
    return {name: minor for name, minor in parts.items() if minor or not receipt.total_minor}


def money(paper: Paper, amount_minor: int) -> str:
    """An amount as people write it."""
    return decimal_text(amount_minor, paper.receipt.currency_digits)


def amount_words(line: ReceiptLine) -> str:
    """How much of it: pieces, what a label told, or what was weighed, to the thousandth."""
    if line.mass_mg is None:
        return f"{line.quantity} x"
    if line.weight is not None:
        return f"{line.weight.amount} {line.weight.unit}"
    thousandths = round_fraction(1_000 * weight_in(line.mass_mg, line.price_unit), "half_up")
    return f"{decimal_text(thousandths, 3)} {line.price_unit}"


def rows_of(paper: Paper) -> list[tuple[str, str]]:
    """Every row under the head: words and amount. All renderers show these and nothing else."""
    receipt = paper.receipt
    rows = []
    for line in receipt.lines:
        rows.append((f"{amount_words(line)} {line.name}", money(paper, line.price_minor)))
        if line.higher_unit_minor is not None:
            rows.append((f"  instead of {money(paper, line.higher_unit_minor)}: price changed", ""))
        rows += [
            (f"  {row.title or row.deal_id}", money(paper, row.amount_minor))
            for row in line.modifiers
        ]
    rows.append(("Subtotal", money(paper, receipt.subtotal_minor)))
    if receipt.savings_minor:
        rows.append(("You save", money(paper, -receipt.savings_minor)))
    if receipt.deposit_minor:
        rows.append(("Deposits", money(paper, receipt.deposit_minor)))
    for fee in receipt.fees:
        rows.append((f"{fee.quantity} x {fee.title}", money(paper, fee.amount_minor)))
    for tax in receipt.taxes:
        words = f"Tax {tax.category} {decimal_text(tax.rate_ppm, 4)} % of"
        rows.append((f"{words} {money(paper, tax.base_minor)}", money(paper, tax.tax_minor)))
    rows.append((f"TOTAL {receipt.currency}", money(paper, receipt.total_minor)))
    rows += [(f"Paid {name}", money(paper, minor)) for name, minor in sorted(paper.tenders.items())]
    rows += [(f"Given back {words}", money(paper, -minor)) for words, minor in paper.credits]
    return [(clean(words), amount) for words, amount in rows]
