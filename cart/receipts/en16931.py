"""How a receipt maps to the business terms of EN 16931, as CEN/TS 16931-8 uses them for e-receipts.

A table: term, name, and where its value comes from. What a simplified receipt need not have (the
buyer, terms of payment) is left out. A maker's coupon is a payment there: lines stand at the price
before it, which the tax is on, and it counts as paid (BT-113). Lines that food benefits pay have
the rate zero; what they pay of others moves there by an allowance (BG-20) and a charge (BG-21).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from cart.core.coupons import BOTTLES
from cart.core.pricing.offers import MAKER
from cart.core.pricing.order import FEES
from cart.core.receipt import Modifier, Receipt, ReceiptLine, TaxLine
from cart.core.units import PARTS_PER_MILLION, decimal_text, divide_half_up, round_fraction
from cart.core.weights import WeightUnit, weight_in
from cart.receipts.paper import BENEFITS, Paper, clean, money, sha256_of

RECEIPT_TYPE = "380"  # UNTDID 1001: invoice; a credit is 381
PIECE = "C62"  # UN/ECE recommendation 20
UNITS: Mapping[WeightUnit, str] = {"kg": "KGM", "lb": "LBR"}


class Move(NamedTuple):
    """An amount beside the lines, without tax, at its rate."""

    words: str
    amount_minor: int
    rate_ppm: int


def _without_tax_minor(receipt: Receipt) -> int:
    """Lines and charges; where prices hold the tax, less the tax in them (BR-CO-13, BR-CO-15)."""
    return receipt.total_minor + _makers_minor(receipt) - _tax_minor(receipt)


def _tax_minor(receipt: Receipt) -> int:
    return sum(tax.tax_minor for tax in receipt.taxes)


def _maker_minor(line: ReceiptLine) -> int:
    """What makers' coupons pay of a line."""
    return -sum(row.amount_minor for row in line.modifiers if row.funder == MAKER)


def _makers_minor(receipt: Receipt) -> int:
    return sum(map(_maker_minor, receipt.lines))


def _paid_minor(paper: Paper) -> int:
    return sum(paper.tenders.values()) + _makers_minor(paper.receipt)


def _benefits(paper: Paper) -> list[Move]:
    """What food benefits pay of goods that bear tax, by rate."""
    paid: dict[int, int] = {}
    for line in paper.receipt.lines:
        rate_ppm = _rate_ppm(paper, line)
        goods_minor = min(line.snap_minor, line.net_minor)
        paid[rate_ppm] = paid.get(rate_ppm, 0) + goods_minor
    return [Move(BENEFITS, minor, rate) for rate, minor in sorted(paid.items()) if rate and minor]


def _charges(paper: Paper) -> list[Move]:
    """What comes on top of the lines. Deposits bear no tax; fees are told by their rates, and what
    food benefits pay of them has none."""
    receipt = paper.receipt
    of_fees = [tax for tax in receipt.taxes if tax.category == FEES]
    fees_minor = sum(max(0, fee.amount_minor) for fee in receipt.fees)
    inside = not receipt.tax_minor
    rows = [
        Move("Deposits", receipt.deposit_minor, 0),
        *(Move("Fees", tax.base_minor - inside * tax.tax_minor, tax.rate_ppm) for tax in of_fees),
        Move("Fees", fees_minor - sum(tax.base_minor for tax in of_fees), 0),
        *(row._replace(rate_ppm=0) for row in _benefits(paper)),
    ]
    return [row for row in rows if row.amount_minor]


def _allowances(paper: Paper) -> list[Move]:
    """What is given back for bottles bears no tax; nor does what food benefits pay."""
    back = [-fee.amount_minor for fee in paper.receipt.fees if fee.amount_minor < 0]
    return [*(Move(BOTTLES, minor, 0) for minor in back), *_benefits(paper)]


DOCUMENT: Mapping[str, tuple[str, Callable[[Paper], str]]] = {
    "BT-1": ("invoice number", lambda paper: paper.receipt_id),
    "BT-2": ("issue date", lambda paper: paper.issued[:10]),
    "BT-3": ("type code", lambda paper: RECEIPT_TYPE),
    "BT-5": ("currency code", lambda paper: paper.receipt.currency),
    "BT-18": ("invoiced object identifier", sha256_of),
    "BT-27": ("seller name", lambda paper: clean(paper.store_name)),
    "BT-106": (
        "sum of line net amounts",
        lambda p: money(p, sum(_net_minor(p, line) for line in p.receipt.lines)),
    ),
    "BT-107": ("sum of document allowances", lambda p: _sum(p, _allowances(p))),
    "BT-108": ("sum of document charges", lambda p: _sum(p, _charges(p))),
    "BT-109": ("total without VAT", lambda p: money(p, _without_tax_minor(p.receipt))),
    "BT-110": ("total VAT", lambda p: money(p, _tax_minor(p.receipt))),
    "BT-112": (
        "total with VAT",
        lambda p: money(p, p.receipt.total_minor + _makers_minor(p.receipt)),
    ),
    "BT-113": ("paid amount", lambda p: money(p, _paid_minor(p))),
    "BT-115": (
        "amount due",
        lambda p: money(p, p.receipt.total_minor - sum(p.tenders.values())),
    ),
}


def _sum(paper: Paper, moves: list[Move]) -> str:
    return money(paper, sum(row.amount_minor for row in moves))


def _category(rate_ppm: int) -> str:
    return "S" if rate_ppm else "Z"


def _percent(rate_ppm: int) -> str:
    return decimal_text(rate_ppm, 4)


def _rate_ppm(paper: Paper, line: ReceiptLine) -> int:
    """Its category's; zero where food benefits pay all that the tax would be on."""
    if line.snap_minor >= line.net_minor > 0 and not _maker_minor(line):
        return 0
    rates = (tax.rate_ppm for tax in paper.receipt.taxes if tax.category == line.tax_category)
    return next(rates, 0)


def _net_minor(paper: Paper, line: ReceiptLine) -> int:
    """A line before makers' coupons, without the tax that its price holds."""
    inside_minor = 0 if paper.receipt.tax_minor else line.tax_minor
    return line.net_minor + _maker_minor(line) - inside_minor


def _breakdown(paper: Paper) -> list[TaxLine]:
    """What each rate is on: lines, charges and allowances of that rate (BR-S-08, BR-Z-08)."""
    bases: dict[int, int] = {tax.rate_ppm: 0 for tax in paper.receipt.taxes}
    parts = [
        *((_rate_ppm(paper, line), _net_minor(paper, line)) for line in paper.receipt.lines),
        *((row.rate_ppm, row.amount_minor) for row in _charges(paper)),
        *((row.rate_ppm, -row.amount_minor) for row in _allowances(paper)),
    ]
    for rate_ppm, amount_minor in parts:
        bases[rate_ppm] = bases.get(rate_ppm, 0) + amount_minor
    taxes = paper.receipt.taxes
    return [
        TaxLine("", rate, base_minor, sum(tax.tax_minor for tax in taxes if tax.rate_ppm == rate))
        for rate, base_minor in bases.items()
    ]


def _bare_price(paper: Paper, line: ReceiptLine, amount_minor: int) -> str:
    """A price without the tax in it, to four digits more than the currency has."""
    rate_ppm = 0 if paper.receipt.tax_minor else _rate_ppm(paper, line)
    if not rate_ppm:
        return money(paper, amount_minor)
    finer = divide_half_up(amount_minor * 10_000 * PARTS_PER_MILLION, PARTS_PER_MILLION + rate_ppm)
    return decimal_text(finer, paper.receipt.currency_digits + 4)


def _quantity(line: ReceiptLine) -> str:
    """Pieces, or the weight in the unit of its price, to the millionth."""
    if line.mass_mg is None:
        return str(line.quantity)
    weight = weight_in(line.weight or line.mass_mg, line.price_unit)
    return decimal_text(round_fraction(1_000_000 * weight, "half_up"), 6)


LINE: Mapping[str, tuple[str, Callable[[Paper, ReceiptLine], str]]] = {
    "BT-126": ("line identifier", lambda paper, line: line.line_id),
    "BT-129": (
        "quantity",
        lambda paper, line: _quantity(line),
    ),
    "BT-130": (
        "unit",
        lambda paper, line: PIECE if line.mass_mg is None else UNITS[line.price_unit],
    ),
    "BT-131": ("line net amount", lambda paper, line: money(paper, _net_minor(paper, line))),
    "BT-146": ("item price", lambda paper, line: _bare_price(paper, line, line.unit_price_minor)),
    "BT-151": ("VAT category", lambda paper, line: _category(_rate_ppm(paper, line))),
    "BT-152": ("VAT rate in percent", lambda paper, line: _percent(_rate_ppm(paper, line))),
    "BT-153": ("item name", lambda paper, line: clean(line.name)),
    "BT-155": ("seller's item identifier", lambda paper, line: line.sku),
}
ALLOWANCE: Mapping[str, tuple[str, Callable[[Paper, ReceiptLine, Modifier], str]]] = {
    "BT-136": (
        "line allowance amount",
        lambda p, line, row: _bare_price(p, line, -row.amount_minor),
    ),
    "BT-139": ("line allowance reason", lambda p, line, row: clean(row.title or row.deal_id)),
}
TAX: Mapping[str, tuple[str, Callable[[Paper, TaxLine], str]]] = {
    "BT-116": ("taxable amount", lambda paper, tax: money(paper, tax.base_minor)),
    "BT-117": ("tax amount", lambda paper, tax: money(paper, tax.tax_minor)),
    "BT-118": ("category code", lambda paper, tax: _category(tax.rate_ppm)),
    "BT-119": ("rate in percent", lambda paper, tax: _percent(tax.rate_ppm)),
}


# Amount, category, rate in percent, and reason of a charge and of an allowance.
CHARGE = ("BT-99", "BT-102", "BT-103", "BT-104")
OFF = ("BT-92", "BT-95", "BT-96", "BT-97")


def as_terms(paper: Paper) -> dict[str, object]:
    """The e-receipt as terms: the document's, its lines with their allowances, its taxes."""
    lines: list[dict[str, object]] = []
    for line in paper.receipt.lines:
        terms: dict[str, object] = {term: value(paper, line) for term, (_, value) in LINE.items()}
        terms["BG-27"] = [
            {term: value(paper, line, row) for term, (_, value) in ALLOWANCE.items()}
            for row in line.modifiers
            if row.funder != MAKER
        ]
        lines.append(terms)
    taxes = [
        {term: value(paper, tax) for term, (_, value) in TAX.items()} for tax in _breakdown(paper)
    ]
    document: dict[str, object] = {term: value(paper) for term, (_, value) in DOCUMENT.items()}
    charges = [
        _moved(paper, row, ("BT-99", "BT-102", "BT-103", "BT-104")) for row in _charges(paper)
    ]
    off = [_moved(paper, row, ("BT-92", "BT-95", "BT-96", "BT-97")) for row in _allowances(paper)]
    return {**document, "BG-20": off, "BG-21": charges, "BG-25": lines, "BG-23": taxes}


def _moved(paper: Paper, row: Move, terms: tuple[str, ...]) -> dict[str, str]:
    rate_ppm = row.rate_ppm
    said = (money(paper, row.amount_minor), _category(rate_ppm), _percent(rate_ppm), row.words)
    return dict(zip(terms, said, strict=True))
