"""Reads what a store sells from a spreadsheet (CSV) or JSON, and names every row that is wrong.

A whole catalog is one JSON object; one table of it (products, deals, aisles, ...) is a CSV file
with a head, or a JSON list. It must never guess: a row is right, or it is named.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect
from msgspec.structs import replace

from cart.core.catalog import (
    BYTE_ORDER_MARK,
    Aisle,
    Catalog,
    CatalogError,
    CodeLayout,
    Product,
    Recall,
    TaxRate,
)
from cart.core.catalog_faults import Fault, faults
from cart.core.pricing.kinds import AnyDeal
from cart.core.value import Value
from store import written
from store.written import Slip

TABLES: Mapping[str, Any] = {
    "products": Product,
    "deals": AnyDeal,
    "tax_rates": TaxRate,
    "code_layouts": CodeLayout,
    "aisles": Aisle,
    "recalls": Recall,
}
# As people write them: the field that is meant, and how many digits after the point it takes in;
# None stands for those of the currency.
AS_WRITTEN: Mapping[str, tuple[str, int | None]] = {
    "price": ("price_minor", None),
    "deposit": ("deposit_minor", None),
    "mass_g": ("mass_mg", 3),
    "mass_spread_g": ("mass_spread_mg", 3),
    "tare_g": ("tare_mg", 3),
}
SHAPE = "write it as docs/schemas/catalog.schema.json says"
# What a person gets wrong most, in words: what is wrong, and what is wanted.
WORDS: Mapping[str, tuple[str, str]] = {
    "gtins[": (
        "no code of 14 digits",
        "write an EAN-13 with one 0 in front, a UPC-A with two, as text and not as a number",
    ),
}
SHOWN = 60  # letters of a text that is wrong
# What no label prints: control characters, marks that turn the direction of what follows, and half
# letters, which JSON can name.
ODD = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
OTHER = re.compile(r"(\w+)\[(\d+)\]")
NUMBER = re.compile(r"-?[0-9]{1,12}([.,][0-9]{1,12})?")
PATH = re.compile(r"(.*?) - at `\$\.?(.*?)`", re.DOTALL)


class BadRow(Value):
    """One row that can't be used. Of CSV the head is row 1, as spreadsheets count."""

    table: str
    row: int
    column: str
    wrong: str
    todo: str

    def __str__(self) -> str:
        where = f"row {self.row}, {self.column}" if self.column else f"row {self.row}"
        return f"{self.table} {where}: {self.wrong}; {self.todo}"


class RowsRefusedError(CatalogError):
    """Nothing was taken of a file because of rows that were named before."""


class Reading(NamedTuple):
    """What is right of a file, as a whole catalog, and every row that is not."""

    catalog: Catalog
    bad: tuple[BadRow, ...]


Row = tuple[int, Any]


def read(data: bytes, table: str, published: Catalog) -> Reading:
    """Read a file. A table of its own takes the place of that table in the `published` catalog.

    `table` is "" for a whole catalog. Raises CatalogError if the file as a whole is no such thing.
    """
    bad: list[BadRow] = []
    data = data.removeprefix(BYTE_ORDER_MARK)
    if table:
        head = replace(published, version=published.version + 1)
        tables = {name: _numbered(getattr(published, name), name) for name in TABLES}
        is_json = data.lstrip()[:1] == b"["
        if is_json:
            tables[table] = _numbered(_json(data), table)
        else:
            tables[table] = list(_lines(data, table, published.currency_digits, bad))
    else:
        is_json = True
        head, tables = _whole(data)
    right = {
        name: list(_converted(name, rows, bad, strict=is_json)) for name, rows in tables.items()
    }
    return _checked(head, right, bad)


def _json(data: bytes) -> object:
    try:
        return written.read(data)
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"catalog: no JSON in UTF-8: {error}; {SHAPE}") from error


def _whole(data: bytes) -> tuple[Catalog, dict[str, list[Row]]]:
    head = _json(data)
    if not isinstance(head, dict):
        raise CatalogError("catalog: one JSON object is wanted; for a part of it give --table")
    tables = {name: _numbered(head.pop(name, []), name) for name in TABLES}
    if slip := _slip(head, inspect.type_info(Catalog)):
        raise CatalogError(f"catalog: {slip.field}: {slip.wrong}; {slip.todo}")
    try:
        catalog = msgspec.convert(head | {"products": []}, Catalog)
    except msgspec.ValidationError as error:
        raise CatalogError(f"catalog: {error}; {SHAPE}") from error
    return catalog, tables


def _numbered(rows: object, table: str) -> list[Row]:
    if not isinstance(rows, list | tuple):
        raise CatalogError(f"catalog: {table} is no list; {SHAPE}")
    return list(enumerate(rows, 1))


def _lines(data: bytes, table: str, digits: int, bad: list[BadRow]) -> Iterator[Row]:
    """The rows of a CSV file as JSON would have them; an empty cell says nothing."""
    lines = iter(_cells(data, table))
    lists = _columns(table)
    head = _head(next(lines, []), table, lists)
    for number, cells in enumerate(lines, 2):
        if len(cells) > len(head):
            todo = "put a cell that holds the separator into double quotes"
            bad.append(BadRow(table, number, "", "more cells than the head names", todo))
            continue
        filled = [(name, cell.strip()) for name, cell in zip(head, cells, strict=False)]
        try:
            row = _row([each for each in filled if each[1]], lists, digits)
        except _CellError as error:
            bad.append(BadRow(table, number, error.column, error.wrong, error.todo))
        else:
            if row:
                yield number, row


def _cells(data: bytes, table: str) -> list[list[str]]:
    """Every row in cells. A double quote that is never closed would swallow the rows after it."""
    rows: list[list[str]] = []
    try:
        text = data.decode()
        start = text.partition("\n")[0]
        separator = max(",;\t", key=start.count)
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            rows.append(row)  # noqa: PERF402 - those before an error tell where it is
    except UnicodeDecodeError as error:
        raise CatalogError(f"{table}: {error}; save the file as CSV in UTF-8") from error
    except csv.Error as error:
        raise CatalogError(
            f"{table} row {len(rows) + 1}: {error}; close the double quote that is opened there,"
            " and write one within a cell twice"
        ) from error
    return rows


def _head(cells: list[str], table: str, lists: Mapping[str, bool]) -> list[str]:
    """The columns' names, each known and there once."""
    head = [name.strip() for name in cells]
    if not any(head):
        raise CatalogError(f"{table}: the file is empty; its first line names the columns")
    for name in head:
        if name not in lists and AS_WRITTEN.get(name, ("", 0))[0] not in lists:
            known = ", ".join(lists)
            raise CatalogError(f"{table} row 1: no column is called {name!r}; there are {known}")
        if head.count(name) > 1:
            raise CatalogError(f"{table} row 1: column {name!r} is there twice; keep one")
    return head


class _CellError(ValueError):
    def __init__(self, column: str, wrong: str, todo: str) -> None:
        super().__init__(wrong)
        self.column, self.wrong, self.todo = column, wrong, todo


def _row(
    filled: Iterable[tuple[str, str]], lists: Mapping[str, bool], digits: int
) -> dict[str, object]:
    """The cells of a row that say something, by their fields."""
    row: dict[str, object] = {}
    for name, cell in filled:
        field, value = _value(name, cell, lists, digits)
        if field in row:
            raise _CellError(name, f"{field} is told twice", "fill in one of the two columns")
        row[field] = value
    return row


def _value(name: str, cell: str, lists: Mapping[str, bool], digits: int) -> tuple[str, object]:
    """One cell; the parts of a list have | or ; between them."""
    field, places = AS_WRITTEN.get(name, (name, 0))
    if name == field:
        return name, re.split(r"\s*[;|]\s*", cell) if lists[name] else cell
    places = digits if places is None else places
    if not NUMBER.fullmatch(cell):
        raise _CellError(name, f"{cell!r} is no number", "write it as in 1.49")
    # More zeros, too: of a thousand "1.290" may be meant, and is not guessed.
    number = cell.replace(",", ".")
    if len(number.partition(".")[2]) > places:
        todo = f"write at most {places} digits after the point, and none between thousands"
        raise _CellError(name, f"{cell!r} is too exact", todo)
    return field, int(Decimal(number).scaleb(places))


def _columns(table: str) -> dict[str, bool]:
    """The columns of a table, and whether each holds a list."""
    kinds = _kinds(inspect.type_info(TABLES[table]))
    tags = {kind.tag_field: False for kind in kinds if kind.tag_field}
    return tags | {
        field.encode_name: _is_list(field.type) for kind in kinds for field in kind.fields
    }


def _kinds(info: inspect.Type) -> list[inspect.StructType]:
    types = info.types if isinstance(info, inspect.UnionType) else (info,)
    return [each for each in types if isinstance(each, inspect.StructType)]


def _is_list(info: inspect.Type) -> bool:
    types = info.types if isinstance(info, inspect.UnionType) else (info,)
    return any(isinstance(each, inspect.VarTupleType | inspect.TupleType) for each in types)


def _converted(
    table: str, rows: Iterable[Row], bad: list[BadRow], *, strict: bool
) -> Iterator[Row]:
    info = inspect.type_info(TABLES[table])
    for number, row in rows:
        if isinstance(row, Value):
            yield number, row
        elif slip := _slip(row, info):
            bad.append(BadRow(table, number, *slip))
        else:
            try:
                yield number, msgspec.convert(row, TABLES[table], strict=strict)
            except msgspec.ValidationError as error:
                bad.append(_misshapen(table, number, str(error)))


def _misshapen(table: str, number: int, said: str) -> BadRow:
    found = PATH.fullmatch(said)
    wrong, column = found.groups() if found else (said, "")
    wrong, todo = WORDS.get(column.rstrip("]0123456789"), (wrong, SHAPE))
    return BadRow(table, number, column, wrong, todo)


def _slip(value: object, info: inspect.Type) -> Slip | None:
    """The first one: a row is bad once."""
    odd = (
        Slip(column, f"{text[:SHOWN]!a} holds what no label prints", _todo_of(text))
        for column, text in _odd(value, "")
    )
    return next(chain(written.slips(value, info), odd), None)


def _odd(value: object, column: str) -> Iterator[tuple[str, str]]:
    """Texts of a row, with their columns, that hold what no label prints."""
    match value:
        case str() if ODD.search(value):
            yield column, value
        case list() | tuple():
            for each in value:
                yield from _odd(each, column)
        case dict():
            for name, each in value.items():
                yield from _odd(each, column or str(name))


def _todo_of(text: str) -> str:
    if "\n" in text or "\r" in text:
        return "write it in one line; or is a double quote missing before?"
    return "take out " + ", ".join(
        f"U+{ord(each):04X}" for each in dict.fromkeys(ODD.findall(text))
    )


def _checked(head: Catalog, right: dict[str, list[Row]], bad: list[BadRow]) -> Reading:
    """Leave out the rows that do not fit the others, until those that are left do."""
    while True:
        values = {name: tuple(value for _, value in rows) for name, rows in right.items()}
        catalog = replace(head, **values)
        found = list(faults(catalog))
        if not found:
            return Reading(catalog, tuple(bad))
        bad += [_bad_row(fault, right) for fault in found]
        gone = {(fault.table, fault.number) for fault in found}
        right = {
            name: [row for place, row in enumerate(rows) if (name, place) not in gone]
            for name, rows in right.items()
        }


def _bad_row(fault: Fault, tables: Mapping[str, list[Row]]) -> BadRow:
    """A fault with the numbers that rows have in their file."""
    number = tables[fault.table][fault.number][0]
    wrong = OTHER.sub(lambda row: f"row {tables[row[1]][int(row[2])][0]}", fault.wrong)
    return BadRow(fault.table, number, fault.column, wrong, "correct the row")
