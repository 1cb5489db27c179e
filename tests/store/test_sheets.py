"""Spreadsheets and JSON become a catalog; each bad row is named, and nothing comes in by halves."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from cart.core.catalog import Catalog, TaxRate
from store import catalogs
from store.__main__ import main
from store.database import open_database
from tests.store.shop import CATALOG, import_catalog

PRODUCTS = """\
sku,name,price,sold_by,gtins,mass_g,minimum_age_years,hours
milk,"Milk, 1 l",1.29,,09520004000178,1035.5,,
beer,Beer,2.49,each,,,18,08:00|22:00

pears,Pears,2.99,mass,,,,
"""


class Importer:
    """`python -m store import` into one folder, and what it published."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "sheet"

    def __call__(self, text: str | bytes, *options: str) -> int:
        """Import a text; the exit status."""
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return main(["import", "--data", str(self.folder / "s"), str(self.file), *options])

    @property
    def newest(self) -> Catalog | None:
        """What carts get."""
        with closing(open_database(self.folder / "s")) as database:
            return catalogs.newest(database)


@pytest.fixture
def bring(tmp_path: Path) -> Importer:
    """A store without a catalog."""
    return Importer(tmp_path)


def test_a_spreadsheet_becomes_a_catalog(bring: Importer) -> None:
    """Prices and masses as people write them, lists in a cell, empty cells and empty rows."""
    assert bring(PRODUCTS, "--table", "products", "--currency", "EUR") == 0
    assert bring.newest is not None
    milk, beer, pears = bring.newest.products
    assert (bring.newest.version, bring.newest.currency) == (1, "EUR")
    assert (milk.name, milk.price_minor, milk.mass_mg) == ("Milk, 1 l", 129, 1_035_500)
    assert (milk.gtins, beer.hours) == (("09520004000178",), ("08:00", "22:00"))
    assert (beer.minimum_age_years, pears.sold_by) == (18, "mass")


def test_european_spreadsheets(bring: Importer) -> None:
    """Semicolons between cells, a comma in the price, a mark of the encoding in front."""
    text = "sku;name;price\nmilk;Milch;1,29\n".encode("utf-8-sig")
    assert bring(text, "--table", "products", "--currency", "EUR") == 0
    assert bring.newest is not None
    assert bring.newest.products[0].price_minor == 129


def test_deals_and_planogram_join_what_is_published(bring: Importer) -> None:
    """One table takes the place of that table in the newest catalog, as its next version."""
    bring(msgspec.json.encode(CATALOG))
    deals = "type,deal_id,title,skus,share_ppm\npercent_off,d1,A fifth off,tomatoes-400g,200000\n"
    assert bring(deals, "--table", "deals") == 0
    places = [{"aisle": "A1", "name": "Fruit", "skus": ["bananas"]}]
    assert bring(msgspec.json.encode(places), "--table", "aisles") == 0
    assert bring.newest is not None
    assert (bring.newest.version, bring.newest.products) == (3, CATALOG.products)
    assert [deal.deal_id for deal in bring.newest.deals] == ["d1"]
    assert [aisle.skus for aisle in bring.newest.aisles] == [("bananas",)]
    assert bring.newest.tax_rates == (TaxRate("standard", 70_000),)


BAD = """\
sku,name,price,gtins
milk,Milk,1.29,
,Nameless,1.00,
eggs,Eggs,cheap,
tea,Tea,1.999,
rice,Rice,0.99,09520004000177
milk,Other milk,1.19,
salt,Salt,0.5,,too,many
"""
NAMED = [
    (3, "", "missing required field `sku`"),
    (4, "price", "'cheap' is no number"),
    (5, "price", "'1.999' is too exact"),
    (6, "gtins", "wrong check digit, it should end in 8"),
    (7, "sku", "'milk' stands in row 2 too"),
    (8, "", "more cells than the head names"),
]


def test_each_bad_row_is_named_and_nothing_comes_in(
    bring: Importer, capsys: pytest.CaptureFixture[str]
) -> None:
    """File, row as the spreadsheet counts, column, what is wrong and what to do; status 1."""
    options = ("--table", "products", "--currency", "EUR")
    assert bring(BAD, *options, "--json") == 1
    said = capsys.readouterr()
    rows = sorted(map(msgspec.json.decode, said.out.splitlines()), key=lambda row: row["row"])
    assert [(row["row"], row["column"]) for row in rows] == [(row, at) for row, at, _ in NAMED]
    for row, (_, _, wrong) in zip(rows, NAMED, strict=True):
        assert wrong in row["wrong"]
        assert (row["file"], row["table"]) == ("sheet", "products")
        assert row["todo"]
    assert "nothing imported, bad rows: 6" in said.err
    assert bring.newest is None
    assert bring(BAD, *options) == 1
    assert "sheet: products row 4, price: 'cheap' is no number; write" in capsys.readouterr().err


def test_bad_rows_are_left_out_when_told(bring: Importer) -> None:
    """The rows that are right come in, and only those."""
    told = ("--table", "products", "--currency", "EUR", "--skip-bad-rows")
    assert bring(BAD, *told) == 0
    assert bring.newest is not None
    assert [product.sku for product in bring.newest.products] == ["milk"]


def test_a_whole_catalog_names_all_its_bad_rows(
    bring: Importer, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON rows are named alike, with the tables they stand in; what names a bad row is bad too."""
    written = msgspec.to_builtins(CATALOG)
    written["products"][0]["price_minor"] = "1.49"
    written["aisles"] = [{"aisle": "A1", "name": "Tins", "skus": ["tomatoes-400g"]}]
    assert bring(msgspec.json.encode(written)) == 1
    said = capsys.readouterr().err
    assert "products row 1, price_minor: Expected `int`, got `str`; write it as" in said
    assert "aisles row 1, skus: no product has the sku 'tomatoes-400g'" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sku,nome,price\n", "products row 1: no column is called 'nome'"),
        (b"sku,name\n\xff,x\n", "save the file as CSV in UTF-8"),
        ("", "products: the file is empty; its first line names the columns"),
        ("sku,name,price,sku\na,A,1.00,b\n", "products row 1: column 'sku' is there twice"),
        ("[1", "docs/schemas"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    bring: Importer, capsys: pytest.CaptureFixture[str], text: str | bytes, said: str
) -> None:
    """A wrong head, encoding or syntax is one error for the file."""
    assert bring(text, "--table", "products", "--currency", "EUR") == 1
    assert said in capsys.readouterr().err


PRICED = "sku,price,name\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PRICED + 'a,1.00,"Apple\nb,2.00,Bread\nc,3.00,Cheese', "products row 2: unexpected end"),
        (PRICED + 'a,1.00,Apple\nb,2.00,"Bread\nc,3.00,"Cheese"\n', "products row 3: ',' expected"),
        (PRICED + 'a,1.00,"Apple\nb,2.00,Bread"\nc,3.00,Cheese', "row 2, name: 'Apple\\nb,2.00,"),
        ("sku,name,price,price_minor\na,A,1.29,500\n", "row 2, price_minor: price_minor is told"),
        ("sku;name;price\na;A;1.290\n", "row 2, price: '1.290' is too exact; write at most 2"),
        ("sku,name,price\na,A,-1\n", "row 2, price_minor: Expected `int` >= 0"),
        ("sku,name,price,gtins\na,A,1,9520004000178\n", "row 2, gtins[0]: no code of 14 digits"),
        (PRICED + "a,1,Mi\0lk\nb,1,B", "row 2, name: 'Mi\\x00lk' holds what no label prints; take"),
        (PRICED + "a,1,\x1b[31mMilk\nb,1,B", "take out U+001B"),
        (PRICED + "a,1,Milk\u202eklim\nb,1,B", "take out U+202E"),
        ('[{"sku":"a","name":"A\\u2066","price_minor":1}]', "products row 1, name: 'A\\u2066'"),
    ],
)
def test_what_a_slip_would_hide_is_named(
    bring: Importer, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    """A quote that swallows rows, a price told twice or with thousands, a code that is too short,
    letters that nobody sees: nothing comes in, and the row is named with what to do."""
    assert bring(text, "--table", "products", "--currency", "EUR") == 1
    assert said in capsys.readouterr().err
    assert bring.newest is None


ROW = '[{"sku":"a","name":"A","price_minor":1'
WHOLE = '{"version":9,"currency":"USD","products":' + ROW + "}]"
DEAL = '"type":"percent_off","deal_id":"half","title":"Half","skus":["a"],"share_ppm":500000'
MISSPELT = [
    ("products", ROW + ',"minimum_age_year":18}]', "row 1, minimum_age_year: no field is called"),
    ("products", ROW + ',"minimum_age_year":18}]', "is minimum_age_years meant?"),
    ("products", ROW + ',"qqq":1}]', "row 1, qqq: no field is called 'qqq'; there are sku, name,"),
    ("products", ROW + ',"price_minor":2}]', "row 1, price_minor: 'price_minor' is told twice"),
    ("products", ROW + ',"a\\ud800":2}]', "row 1, a\\ud800: no field is called"),
    ("products", ROW + ',"category":"\\udc80"}]', "row 1, category: '\\udc80' holds what no label"),
    ("products", '[{"sku":"a","name":"A","price_minor":1e400}]', "row 1, price_minor: Expected"),
    ("products", '[{"sku":"a","name":"A","price_minor":NaN}]', "NaN is no JSON"),
    ("products", '[{"sku":"a","name":"A"}]', "row 1: Object missing required field"),
    ("deals", "[{" + DEAL + ',"max_per_shoper":1}]', "row 1, max_per_shoper: no field"),
    ("deals", "[{" + DEAL + ',"max_per_shoper":1}]', "is max_per_shopper meant?"),
    ("deals", "[{" + DEAL + ',"window":{"form":"2026-01-01"}}]', "row 1, window.form: no field"),
    ("", WHOLE + ',"dealz":[]}', "catalog: dealz: no field is called 'dealz'; is deals meant?"),
    ("", WHOLE + ',"products":[]}', "catalog: products: 'products' is told twice; keep one"),
    ("", WHOLE + ',"fees":[{"titel":"Bag"}]}', "catalog: fees[0].titel: no field"),
]


@pytest.mark.parametrize(("table", "text", "said"), MISSPELT)
def test_no_field_of_json_is_dropped_in_silence(
    bring: Importer, capsys: pytest.CaptureFixture[str], table: str, text: str, said: str
) -> None:
    """A misspelt field, or one that is told twice, is named with its row and what is near it, at
    any depth; a misspelt age limit would be none."""
    import_catalog(bring.folder / "s")
    before = bring.newest
    capsys.readouterr()
    assert bring(text, *(("--table", table) if table else ())) == 1
    assert said in capsys.readouterr().err
    assert bring.newest == before


def test_a_misspelt_limit_of_a_deal_is_not_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is published apart from the catalog is read alike."""
    import_catalog(tmp_path)
    file = tmp_path / "deals.json"
    file.write_text("[{" + DEAL.replace('"a"', '"bananas"') + ',"max_per_shoper":1}]')
    assert main(["publish", "--data", str(tmp_path), "deals", str(file)]) == 1
    assert "max_per_shopper meant?" in capsys.readouterr().err


def test_a_mark_of_the_encoding_is_no_part_of_json(bring: Importer) -> None:
    """Editors of one system put it in front of a whole catalog and of a table of it."""
    assert bring(msgspec.json.encode(CATALOG).decode().encode("utf-8-sig")) == 0
    rows = '[{"sku":"a","name":"A","price_minor":1}]'.encode("utf-8-sig")
    assert bring(rows, "--table", "products") == 0
    assert bring.newest is not None
    assert [product.sku for product in bring.newest.products] == ["a"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sku;name;price\n;a;1\n;b;1\n", ("--table", "products", "--skip-bad-rows")),
        ("sku;name;price\n", ("--table", "products")),
        ("[]", ("--table", "products")),
        ("sku;name;price\na;a;1\n", ("--table", "products", "--currency", "EUR")),
        ('[{"sku":7}]', ("--table", "recalls", "--skip-bad-rows")),
        ('{"version":9,"currency":"USD","products":[]}', ()),
        ('{"version":9,"currency":"USD","products":[{"sku":7}]}', ("--skip-bad-rows",)),
    ],
)
def test_nobody_sells_nothing_or_in_another_currency(
    bring: Importer, text: str, told: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that would leave no product, or was meant for another currency, changes nothing."""
    import_catalog(bring.folder / "s")
    before = bring.newest
    assert before is not None
    capsys.readouterr()
    assert bring(text, *told) == 1
    assert "nothing imported" in capsys.readouterr().err
    assert bring.newest == before


def test_the_first_table_needs_a_currency(bring: Importer) -> None:
    """A price without a currency is no price."""
    with pytest.raises(SystemExit) as ended:
        bring(PRODUCTS, "--table", "products")
    assert ended.value.code == 2
