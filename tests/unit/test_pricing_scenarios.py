"""`python -m cart price --jsonl`: published cases to the cent, and what each word means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cart.commands.files import answers
from cart.commands.scenarios import answer_scenario
from cart.contract.lines import ContractError, encode
from cart.core.pricing.checker import check
from tests.data import data_dir


def cases() -> list[dict[str, Any]]:
    """The published scenarios."""
    path = data_dir() / "retail" / "promotions.jsonl"
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """What the command says, after its certificate was checked."""
    found = answer_scenario(json.dumps(case).encode(), "line 1", certificate=True)
    assert found.certificate
    verdict = check(case, found.certificate)
    assert (verdict.faults, verdict.gap_minor) == ((), 0)
    said: dict[str, Any] = json.loads(encode(found))
    return said


def basket(*prices: int, **more: object) -> dict[str, Any]:
    """Lines a, b, c … of one unit each."""
    items = [{"line": "abcdefgh"[n], "unit_price": price} for n, price in enumerate(prices)]
    return {"id": "x", "items": items, "promotions": [], **more}


def offer(kind: str, **more: object) -> dict[str, Any]:
    """One offer."""
    return {"id": more.pop("id", "P"), "type": kind, **more}


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["id"]))
def test_published_cases(case: dict[str, Any]) -> None:
    """The exact sums that other engines, tax offices, or an exhaustive search give."""
    said, expected = answer(case), case["expect"]
    for key in set(expected) & set(said) - {"line_discounts"}:
        assert said[key] == expected[key], key
    for line, minor in expected.get("line_discounts", {}).items():
        assert said["line_discounts"][line] == minor
    if "line_discounts_multiset" in expected:
        found = sorted(minor for minor in said["line_discounts"].values() if minor)
        assert found == expected["line_discounts_multiset"]
    assert said["gap_minor"] == 0
    assert "unknown" not in said


# What is asked, and the total it must come to.
WORDS = (
    # A threshold after item offers: the best legal set uses the item offer once, not twice.
    (basket(2600, 2600, promotions=[
        offer("amount_off_each", id="A", group="all", amount=150),
        offer("basket_amount_off", amount=1000, min_spend=5000, threshold_basis="after_offers"),
    ]), 4050),
    # A binding offer is applied even so.
    (basket(2600, 2600, promotions=[
        offer("amount_off_each", id="A", group="all", amount=150, binding=True),
        offer("basket_amount_off", amount=1000, min_spend=5000, threshold_basis="after_offers"),
    ]), 4900),
    # Two percentages: of what is left, or each of the shelf price.
    (basket(1000, promotions=[
        offer("percent_off", id="A", lines=["a"], percent=10),
        offer("percent_off", lines=["a"], percent=20, basis="running"),
    ]), 720),
    (basket(1000, promotions=[
        offer("percent_off", id="A", lines=["a"], percent=10),
        offer("percent_off", lines=["a"], percent=20, basis="original"),
    ]), 700),
    # Without a word about stacking a unit takes part in one offer on items.
    (basket(1000, promotions=[
        offer("percent_off", id="A", lines=["a"], percent=10),
        offer("percent_off", lines=["a"], percent=20),
    ]), 800),
    # A percentage of some goods from a sum on.
    (basket(1000, 500, promotions=[
        offer("percent_off", lines=["a"], percent=10, min_spend=1000)]), 1400),
    (basket(999, 500, promotions=[
        offer("percent_off", lines=["a"], percent=10, min_spend=1000)]), 1499),
    # An exclusive offer on the basket is alone.
    (basket(1000, promotions=[
        offer("percent_off", id="A", lines=["a"], percent=10),
        offer("basket_percent_off", percent=15, stack="exclusive"),
    ]), 850),
    # Of an exclusive group one applies.
    (basket(1000, 500, promotions=[
        offer("percent_off", id="A", lines=["a"], percent=10, exclusive_group="g"),
        offer("percent_off", lines=["b"], percent=50, exclusive_group="g"),
    ]), 1250),
    # The highest tier that is reached.
    (basket(3000, 2000, promotions=[offer("tiered_spend", tiers=[
        {"min_spend": 3000, "amount": 300}, {"min_spend": 5000, "percent": 10},
    ])]), 4500),
    # Named item: buy a, get b at half price.
    (basket(1000, 300, promotions=[
        offer("buy_x_get_y", buy=["a"], buy_qty=1, get=["b"], get_qty=1, percent=50),
    ]), 1150),
    # Mix and match: one of a or b with one of c for 4.00.
    (basket(350, 300, 150, promotions=[
        offer("bundle", choose=[{"lines": ["a", "b"]}, {"lines": ["c"]}], price=400),
    ]), 700),
    # A maker's coupon doubled by the store, at most 0.50 more.
    (basket(500, promotions=[
        offer("coupon", issuer="manufacturer", line="a", amount=75, double=True, doubled_max=50),
    ]), 375),
    # A store's coupon comes before a maker's on the same unit.
    (basket(100, promotions=[
        offer("coupon", id="M", issuer="manufacturer", line="a", amount=80),
        offer("coupon", issuer="store", line="a", amount=60),
    ]), 0),
    # A window, and a limit for each shopper.
    (basket(1000, now="2026-11-22T18:30", promotions=[
        offer("percent_off", lines=["a"], percent=10, window={"hours": ["18:00", "20:00"]}),
    ]), 900),
    (basket(1000, now="2026-11-22T20:00", promotions=[
        offer("percent_off", lines=["a"], percent=10, window={"hours": ["18:00", "20:00"]}),
    ]), 1000),
    (basket(1000, 1000, customer={"used": {"P": 1}}, promotions=[
        offer("amount_off_each", group="all", amount=300, max_per_shopper=2),
    ]), 1700),
    # A sticker, and a price by weight from a weight on.
    (basket(1000, promotions=[offer("markdown", line="a", percent=30)]), 700),
    ({"items": [{"line": "a", "unit_price": 1000, "net_weight": "1.250", "unit": "kg"}],
      "promotions": [offer("weight_price", line="a", min_weight="1.0", price=800)]}, 1000),
    # Bottles given back, and a bag.
    (basket(1000, fees=[{"id": "bag", "amount": 10}], returns=[{"id": "bottle", "amount": 25}]),
     985),
    # Tax inside the prices adds nothing; on top it is rounded once.
    ({"tax_inclusive": True, "items": [{"line": "a", "unit_price": 1190, "tax_bp": 1900}]}, 1190),
    ({"items": [{"line": "a", "unit_price": 106, "tax_bp": 800},
                {"line": "b", "unit_price": 106, "tax_bp": 400}]}, 225),
)  # fmt: skip


@pytest.mark.parametrize(("case", "total"), WORDS)
def test_what_a_word_means(case: dict[str, Any], total: int) -> None:
    """Each word of the vocabulary does what docs/pricing.md says, and the answer is proved."""
    said = answer(case)
    assert (said["total"], said["gap_minor"]) == (total, 0)


def test_a_maker_is_taxed_before_and_a_store_after() -> None:
    """NY ST-140: a maker's coupon leaves the taxable price, a store's lowers it."""
    item = {"line": "a", "unit_price": 1000, "tax_bp": 800}
    taxes = [
        answer({"items": [item], "promotions": [
            offer("coupon", issuer=issuer, line="a", amount=200)]})["tax"]
        for issuer in ("manufacturer", "store")
    ]  # fmt: skip
    assert taxes == [80, 64]


def test_benefits_pay_what_they_may() -> None:
    """A balance goes to what is taxed most first; no tax is on what it pays."""
    items = [
        {"line": "a", "unit_price": 500, "snap": True, "tax_bp": 800},
        {"line": "b", "unit_price": 300, "snap": True},
        {"line": "c", "unit_price": 200},
    ]
    case = {"items": items, "tender_order": ["snap", "other"], "balances": {"snap": 600}}
    said = answer(case)
    assert (said["tax"], said["tenders"]) == (0, {"snap": 600, "other": 400})


def test_a_word_that_nobody_knows_is_told() -> None:
    """It is never guessed at: the answer names where it stands."""
    said = answer(
        basket(100, promotions=[offer("percent_off", group="all", percent=5, moon="full")])
    )
    assert said["unknown"] == ["promotions[0].moon"]


# A scenario, and the field that its error names.
BAD = (
    ({"items": [{"line": "a", "unit_price": 1, "tax_bp": -800}]}, "items[0].tax_bp"),
    ({"items": [{"line": "a", "unit_price": 1, "tax_bp": 8.5}]}, "items[0].tax_bp"),
    ({"items": [{"line": "a", "unit_price": 1, "net_weight": "1e400000"}]}, "items[0].net_weight"),
    ({"items": [{"line": "a", "unit_price": 1, "snap": "false"}]}, "items[0].snap"),
    ({"items": [{"line": "a", "unit_price": 1, "deposit": -5}]}, "items[0].deposit"),
    ({"items": [{"line": "a", "unit_price": 10**30}]}, "items[0].unit_price"),
    ({"items": [{"line": "a", "unit_price": 1, "qty": 10**9}]}, "items[0].qty"),
    (basket(100, fees=[{"id": "bag", "amount": 0.5}]), "fees[0].amount"),
    (basket(100, fees=[{"id": "bag", "amount": -5}]), "fees[0].amount"),
    (basket(100, returns=[{"id": "bottle", "amount": -5}]), "returns[0].amount"),
    (basket(100, returns=[{"id": "bottle", "amount": 101}]), "returns"),
    (basket(100, promotions=[offer("coupon", amount=5), offer("coupon", amount=5)]),
     "promotions[1].id"),
    (basket(100, promotions=[offer("n_for_price", n=2, price=1.5)]), "promotions[0]"),
    (basket(100, promotions=[offer("n_for_price", n=2, price=1.5)]), "price"),
    (basket(100, promotions=[offer("percent_off", percent="1e999999999")]), "percent"),
    (basket(100, promotions=[offer("percent_off", percent=5, double="no")]), "double"),
    (basket(100, promotions=[offer("bundle", need=["a"], price=1)]), "need"),
    (basket(100, promotions=[offer("bundle", choose={"a": 1}, price=1)]), "choose"),
    (basket(100, promotions=[offer("tiered_spend", tiers=[5])]), "tiers"),
    (basket(100, promotions=[7]), "promotions[0]"),
    (basket(100, currency="ZZZ"), "currency"),
    (basket(100, customer={"member": "yes"}), "customer"),
    (basket(100, customer={"used": True}), "customer.used"),
    (basket(100, balances={"snap": -1}), "balances"),
    (basket(100, tax_inclusive="no"), "tax_inclusive"),
)  # fmt: skip


@pytest.mark.parametrize(("case", "field"), BAD)
def test_a_bad_field_is_named_and_the_stream_goes_on(case: dict[str, Any], field: str) -> None:
    """One line with an error for the bad scenario, and the next one is priced."""
    lines = [json.dumps(row).encode() for row in (case, basket(100))]
    bad, good = answers(lines, lambda *line: answer_scenario(*line, certificate=False))
    assert field in json.loads(bad)["error"]
    assert json.loads(good)["total"] == 100


def test_a_fee_is_taxed_on_what_benefits_leave() -> None:
    """With nothing on the card of the benefits the whole fee is taxed, and half with half of it."""
    fees = [{"id": "box", "amount": 1000, "snap": True, "tax_bp": 1000}]
    case = {"items": [], "fees": fees, "tender_order": ["snap", "other"]}
    taxes = [answer({**case, "balances": {"snap": left}})["tax"] for left in (0, 500, 1000)]
    assert taxes == [100, 50, 0]


def test_benefits_pay_taxed_fees_before_untaxed_food() -> None:
    """The shopper pays least when the balance goes to what bears most tax, deposits last."""
    case = {
        "items": [{"line": "a", "unit_price": 500, "snap": True, "deposit": 500}],
        "fees": [{"id": "box", "amount": 500, "snap": True, "tax_bp": 1000}],
        "tender_order": ["snap", "other"],
        "balances": {"snap": 600},
    }
    assert answer(case)["tax"] == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"[]", "one JSON object"),
        (b"{", "line 1"),
        (b'{"id":"q"}', "`items`"),
        (b'{"items":[{"line":"a","unit_price":-1}]}', "items[0].unit_price"),
        (
            b'{"items":[{"line":"a","unit_price":1}],"promotions":[{"id":"P","type":"magic"}]}',
            "magic",
        ),
        (
            b'{"items":[{"line":"a","unit_price":1},{"line":"a","unit_price":1}]}',
            "items[1].line: 'a'",
        ),
        (b'{"items":[{"line":"a","unit_price":1,"net_weight":"x"}]}', "net_weight"),
        (b'{"items":[],"now":"noon"}', "now"),
    ],
)
def test_what_cannot_be_priced_is_one_clear_error(line: bytes, words: str) -> None:
    """The error names the line and the place."""
    with pytest.raises(ContractError, match=r"^line 1: ") as caught:
        answer_scenario(line, "line 1", certificate=False)
    assert words in str(caught.value)
