"""`python -m cart code`: say what a scanned or typed text means in a store."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from cart.commands.files import answer_standard_input, complain, read_index
from cart.contract.lines import decode
from cart.core.catalog import CatalogError, CatalogIndex
from cart.core.codes import CodeMeaning, NotACode, ProductCode, UnknownCode, meaning
from cart.core.units import decimal_text
from cart.core.value import Value

COMMAND = "python -m cart code"


class CodeQuestion(Value):
    r"""One line in. FNC1 is \u001d; see `meaning` for the names of the symbologies."""

    text: Annotated[str, Meta(max_length=10_000)]
    symbology: Annotated[str, Meta(max_length=40)] = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = "Say what a scanned or typed text means in a store."
    parser.add_argument("text", nargs="?", metavar="TEXT", help="what the symbol holds")
    parser.add_argument(
        "--symbology", default="", help='EAN13, UPCA, QR, … or an AIM identifier such as "]E0"'
    )
    parser.add_argument("--catalog", type=Path, required=True, metavar="FILE", help="catalog JSON")
    parser.add_argument(
        "--jsonl",
        action="store_true",
        help='read {"text","symbology"} a line from standard input, write one meaning a line',
    )


def run(arguments: argparse.Namespace) -> int:
    """Answer TEXT in words, or with --jsonl each line of standard input in JSON."""
    if arguments.jsonl == (arguments.text is not None):
        return complain(COMMAND, "give either TEXT or --jsonl with standard input")
    try:
        index = read_index(arguments.catalog)
    except CatalogError as error:
        return complain(COMMAND, error)
    if arguments.jsonl:
        return answer_standard_input(lambda line, where: answer(line, where, index))
    said = meaning(arguments.text, arguments.symbology, index)
    sys.stdout.write(f"{in_words(said, index)}\n")
    return 0


def answer(line: bytes, where: str, index: CatalogIndex) -> CodeMeaning:
    """The meaning of one JSON question. Raises ContractError."""
    question: CodeQuestion = decode(CodeQuestion, line, where)
    return meaning(question.text, question.symbology, index)


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
        case UnknownCode():
            return f"sound, but not in this catalog: {said.gtin or said.text}"
        case NotACode():
            return f"no product code: {said.reason}"
