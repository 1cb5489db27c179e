"""Receipts on paper, on the web, as an e-receipt; what comes after the sale; and prudence."""

from __future__ import annotations

import io
import re
from typing import Any

import msgspec
import numpy as np
import pytest
import zxingcpp
from msgspec.structs import replace
from PIL import Image

from cart.commands.price import WantedBasket, WantedLine, answer
from cart.core.basket import Line
from cart.core.catalog import Catalog, CatalogIndex, Product, Recall, TaxRate, UnitPrice
from cart.core.codes import ProductCode, meaning
from cart.core.coupons import BOTTLES
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.engine import receipt_of
from cart.core.pricing.n_for_price import NForPrice
from cart.core.prudence import (
    Refused,
    budget_warning,
    cheaper_equal,
    refused,
)
from cart.core.receipt import FeeLine, Receipt
from cart.core.refunds import Refund, RefundError, differences, refund
from cart.core.terms import FeeTaken, Terms
from cart.core.weights import Weight
from cart.receipts import en16931
from cart.receipts.escpos import CUT, INITIALIZE, as_escpos
from cart.receipts.page import as_html
from cart.receipts.paper import Paper, amount_words, as_json, code_text, sha256_of, tenders
from cart.receipts.text import COLUMNS, as_text, width

PRODUCTS = (
    Product("tins", "Chopped tomatoes in juice <400 g>", 133, deposit_minor=0, content=400,
            category="tomatoes", tax_category="standard"),
    Product("big", "Tomatoes 800 g", 200, content=800, category="tomatoes",
            tax_category="standard"),
    Product("cheese", "Käse", 1890, sold_by="mass", tax_category="food"),
    Product("wine", "Wine", 900, minimum_age_years=18, hours=("08:00", "22:00"),
            deposit_minor=25, tax_category="standard"),
)  # fmt: skip
DEAL = NForPrice(deal_id="d", title="3 for 3.00", skus=("tins",), quantity=3, price_minor=300)
INDEX = CatalogIndex(
    Catalog(
        1,
        "EUR",
        PRODUCTS,
        deals=(DEAL,),
        tax_rates=(TaxRate("food", 0), TaxRate("standard", 82_500)),
        recalls=(Recall("cheese", "listeria", ("B7",)),),
    )
)
ZERO_CHARGE = {"BT-102": "Z", "BT-103": "0.0000"}
SUMS = ("BT-106", "BT-107", "BT-108", "BT-109", "BT-110", "BT-112")
LINES = (
    Line("L1", "tins", PRODUCTS[0].name, 3, 133, 399),
    Line("L2", "cheese", "Käse", 1, 1890, 945, 500_000),
    Line("L3", "wine", "Wine", 1, 900, 900),
)


def receipt() -> Receipt:
    """Three lines, a deal, a deposit, two taxes."""
    return receipt_of(LINES, INDEX, member=False)


def paper() -> Paper:
    """The receipt with its head."""
    found = receipt()
    return Paper(found, "R00000001", "The corner shop", "2026-11-22T18:30",
                 journal_sha256="ab" * 32, tenders={"card": found.total_minor})  # fmt: skip


def test_text_is_42_columns_and_says_every_cent() -> None:
    """No line is longer; amounts stand at the right edge; the deal is named."""
    lines = as_text(paper()).splitlines()
    assert max(map(len, lines)) == COLUMNS
    assert any(line.startswith("  3 for 3.00") and line.endswith("-0.99") for line in lines)
    assert any(line.startswith("TOTAL EUR") and line.endswith("22.69") for line in lines)
    assert any(line.startswith("0.500 kg Käse") for line in lines)


def test_json_is_the_receipt_and_the_chain_holds() -> None:
    """What is hashed reads back the same; one cent or another predecessor changes the link."""
    one = paper()
    assert msgspec.json.decode(as_json(one), type=Paper) == one
    other = replace(one, receipt=replace(one.receipt, total_minor=one.receipt.total_minor - 1))
    after = replace(one, before_sha256=sha256_of(one))
    assert len({sha256_of(one), sha256_of(other), sha256_of(after)}) == 3


def test_escpos_has_text_code_and_cut() -> None:
    """The printer is initialized, gets letters of its page, a QR code and the cut."""
    data = as_escpos(paper())
    assert data.startswith(INITIALIZE)
    assert data.endswith(CUT)
    assert "Käse".encode("cp858") in data
    assert b"1P0" + code_text(paper()).encode() in data


def test_the_page_escapes_names_and_its_code_reads_back() -> None:
    """A name with a tag in it stays a name; a camera reads what the code says."""
    page = as_html(paper())
    assert "&lt;400 g&gt;" in page
    assert "<400" not in page
    assert "<svg" in page
    symbol = zxingcpp.create_barcode(code_text(paper()), zxingcpp.BarcodeFormat.QRCode)
    image = Image.fromarray(np.asarray(symbol.to_image(scale=4)))
    image.save(io.BytesIO(), "png")
    assert [read.text for read in zxingcpp.read_barcodes(np.asarray(image))] == [code_text(paper())]


def test_the_e_receipt_has_its_terms_and_they_add_up() -> None:
    """Every term of the tables is filled; sums follow BR-CO-13, BR-CO-15 and BR-CO-16."""
    terms = en16931.as_terms(paper())
    assert set(en16931.DOCUMENT) <= set(terms)
    assert all(terms[term] != "" for term in en16931.DOCUMENT)
    cents = {
        term: round(float(str(terms[term])) * 100) for term in
        ("BT-106", "BT-108", "BT-109", "BT-110", "BT-112", "BT-113", "BT-115")
    }  # fmt: skip
    assert cents["BT-109"] == cents["BT-106"] + cents["BT-108"]
    assert cents["BT-112"] == cents["BT-109"] + cents["BT-110"]
    charge = {"BT-99": terms["BT-108"], **ZERO_CHARGE, "BT-104": "Deposits"}
    assert terms["BG-21"] == [charge]
    assert cents["BT-115"] == cents["BT-112"] - cents["BT-113"] == 0
    lines = terms["BG-25"]
    assert isinstance(lines, list)
    assert [set(en16931.LINE) | {"BG-27"} == set(line) for line in lines] == [True] * 3
    assert lines[0]["BG-27"] == [{"BT-136": "0.99", "BT-139": "3 for 3.00"}]


def group(terms: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The rows of a group of terms."""
    rows: list[dict[str, Any]] = terms[name]
    return rows


def test_tax_inside_prices_is_taken_out_of_what_it_is_on() -> None:
    """Taxable amount and tax add up to what was paid; the total without tax is without it."""
    catalog = replace(INDEX.catalog, prices_include_tax=True)
    found = receipt_of(LINES[:1], CatalogIndex(catalog), member=False)
    terms = en16931.as_terms(replace(paper(), receipt=found))
    (tax,) = [row for row in group(terms, "BG-23") if row["BT-118"] == "S"]
    assert (tax["BT-116"], tax["BT-117"]) == ("2.77", "0.23")
    assert (terms["BT-109"], terms["BT-110"], terms["BT-112"]) == ("2.77", "0.23", "3.00")
    assert terms["BG-21"] == []
    assert terms["BT-106"] == terms["BT-109"]
    (line,) = group(terms, "BG-25")
    assert (line["BT-131"], line["BT-151"], line["BT-152"]) == ("2.77", "S", "8.2500")
    assert (line["BT-146"], group(line, "BG-27")[0]["BT-136"]) == ("1.228637", "0.914550")


@pytest.mark.parametrize(("inside", "amount"), [(True, "0.50"), (False, "0.54")])
def test_fees_and_bottles_are_groups_of_the_e_receipt(inside: bool, amount: str) -> None:
    """Each with its own tax category; the sums of the document still follow from one another."""
    fees = (FeeTaken("bag", "Bag", 2, 27, 82_500), FeeTaken("box", "Box", 1, 10))
    catalog = CatalogIndex(replace(INDEX.catalog, prices_include_tax=inside))
    found = receipt_of(LINES, catalog, member=False, terms=Terms(fees=fees))
    bottles = FeeLine("voucher", BOTTLES, 1, -15)
    found = replace(found, fees=(*found.fees, bottles), total_minor=found.total_minor - 15)
    terms = en16931.as_terms(replace(paper(), receipt=found))
    assert group(terms, "BG-20") == [
        {"BT-92": "0.15", "BT-95": "Z", "BT-96": "0.0000", "BT-97": BOTTLES}
    ]
    assert group(terms, "BG-21") == [
        {"BT-99": "0.25", **ZERO_CHARGE, "BT-104": "Deposits"},
        {"BT-99": amount, "BT-102": "S", "BT-103": "8.2500", "BT-104": "Fees"},
        {"BT-99": "0.10", **ZERO_CHARGE, "BT-104": "Fees"},
    ]
    cents = {term: round(float(str(terms[term])) * 100) for term in SUMS}
    assert cents["BT-109"] == cents["BT-106"] - cents["BT-107"] + cents["BT-108"]
    assert cents["BT-112"] == cents["BT-109"] + cents["BT-110"] == found.total_minor


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("on", ["wine", "tins"])
def test_benefits_and_a_makers_coupon_fit_the_e_receipt(inside: bool, on: str) -> None:
    """BR-CO-10 to 16, and BR-S-08: each rate is on what its lines, charges and allowances say."""
    off = Coupon(deal_id="c", skus=(on,), funder="manufacturer", amount_minor=100)
    products = (replace(PRODUCTS[0], snap=True, deposit_minor=10), *PRODUCTS[1:])
    catalog = replace(INDEX.catalog, products=products, deals=(off,), prices_include_tax=inside)
    terms_of_trip = Terms(benefits=True, fees=(FeeTaken("bag", "Bag", 2, 27, 82_500),))
    found = receipt_of(LINES, CatalogIndex(catalog), member=False, terms=terms_of_trip)
    one = replace(paper(), receipt=found, tenders=tenders(found))
    terms = en16931.as_terms(one)

    def cents(row: dict[str, Any], term: str) -> int:
        return int(str(row[term]).replace(".", ""))

    def of_rate(rate: str) -> int:
        groups = (("BG-25", "BT-131", "BT-152", 1), ("BG-21", "BT-99", "BT-103", 1),
                  ("BG-20", "BT-92", "BT-96", -1))  # fmt: skip
        return sum(
            sign * cents(row, amount)
            for name, amount, rated, sign in groups
            for row in group(terms, name)
            if row[rated] == rate
        )

    assert cents(terms, "BT-106") == sum(cents(row, "BT-131") for row in group(terms, "BG-25"))
    net = cents(terms, "BT-106") - cents(terms, "BT-107") + cents(terms, "BT-108")
    assert cents(terms, "BT-109") == net
    assert cents(terms, "BT-112") == net + cents(terms, "BT-110") == found.total_minor + 100
    assert cents(terms, "BT-113") == found.total_minor + 100
    assert cents(terms, "BT-115") == 0
    rates = [row["BT-119"] for row in group(terms, "BG-23")]
    assert sorted(rates) == ["0.0000", "8.2500"]
    for row in group(terms, "BG-23"):
        assert cents(row, "BT-116") == of_rate(row["BT-119"])
    taxed = [tax.base_minor - inside * tax.tax_minor for tax in found.taxes if tax.rate_ppm]
    assert of_rate("8.2500") == sum(taxed)


def test_decimals_are_written_out() -> None:
    """No exponents: a weight and a rate are decimals, as the standard's types ask for."""
    text = msgspec.json.encode(en16931.as_terms(paper())).decode()
    assert re.search(r"[0-9][Ee][+-]?[0-9]", text.replace(sha256_of(paper()), "")) is None
    assert '"BT-129":"0.500000"' in text


def test_a_hostile_name_steers_neither_printer_nor_page() -> None:
    """Control characters and marks of direction are gone, from names, titles and the head."""
    name = "Tea\x1b@\x1dVB\x00\u202e\n\x9b1m\x85 Z"
    line = replace(receipt().lines[1], name=name)
    one = replace(paper(), receipt=replace(receipt(), lines=(line,)), receipt_id=name,
                  store_name=name)  # fmt: skip
    text = as_text(one)
    assert all(letter.isprintable() for letter in text.replace("\n", ""))
    assert all(letter.isprintable() for letter in as_html(one).replace("\n", ""))
    printed = as_escpos(one)
    assert printed.count(b"\x1d") == len(re.findall(rb"\x1d\(k", printed)) + 1
    assert printed.count(CUT) == 1


@pytest.mark.parametrize(
    "name",
    ["豆腐 とうふ 두부 " * 5, "x" * 200, "漢" * 100, "", " " * 60, "e\u0301\u0323" * 60],
)
def test_no_name_breaks_the_42_columns(name: str) -> None:
    """Wide letters take two columns, marks none; a long id or time stands on lines of its own."""
    first = receipt().lines[0]
    titled = replace(first.modifiers[0], title=name)
    line = replace(first, name=name, modifiers=(titled,))
    one = replace(paper(), receipt=replace(receipt(), lines=(line,)), receipt_id=f"R{name}",
                  store_name=name)  # fmt: skip
    lines = as_text(one).splitlines()
    assert max(map(width, lines)) <= COLUMNS
    assert any(text.endswith("2026-11-22T18:30") for text in lines)
    assert [text for text in lines if width(text) == COLUMNS and text.endswith(" 3.99")]


@pytest.mark.parametrize("order", [(1, 1, 1), (2, 1), (1, 2), (3,)])
def test_refunds_give_back_exactly_what_was_paid(order: tuple[int, ...]) -> None:
    """Piece by piece or at once: the line's share of discount and tax, to the cent."""
    found = receipt()
    parts: list[Refund] = []
    for quantity in order:
        already = sum(part.quantity for part in parts)
        parts.append(refund(found, "L1", quantity, already))
    assert sum(part.net_minor for part in parts) == 300
    assert sum(part.tax_minor for part in parts) == 25


def test_a_refund_gives_back_tax_and_deposit_to_who_paid_them() -> None:
    """Tax on a maker's coupon's price, none on what benefits paid, deposits, each to its tender."""
    off = Coupon(deal_id="c", skus=("tins",), funder="manufacturer", amount_minor=100)
    catalog = replace(INDEX.catalog, deals=(off,))
    food = replace(PRODUCTS[2], snap=True, deposit_minor=30, tax_category="standard")
    catalog = replace(catalog, products=(PRODUCTS[0], food, PRODUCTS[3]))
    index = CatalogIndex(catalog)
    found = receipt_of(LINES, index, member=False, terms=Terms(benefits=True))
    given = [refund(found, line.line_id, line.quantity) for line in found.lines]
    assert [(back.net_minor, back.tax_minor, back.deposit_minor) for back in given] == [
        (299, 33, 0), (945, 0, 30), (900, 74, 25),
    ]  # fmt: skip
    assert [back.snap_minor for back in given] == [0, 975, 0]
    assert sum(back.amount_minor for back in given) == found.total_minor
    assert sum(back.snap_minor for back in given) == found.snap_minor


def test_pounds_stay_pounds_from_the_label_to_the_receipt() -> None:
    """1.25 lb at 0.02 a pound is 2.5 cents, rounded once; by milligrams it would be 2.4999."""
    ham = Product("ham", "Ham", 2, sold_by="mass", price_unit="lb", gtins=("09520123456788",))
    index = CatalogIndex(Catalog(1, "USD", (ham,)))
    said = meaning("01095201234567883202000125", "]e0", index)
    assert isinstance(said, ProductCode)
    assert (said.mass_mg, said.weight) == (566_990, Weight("1.25", "lb"))
    row = WantedLine("ham", weight=said.weight)
    found = answer(msgspec.json.encode(WantedBasket((row,))), "basket", index)
    assert (found.total_minor, found.lines[0].weight) == (3, said.weight)
    assert found.lines[0].mass_mg == said.mass_mg
    one = replace(paper(), receipt=found)
    assert "1.25 lb Ham" in as_text(one)
    (line,) = group(en16931.as_terms(one), "BG-25")
    assert (line["BT-129"], line["BT-130"], line["BT-146"]) == ("1.250000", "LBR", "0.02")
    weighed = replace(found.lines[0], weight=None)
    assert amount_words(weighed) == "1.250 lb"


def test_more_than_was_bought_cannot_be_given_back() -> None:
    """The error says how many are left."""
    with pytest.raises(RefundError, match="1 pieces left"):
        refund(receipt(), "L1", 2, already=2)
    with pytest.raises(RefundError, match="no line L9"):
        refund(receipt(), "L9", 1)


def test_a_difference_is_an_item_to_settle() -> None:
    """The line and the field are named, with both figures; equal receipts have none."""
    ours = receipt()
    theirs = receipt_of(LINES[:2], INDEX, member=False)
    assert differences(ours, ours) == ()
    found = {(row.line_id, row.field) for row in differences(ours, theirs)}
    assert {("L3", "quantity"), ("", "total_minor")} <= found


def test_every_figure_may_differ() -> None:
    """Deposits, fees, food benefits, taxes, who pays a deal: none is left out."""
    ours = receipt()
    first, *rest = ours.lines
    modifiers = (replace(first.modifiers[0], funder="manufacturer"),)
    others = (
        replace(ours, deposit_minor=1),
        replace(ours, snap_minor=1),
        replace(ours, currency="USD"),
        replace(ours, fees=(FeeLine("bag", "Bag", 1, 10),)),
        replace(ours, taxes=(replace(ours.taxes[0], base_minor=1), *ours.taxes[1:])),
        replace(ours, lines=(replace(first, modifiers=modifiers), *rest)),
        replace(ours, lines=(replace(first, deposit_minor=1), *rest)),
    )
    assert all(differences(ours, other) for other in others)


def test_a_cheaper_equal_product_is_told() -> None:
    """By the price of a kilogram, within a category; the dearer one is never told."""
    tins, big, cheese, _ = PRODUCTS
    assert tins.unit_price == UnitPrice(333, "kg")
    assert cheese.unit_price == UnitPrice(1890, "kg")
    assert cheaper_equal(tins, INDEX) == big
    assert cheaper_equal(big, INDEX) is None


def test_what_is_cheapest_is_never_hidden() -> None:
    """A deal that names the dearer product changes nothing; a recalled one is not advised."""
    tins, big, *_ = PRODUCTS
    assert INDEX.catalog.deals[0].skus == (tins.sku,)
    assert cheaper_equal(tins, INDEX) == big
    recalled = replace(INDEX.catalog, recalls=(Recall("big", "glass"),))
    assert cheaper_equal(tins, CatalogIndex(recalled)) is None


@pytest.mark.parametrize(
    ("total", "warning"), [(0, None), (7999, None), (8000, 80), (9999, 80), (10000, 100)]
)
def test_a_budget_warns_at_80_and_100(total: int, warning: int | None) -> None:
    """At the very cent."""
    assert budget_warning(total, 10_000) == warning


def test_what_may_not_be_sold_says_why() -> None:
    """A recalled lot, a day too late, too young, too late at night; else nothing."""
    _, _, cheese, wine = PRODUCTS
    assert refused(INDEX, cheese, lot="B7") == Refused("recalled", "listeria")
    assert refused(INDEX, cheese, lot="B8", expires="2026-11-22", now="2026-11-22T09:00") is None
    late = refused(INDEX, cheese, expires="2026-11-21", now="2026-11-22T09:00")
    assert late == Refused("expired")
    assert refused(INDEX, wine, age_years=17, now="2026-11-22T09:00") == Refused("age")
    assert refused(INDEX, wine, now="2026-11-22T09:00") == Refused("age")
    assert refused(INDEX, wine, age_years=18, now="2026-11-22T23:00") == Refused("hours")
    assert refused(INDEX, wine, age_years=18, now="2026-11-22T09:00") is None
