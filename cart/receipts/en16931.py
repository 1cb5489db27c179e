"""How a receipt maps to the business terms of EN 16931, as CEN/TS 16931-8 uses them for e-receipts.

A table: term, name, and where its value comes from. What a simplified receipt need not have (the
buyer, terms of payment) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cart.core.coupons import BOTTLES
from cart.core.pricing.order import FEES
from cart.core.receipt import Modifier, Receipt, ReceiptLine, TaxLine
from cart.core.units import PARTS_PER_MILLION, allocate, decimal_text, divide_half_up
from cart.receipts.paper import Paper, money, sha256_of

RECEIPT_TYPE = "380"  # UNTDID 1001: invoice; a credit is 381
PIECE, KILOGRAM = "C62", "KGM"  # UN/ECE recommendation 20


def _without_tax_minor(receipt: Receipt) -> int:
    """Lines and charges; where prices hold the tax, less the tax in them (BR-CO-13, BR-CO-15)."""
    return receipt.total_minor - _tax_minor(receipt)


def _base_minor(paper: Paper, tax: TaxLine) -> int:
    """What a tax is on, without it: tax that comes on top of prices is told in `tax_minor`."""
    on_top = paper.receipt.tax_minor
    return tax.base_minor if on_top else tax.base_minor - tax.tax_minor


def _tax_minor(receipt: Receipt) -> int:
    return sum(tax.tax_minor for tax in receipt.taxes)


def _charges(paper: Paper) -> list[tuple[str, int, int]]:
    """What comes on top of the lines, without tax: words, amount, rate. Deposits bear none; fees
    are told by their rates, and those that food benefits pay for have none."""
    receipt = paper.receipt
    of_fees = [tax for tax in receipt.taxes if tax.category == FEES]
    fees_minor = sum(max(0, fee.amount_minor) for fee in receipt.fees)
    rows = [
        ("Deposits", receipt.deposit_minor, 0),
        *(("Fees", _base_minor(paper, tax), tax.rate_ppm) for tax in of_fees),
        ("Fees", fees_minor - sum(tax.base_minor for tax in of_fees), 0),
    ]
    return [row for row in rows if row[1]]


def _off_minor(paper: Paper) -> list[int]:
    """What is given back for bottles: it bears no tax."""
    return [-fee.amount_minor for fee in paper.receipt.fees if fee.amount_minor < 0]


DOCUMENT: Mapping[str, tuple[str, Callable[[Paper], str]]] = {
    "BT-1": ("invoice number", lambda paper: paper.receipt_id),
    "BT-2": ("issue date", lambda paper: paper.issued[:10]),
    "BT-3": ("type code", lambda paper: RECEIPT_TYPE),
    "BT-5": ("currency code", lambda paper: paper.receipt.currency),
    "BT-18": ("invoiced object identifier", sha256_of),
    "BT-27": ("seller name", lambda paper: paper.store_name),
    "BT-106": (
        "sum of line net amounts",
        lambda p: money(p, sum(_net_minor(p, line) for line in p.receipt.lines)),
    ),
    "BT-107": ("sum of document allowances", lambda p: money(p, sum(_off_minor(p)))),
    "BT-108": ("sum of document charges", lambda p: money(p, sum(row[1] for row in _charges(p)))),
    "BT-109": ("total without VAT", lambda p: money(p, _without_tax_minor(p.receipt))),
    "BT-110": ("total VAT", lambda p: money(p, _tax_minor(p.receipt))),
    "BT-112": ("total with VAT", lambda p: money(p, p.receipt.total_minor)),
    "BT-113": ("paid amount", lambda p: money(p, sum(p.tenders.values()))),
    "BT-115": (
        "amount due",
        lambda p: money(p, p.receipt.total_minor - sum(p.tenders.values())),
    ),
}


def _category(rate_ppm: int) -> str:
    return "S" if rate_ppm else "Z"


def _rate_ppm(paper: Paper, line: ReceiptLine) -> int:
    rates = (tax.rate_ppm for tax in paper.receipt.taxes if tax.category == line.tax_category)
    return next(rates, 0)


def _net_minor(paper: Paper, line: ReceiptLine) -> int:
    """A line without the tax that its price holds: its share of it by largest remainder, so that
    the lines add up to what the tax is on."""
    receipt = paper.receipt
    row = next((tax for tax in receipt.taxes if tax.category == line.tax_category), None)
    if receipt.tax_minor or row is None:
        return line.net_minor
    alike = [one for one in receipt.lines if one.tax_category == line.tax_category]
    shares_minor = allocate(row.tax_minor, [one.net_minor for one in alike])
    return line.net_minor - shares_minor[alike.index(line)]


def _bare_price(paper: Paper, line: ReceiptLine, amount_minor: int) -> str:
    """A price without the tax in it, to four digits more than the currency has."""
    rate_ppm = 0 if paper.receipt.tax_minor else _rate_ppm(paper, line)
    if not rate_ppm:
        return money(paper, amount_minor)
    finer = divide_half_up(amount_minor * 10_000 * PARTS_PER_MILLION, PARTS_PER_MILLION + rate_ppm)
    return decimal_text(finer, paper.receipt.currency_digits + 4)


LINE: Mapping[str, tuple[str, Callable[[Paper, ReceiptLine], str]]] = {
    "BT-126": ("line identifier", lambda paper, line: line.line_id),
    "BT-129": (
        "quantity",
        lambda paper, line: str(line.quantity) if line.mass_mg is None else f"{line.mass_mg}E-6",
    ),
    "BT-130": ("unit", lambda paper, line: PIECE if line.mass_mg is None else KILOGRAM),
    "BT-131": ("line net amount", lambda paper, line: money(paper, _net_minor(paper, line))),
    "BT-146": ("item price", lambda paper, line: _bare_price(paper, line, line.unit_price_minor)),
    "BT-151": ("VAT category", lambda paper, line: _category(_rate_ppm(paper, line))),
    "BT-152": ("VAT rate in percent", lambda paper, line: f"{_rate_ppm(paper, line)}E-4"),
    "BT-153": ("item name", lambda paper, line: line.name),
    "BT-155": ("seller's item identifier", lambda paper, line: line.sku),
}
ALLOWANCE: Mapping[str, tuple[str, Callable[[Paper, ReceiptLine, Modifier], str]]] = {
    "BT-136": (
        "line allowance amount",
        lambda p, line, row: _bare_price(p, line, -row.amount_minor),
    ),
    "BT-139": ("line allowance reason", lambda p, line, row: row.title or row.deal_id),
}
TAX: Mapping[str, tuple[str, Callable[[Paper, TaxLine], str]]] = {
    "BT-116": ("taxable amount", lambda paper, tax: money(paper, _base_minor(paper, tax))),
    "BT-117": ("tax amount", lambda paper, tax: money(paper, tax.tax_minor)),
    "BT-118": ("category code", lambda paper, tax: _category(tax.rate_ppm)),
    "BT-119": ("rate in percent", lambda paper, tax: f"{tax.rate_ppm}E-4"),
}


def as_terms(paper: Paper) -> dict[str, object]:
    """The e-receipt as terms: the document's, its lines with their allowances, its taxes."""
    lines: list[dict[str, object]] = []
    for line in paper.receipt.lines:
        terms: dict[str, object] = {term: value(paper, line) for term, (_, value) in LINE.items()}
        terms["BG-27"] = [
            {term: value(paper, line, row) for term, (_, value) in ALLOWANCE.items()}
            for row in line.modifiers
        ]
        lines.append(terms)
    taxes = [
        {term: value(paper, tax) for term, (_, value) in TAX.items()} for tax in paper.receipt.taxes
    ]
    document: dict[str, object] = {term: value(paper) for term, (_, value) in DOCUMENT.items()}
    charges = [
        {"BT-99": money(paper, minor), "BT-102": _category(rate_ppm), "BT-104": words}
        for words, minor, rate_ppm in _charges(paper)
    ]
    off = [
        {"BT-92": money(paper, minor), "BT-95": _category(0), "BT-97": BOTTLES}
        for minor in _off_minor(paper)
    ]
    return {**document, "BG-20": off, "BG-21": charges, "BG-25": lines, "BG-23": taxes}
