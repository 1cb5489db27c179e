"""What may not be sold, or not yet: never charged, always with a reason, never an accusation."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from msgspec.structs import replace

from cart.contract.view import snapshot
from cart.core.catalog import Catalog, Recall
from cart.core.events import AgeApproved, ApprovalAsked, Event, LineOpened, LineSettled
from cart.core.observations import CatalogArrived, SenseLost, StoreTime
from tests.unit.mind_world import (
    APPLES,
    BANANAS,
    CATALOG,
    GUM,
    MASSES_MG,
    PASTA,
    RICE,
    TOMATOES,
    Hands,
)

BADGE = "badge-7f1c2a9e55d04bb1"
RESTRICTED: dict[str, dict[str, Any]] = {
    RICE: {"minimum_age_years": 18},
    PASTA: {"minimum_age_years": 21, "hours": ("08:00", "22:00")},
}
STORE = replace(
    CATALOG,
    products=tuple(replace(row, **RESTRICTED.get(row.sku, {})) for row in CATALOG.products),
    recalls=(Recall(TOMATOES, "glass", ("B7",)), Recall(APPLES, ""), Recall(GUM, "")),
    staff_badges=(hashlib.sha256(BADGE.encode()).hexdigest(),),
)
NOON, ELEVEN_PM = 12, 23


def hands(hour: int | None = NOON, catalog: Catalog = STORE) -> Hands:
    """A cart whose store says that it is 2026-11-22, so late."""
    made = Hands(catalog=catalog)
    if hour is not None:
        wall_ms = (20_779 * 24 + hour) * 3_600_000
        made.say(StoreTime(made.now_ms, wall_ms - made.now_ms))
    return made


def show(made: Hands, lot: str, day: str) -> list[Event]:
    """The code of tomatoes of a lot with a last day, and the tin put in."""
    made.scan(f"0109520000000011{day}10{lot}", "]d2")
    return made.load(MASSES_MG[TOMATOES])


@pytest.mark.parametrize(
    ("lot", "day", "why", "reason"),
    [
        ("B7", "17271231", "recalled", "glass"),
        ("B8", "17261121", "expired", ""),
        ("B8", "15261121", "expired", ""),
    ],
)
def test_a_bad_lot_never_comes_onto_the_receipt(lot: str, day: str, why: str, reason: str) -> None:
    """Told as it is scanned; in the cart it is a yellow line to be put back, and ends with that."""
    made = hands()
    facts = show(made, lot, day)
    assert why in made.told()
    (opened,) = [fact for fact in facts if isinstance(fact, LineOpened)]
    assert (opened.trouble, opened.reason, opened.choices) == (why, reason, (TOMATOES,))
    assert made.skus == []
    seen = snapshot(made.state, 1, 0)
    assert seen.question is not None
    assert (seen.route, seen.question.kind, seen.question.reason) == ("rescan", "put_back", reason)
    assert "please_put_back" in [notice.code for notice in seen.notices]
    made.touch("answer", opened.line_id, TOMATOES)
    made.touch("pay_start")
    assert (made.skus, made.state.basket.phase) == ([], "shopping")
    made.wait(2_000)
    gone = made.load(-MASSES_MG[TOMATOES])
    assert any(isinstance(fact, LineSettled) and fact.answer == "gone" for fact in gone)
    assert not made.state.basket.open_lines


def test_a_good_lot_is_sold() -> None:
    """On its last day, of another lot, it goes on as any other."""
    made = hands()
    show(made, "B8", "17261122")
    assert made.skus == [TOMATOES]


def test_a_day_that_is_known_late_still_counts() -> None:
    """Scanned before the cart knew the day, the tin stops the payment once it does."""
    made = hands(hour=None)
    show(made, "B8", "17261121")
    assert made.skus == [TOMATOES]
    wall_ms = (20_779 * 24 + NOON) * 3_600_000
    made.say(StoreTime(made.now_ms, wall_ms - made.now_ms))
    seen = snapshot(made.state, 1, 0)
    assert seen.lines[0].stop is not None
    assert seen.lines[0].stop.why == "expired"
    made.touch("pay_start")
    assert (made.state.basket.phase, made.told()[-1]) == ("shopping", "expired")
    made.load(-MASSES_MG[TOMATOES])
    assert made.skus == []


def test_what_is_called_back_altogether_is_not_weighed_for_sale() -> None:
    """Recognised by its look alone, without any code, it still is not sold."""
    made = hands()
    made.sight(APPLES)
    made.load(500_000)
    assert made.skus == []
    (line,) = made.state.basket.open_lines
    assert line.trouble == "recalled"


def test_without_a_load_it_is_only_told() -> None:
    """Chewing gum, and all without a scale: no line that nobody could end."""
    made = hands()
    made.scan(GUM)
    made.wait(3_000)
    assert not made.state.basket.lines + made.state.basket.open_lines
    assert made.told().count("recalled") == 1
    made.say(SenseLost(made.now_ms, "scale"))
    made.scan(GUM)
    assert not made.state.basket.lines + made.state.basket.open_lines


def test_an_age_stops_paying_and_not_shopping() -> None:
    """Added and told; at the checkout the staff is asked, once; the badge lets the shopper pay."""
    made = hands()
    made.put(RICE)
    assert (made.skus, made.told()[-1]) == ([RICE], "age_checked_later")
    assert made.touch("pay_start") == [ApprovalAsked(made.now_ms, 18)]
    assert made.touch("pay_start") == []
    seen = snapshot(made.state, 1, 0)
    assert seen.notices[0].code == "staff_will_look"
    assert seen.lines[0].stop is not None
    assert (seen.lines[0].stop.why, seen.lines[0].stop.age_years) == ("age", 18)
    made.put(TOMATOES)
    assert made.skus == [RICE, TOMATOES]
    made.scan("not a badge", "QR")
    assert made.state.basket.approved_years == 0
    facts = made.scan(f"]Q0{BADGE}", "")
    assert [type(fact) for fact in facts] == [AgeApproved]
    assert "unknown_code" not in made.told()
    assert snapshot(made.state, 1, 0).lines[0].stop is None
    made.touch("pay_start")
    assert made.state.basket.phase == "checkout"


def test_a_higher_age_is_asked_again() -> None:
    """18 was seen, 21 was not: the staff is asked once more."""
    made = hands()
    made.put(RICE)
    made.scan(BADGE, "QR")
    assert made.state.basket.approved_years == 18
    made.put(PASTA)
    assert ApprovalAsked(made.now_ms + 100, 21) in made.touch("pay_start")
    made.scan(BADGE, "QR")
    made.touch("pay_start")
    assert made.state.basket.phase == "checkout"


def test_taking_it_out_is_an_answer_too() -> None:
    """Nobody needs to come for what is put back: the rest can be paid at once."""
    made = hands()
    made.put(RICE)
    made.put(TOMATOES)
    made.touch("pay_start")
    made.load(-MASSES_MG[RICE])
    assert "staff_will_look" not in [item.code for item in snapshot(made.state, 1, 0).notices]
    made.touch("pay_start")
    assert made.state.basket.phase == "checkout"


def test_hours_stop_paying_with_their_reason() -> None:
    """At 23:00 what is sold until 22:00 is told as it comes and as the shopper pays."""
    made = hands(ELEVEN_PM)
    made.put(PASTA)
    assert made.skus == [PASTA]
    (notice,) = [item for item in made.notices if item.code == "not_sold_now"]
    assert notice.values == {"name": "Pasta", "first": "08:00", "last": "22:00"}
    assert made.touch("pay_start") == []
    stop = snapshot(made.state, 1, 0).lines[0].stop
    assert stop is not None
    assert (stop.why, stop.hours) == ("hours", ("08:00", "22:00"))


def test_an_hour_that_nobody_knows_is_not_the_right_one() -> None:
    """Without a store's time it waits for one; everything else can be paid."""
    made = hands(None)
    made.put(PASTA)
    assert made.touch("pay_start") == []
    made.load(-MASSES_MG[PASTA])
    made.put(TOMATOES)
    made.touch("pay_start")
    assert made.state.basket.phase == "checkout"


def test_the_hour_may_pass_before_the_tap() -> None:
    """At the checkout at 21:59, paying at 22:00: back, with the reason."""
    made = hands(21)
    made.put(PASTA)
    made.scan(BADGE, "QR")
    made.touch("pay_start")
    assert snapshot(made.state, 1, 0).route == "checkout"
    made.now_ms += 3_600_000
    made.touch("pay_confirm")
    assert made.state.basket.phase == "shopping"
    assert made.told()[-1] == "not_sold_now"


def test_a_recall_that_comes_later_stops_the_payment() -> None:
    """The lot in the cart is called back while the shopper shops: its line says so."""
    made = hands(catalog=replace(STORE, recalls=()))
    show(made, "B7", "17271231")
    assert made.skus == [TOMATOES]
    made.say(CatalogArrived(made.now_ms, replace(STORE, version=2)))
    stop = snapshot(made.state, 1, 0).lines[0].stop
    assert stop is not None
    assert (stop.why, stop.reason) == ("recalled", "glass")
    made.touch("pay_start")
    assert made.state.basket.phase == "shopping"
    other = hands(catalog=replace(STORE, recalls=()))
    show(other, "B8", "17271231")
    other.say(CatalogArrived(other.now_ms, replace(STORE, version=2)))
    assert snapshot(other.state, 1, 0).lines[0].stop is None


def test_bananas_are_nobodys_concern() -> None:
    """What no rule names has no stop and asks nobody."""
    made = hands()
    made.sight(BANANAS)
    made.load(500_000)
    assert snapshot(made.state, 1, 0).lines[0].stop is None
