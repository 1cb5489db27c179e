"""`python -m cart price`: add up a basket, with the very engine that the cart and the store use."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from cart.commands.files import answer_standard_input, complain, read_index
from cart.commands.scenarios import answer_claim, answer_scenario
from cart.contract.lines import ContractError, decode
from cart.core.basket import Line
from cart.core.catalog import MASS_MG_MAX, CatalogError, CatalogIndex
from cart.core.pricing.engine import receipt_of
from cart.core.pricing.offers import PriceMinor, Sku
from cart.core.receipt import Receipt
from cart.core.units import decimal_text, round_fraction
from cart.core.value import Value
from cart.core.weights import Weight, exact_mg, price_of_weight_minor
from cart.receipts.paper import amount_words

COMMAND = "python -m cart price"


class WantedLine(Value):
    """One line to price. A good sold by mass needs `mass_mg`, the `weight` that a label tells (such
    as "1.25" of "lb"), or the `price_minor` of its label.

    `price_minor` is for the whole line and left out takes the catalog's price."""

    sku: Sku
    quantity: Annotated[int, Meta(ge=1, le=1_000)] = 1
    mass_mg: Annotated[int, Meta(ge=1, le=MASS_MG_MAX)] | None = None
    weight: Weight | None = None
    price_minor: PriceMinor | None = None
    line_id: Annotated[str, Meta(max_length=64)] = ""


class WantedBasket(Value):
    """One line in: a basket, and whether the shopper is a member."""

    lines: Annotated[tuple[WantedLine, ...], Meta(max_length=1_000)]
    member: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "Add up baskets from standard input. With --catalog a basket is"
        ' {"lines": [{"sku", "quantity", "mass_mg"}], "member"}; without it each line is a scenario'
        " with goods and offers of its own, as docs/pricing.md says."
    )
    parser.add_argument("--catalog", type=Path, metavar="FILE", help="catalog JSON")
    parser.add_argument(
        "--jsonl", action="store_true", help="one basket a line in, one answer a line out"
    )
    parser.add_argument(
        "--certificate",
        action="store_true",
        help="with --jsonl and no --catalog: also why no other combination is cheaper",
    )

    parser.add_argument(
        "--check",
        action="store_true",
        help='with --jsonl: check certificates; a line in is {"scenario", "certificate"}',
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the receipt of one basket, or with --jsonl answer each line with a receipt in JSON."""
    if arguments.check or arguments.catalog is None:
        return _without_catalog(arguments)
    if arguments.certificate:
        return complain(COMMAND, "--certificate is for scenarios; leave --catalog out")
    try:
        index = read_index(arguments.catalog)
        if arguments.jsonl:
            return answer_standard_input(lambda line, where: answer(line, where, index))
        receipt = answer(sys.stdin.buffer.read(), "the basket", index)
    except (CatalogError, ContractError) as error:
        return complain(COMMAND, error)
    for line in in_words(receipt):
        sys.stdout.write(f"{line}\n")
    return 0


def _without_catalog(arguments: argparse.Namespace) -> int:
    """Answer scenarios, or check what was answered."""
    if arguments.check and (arguments.catalog or arguments.certificate or not arguments.jsonl):
        return complain(COMMAND, "--check goes with --jsonl alone")
    if not arguments.jsonl:
        return complain(COMMAND, "give --catalog FILE, or --jsonl to price scenarios")
    if arguments.check:
        return answer_standard_input(answer_claim)
    return answer_standard_input(
        lambda line, where: answer_scenario(line, where, certificate=arguments.certificate)
    )


def answer(line: bytes, where: str, index: CatalogIndex) -> Receipt:
    """The receipt of one JSON basket. Raises ContractError."""
    basket: WantedBasket = decode(WantedBasket, line, where)
    lines = [_line(f"{where}: lines[{at}]", row, index) for at, row in enumerate(basket.lines)]
    ids = [line.line_id for line in lines]
    if len(frozenset(ids)) < len(ids):
        raise ContractError(f"{where}: two lines have the same line_id; leave line_id out")
    return receipt_of(lines, index, basket.member)


def _line(where: str, row: WantedLine, index: CatalogIndex) -> Line:
    product = index.by_sku.get(row.sku)
    if product is None:
        raise ContractError(f"{where}: no product of this catalog has the sku {row.sku!r}")
    by_mass = product.sold_by == "mass"
    weight = row.weight or row.mass_mg
    mass_mg = None if weight is None else round_fraction(exact_mg(weight), "half_up")
    if mass_mg is not None and (not by_mass or row.quantity > 1):
        raise ContractError(f"{where}: leave mass_mg and weight out for what is sold by the piece")
    if mass_mg is not None and not 0 < mass_mg <= MASS_MG_MAX:
        raise ContractError(f"{where}: nothing weighs {mass_mg} mg; correct the weight")
    if by_mass and weight is None and row.price_minor is None:
        raise ContractError(f"{where}: {row.sku!r} is sold by mass; give mass_mg or weight")
    if row.price_minor is not None:
        price_minor = row.price_minor
    elif weight is not None:
        price_minor = price_of_weight_minor(weight, product.price_minor, product.price_unit)
    else:
        price_minor = product.price_minor * row.quantity
    return Line(
        line_id=row.line_id or where.rpartition(" ")[2],
        sku=row.sku,
        name=product.name,
        quantity=row.quantity,
        unit_price_minor=product.price_minor,
        price_minor=price_minor,
        mass_mg=mass_mg,
        weight=row.weight,
        price_unit=product.price_unit,
    )


def in_words(receipt: Receipt) -> Iterator[str]:
    """A receipt as lines for people."""
    for line in receipt.lines:
        amount = amount_words(line)
        yield _row(f"{amount} {line.name}", line.price_minor, receipt)
        for modifier in line.modifiers:
            yield _row(f"  {modifier.title}", modifier.amount_minor, receipt)
    yield _row("Subtotal", receipt.subtotal_minor, receipt)
    yield _row("Savings", -receipt.savings_minor, receipt)
    for tax in receipt.taxes:
        yield _row(f"Tax {tax.category} {decimal_text(tax.rate_ppm, 4)} %", tax.tax_minor, receipt)
    if receipt.deposit_minor:
        yield _row("Deposits", receipt.deposit_minor, receipt)
    yield _row(f"Total {receipt.currency}", receipt.total_minor, receipt)


def _row(text: str, amount_minor: int, receipt: Receipt) -> str:
    return f"{text:<50}{decimal_text(amount_minor, receipt.currency_digits):>12}"
