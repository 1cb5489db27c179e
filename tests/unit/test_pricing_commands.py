"""`python -m cart code` and `price` as a program or a person calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CATALOG = {
    "version": 1,
    "currency": "USD",
    "products": [
        {"sku": "tins", "name": "Tins", "price_minor": 129, "gtins": ["09520004000178"]},
        {"sku": "pears", "name": "Pears", "price_minor": 299, "sold_by": "mass", "plu": "4409"},
    ],
    "deals": [
        {
            "type": "n_for_price",
            "deal_id": "d",
            "title": "3 for 3.00",
            "skus": ["tins"],
            "quantity": 3,
            "price_minor": 300,
        }
    ],
    "code_layouts": [{"prefix": "28", "kind": "price"}],
}


@pytest.fixture
def catalog(tmp_path: Path) -> str:
    """The path of a small catalog."""
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(CATALOG), encoding="utf-8")
    return str(path)


def cart(*words: str, say: str = "") -> subprocess.CompletedProcess[str]:
    """Run one command of the cart."""
    return subprocess.run(
        [sys.executable, "-m", "cart", *words],
        cwd=ROOT,
        input=say,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_codes_line_by_line(catalog: str) -> None:
    """One answer a line; a malformed line is answered too, and the rest goes on."""
    lines = ['{"text":"9520004000178","symbology":"EAN13"}', "nonsense", "", '{"text":"4409"}']
    done = cart("code", "--catalog", catalog, "--jsonl", say="\n".join(lines))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [answer.get("sku") for answer in answers] == ["tins", None, "pears"]
    assert answers[1]["error"].startswith("line 2: ")


def test_a_code_in_words(catalog: str) -> None:
    """A person reads the product and what the label says."""
    done = cart("code", "2804409007435", "--catalog", catalog)
    assert done.stdout == "Pears, sku pears, GTIN 02804409007435, price in the code 7.43 USD\n"


def test_baskets_line_by_line(catalog: str) -> None:
    """One receipt a line; an unknown product is an error that names it."""
    lines = [
        '{"lines":[{"sku":"tins","quantity":4},{"sku":"pears","mass_mg":500000}]}',
        '{"lines":[{"sku":"caviar"}]}',
        '{"lines":[{"sku":"pears"}]}',
        '{"lines":[{"sku":"tins","quantity":0}]}',
        '{"lines":[{"sku":"tins","mass_mg":1}]}',
        '{"lines":[{"sku":"tins","line_id":"x"},{"sku":"tins","line_id":"x"}]}',
    ]
    done = cart("price", "--catalog", catalog, "--jsonl", say="\n".join(lines))
    receipt, *errors = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert (receipt["subtotal_minor"], receipt["total_minor"]) == (666, 579)
    expected = ["'caviar'", "give mass_mg", "$.lines[0].quantity", "leave mass_mg", "line_id"]
    for number, (error, words) in enumerate(zip(errors, expected, strict=True), start=2):
        assert error["error"].startswith(f"line {number}: ")
        assert words in error["error"]


def test_a_receipt_in_words(catalog: str) -> None:
    """A person reads lines, deals and the total."""
    done = cart("price", "--catalog", catalog, say='{"lines":[{"sku":"tins","quantity":3}]}')
    rows = [row.split("  ")[0] for row in done.stdout.splitlines()]
    assert rows == ["3 x Tins", "", "Subtotal", "Savings", "Total USD"]
    assert done.stdout.split()[-1] == "3.00"


@pytest.mark.parametrize("command", ["code", "price"])
def test_a_missing_catalog_is_one_clear_line(command: str, tmp_path: Path) -> None:
    """Exit status 2, and the path that could not be read."""
    path = tmp_path / "none.json"
    done = cart(command, "--catalog", str(path), "--jsonl")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"cannot read {path}" in done.stderr


def test_a_wrong_catalog_is_one_clear_line(tmp_path: Path) -> None:
    """Exit status 2, the file and the row."""
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(CATALOG | {"products": []}), encoding="utf-8")
    done = cart("price", "--catalog", str(path))
    assert done.returncode == 2
    assert f"{path}: catalog: deals[0]: no product has the sku 'tins'" in done.stderr


def test_neither_text_nor_lines_is_a_usage_error(catalog: str) -> None:
    """The command says which of the two it wants."""
    done = cart("code", "--catalog", catalog)
    assert done.returncode == 2
    assert "TEXT or --jsonl" in done.stderr


def test_a_reader_may_stop_listening() -> None:
    """As `| head -1` does: the command ends without a traceback."""
    row = b'{"items": [{"line": "a", "unit_price": 100}]}\n'
    command = [sys.executable, "-m", "cart", "price", "--jsonl"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as asked:
        assert asked.stdin
        assert asked.stdout
        assert asked.stderr
        asked.stdin.write(row)
        asked.stdin.flush()
        assert b'"total":100' in asked.stdout.readline()
        asked.stdout.close()
        asked.stdin.write(2 * row)
        asked.stdin.close()
        assert asked.wait(60) == 1
        assert asked.stderr.read() == b""


def test_a_stranger_checks_a_certificate() -> None:
    """An honest one is proved, an altered one and one of another scenario are refused by name."""
    row = {"id": "s", "items": [{"line": "a", "unit_price": 100, "qty": 3}],
           "promotions": [{"id": "P", "type": "cheapest_free", "n": 3}]}  # fmt: skip
    answer = json.loads(cart("price", "--jsonl", "--certificate", say=json.dumps(row)).stdout)
    told = answer["certificate"]
    claims = [
        {"scenario": row, "certificate": told},
        {"scenario": row, "certificate": {**told, "total": 1}},
        {"scenario": {**row, "id": "t"}, "certificate": told},
        {"scenario": row},
    ]
    said = cart("price", "--jsonl", "--check", say="\n".join(map(json.dumps, claims))).stdout
    proved, altered, other, broken = map(json.loads, said.splitlines())
    assert proved == {"id": "s", "ok": True, "faults": [], "gap_minor": 0}
    assert (altered["ok"], altered["faults"]) == (False, ["digest: the certificate was altered"])
    assert (other["ok"], len(other["faults"])) == (False, 1)
    assert "certificate" in broken["error"]
    assert cart("price", "--check").returncode == 2
