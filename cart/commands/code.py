"""`python -m cart code`: say what a scanned or typed text says, and what it means in a store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from cart.commands.files import answer_standard_input, complain, read_index
from cart.contract.lines import ContractError, decode, encode
from cart.core.catalog import CatalogError, CatalogIndex
from cart.core.codes import (
    CodeMeaning,
    CouponCode,
    NotACode,
    PositiveOfferCode,
    ProductCode,
    UnknownCode,
    VoucherCode,
    meaning,
)
from cart.core.coding.faults import CodeError
from cart.core.coding.layouts import market_of
from cart.core.coding.reading import Question, Reading, read
from cart.core.units import decimal_text
from cart.core.value import Value

COMMAND = "python -m cart code"


class CodeLine(Value):
    r"""One line in, of a text by itself. FNC1 is \u001d; docs/codes.md names kinds and regions."""

    input: str
    kind: str | None = None
    symbology: str | None = None
    region: str | None = None


class CodeQuestion(Value):
    r"""One line in, of a text in a store. FNC1 is \u001d; `meaning` names the symbologies."""

    text: Annotated[str, Meta(max_length=10_000)]
    symbology: Annotated[str, Meta(max_length=40)] = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "Say what a scanned or typed text says; with --catalog, what it means in that store."
    )
    parser.add_argument("text", nargs="?", metavar="TEXT", help="what the symbol holds")
    parser.add_argument(
        "--symbology", default="", help='EAN13, UPCA, QR, … or an AIM identifier such as "]E0"'
    )
    parser.add_argument("--catalog", type=Path, metavar="FILE", help="catalog JSON")
    parser.add_argument(
        "--market",
        type=_market,
        metavar="NAME",
        help="whose price and weight labels are read: SE, US, USA_5DIGIT_PRICE, …",
    )
    parser.add_argument(
        "--today",
        type=_date,
        metavar="YYYY-MM-DD",
        help="the day by which two-digit years are read; the clock's if left out",
    )
    parser.add_argument(
        "--jsonl",
        action="store_true",
        help='read {"kind","input","symbology","region"} a line from standard input and write one'
        ' reading a line; with --catalog read {"text","symbology"}, write meanings',
    )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date YYYY-MM-DD") from error


def _market(name: str) -> str:
    try:
        market_of(name)
    except CodeError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name


def run(arguments: argparse.Namespace) -> int:
    """Answer TEXT, or with --jsonl each line of standard input in JSON."""
    if arguments.jsonl == (arguments.text is not None):
        return complain(COMMAND, "give either TEXT or --jsonl with standard input")
    today, market = arguments.today or arguments.clock(), arguments.market or ""
    if arguments.catalog is not None:
        return _in_a_store(arguments, today)
    if arguments.jsonl:
        return _answer_lines(lambda line, where: answer(line, where, market, today))
    question = Question(arguments.text, today, symbology=arguments.symbology, region=market)
    sys.stdout.buffer.write(encode(read(question)))
    return 0


def _answer_lines(answer_line: Callable[[bytes, str], Reading]) -> int:
    """One line out for every line in, at once, so that a program can talk to us."""
    for number, line in enumerate(sys.stdin.buffer, start=1):
        sys.stdout.buffer.write(encode(answer_line(line, f"line {number}")))
        sys.stdout.buffer.flush()
    return 0


def answer(line: bytes, where: str, market: str, today: date) -> Reading:
    """The reading that one JSON line asks for, or the reason why there is none."""
    try:
        asked: CodeLine = decode(CodeLine, line, where)
    except ContractError as error:
        return Reading(ok=False, error=str(error))
    return read(
        Question(
            asked.input, today, asked.kind or "scan", asked.symbology or "", asked.region or market
        )
    )


def _in_a_store(arguments: argparse.Namespace, today: date) -> int:
    try:
        index = read_index(arguments.catalog)
    except CatalogError as error:
        return complain(COMMAND, error)
    if arguments.jsonl:
        return answer_standard_input(lambda line, where: mean(line, where, index, today))
    said = meaning(arguments.text, arguments.symbology, index, today)
    sys.stdout.write(f"{in_words(said, index)}\n")
    return 0


def mean(line: bytes, where: str, index: CatalogIndex, today: date) -> CodeMeaning:
    """The meaning of one JSON question. Raises ContractError."""
    question: CodeQuestion = decode(CodeQuestion, line, where)
    return meaning(question.text, question.symbology, index, today)


def in_words(said: CodeMeaning, index: CatalogIndex) -> str:
    """A meaning as one line for people."""
    match said:
        case ProductCode():
            parts = [index.by_sku[said.sku].name, f"sku {said.sku}"]
            if said.gtin is not None:
                parts.append(f"GTIN {said.gtin}")
            if said.price_minor is not None:
                price = decimal_text(said.price_minor, index.catalog.currency_digits)
                parts.append(f"price in the code {price} {index.catalog.currency}")
            if said.mass_mg is not None:
                parts.append(f"mass in the code {decimal_text(said.mass_mg, 6)} kg")
            return ", ".join(parts)
        case CouponCode():
            return f"coupon of {said.coupon.gcp}, offer {said.coupon.offer}"
        case PositiveOfferCode():
            return f"coupon of {said.offer.funder}, to be reserved at the store"
        case VoucherCode():
            amount = decimal_text(said.amount_minor, index.catalog.currency_digits)
            return f"voucher of {amount} {index.catalog.currency}, to be reserved at the store"
        case UnknownCode():
            return f"sound, but not in this catalog: {said.gtin or said.text}"
        case NotACode():
            return f"no product code: {said.reason}"
