"""What the store publishes in the middle of a trip: recalls, deals, aisles, settings."""

from __future__ import annotations

import pytest

from cart.core.basket import fold
from cart.core.catalog import Aisle, Recall
from cart.core.effects import ReportConfig, RequestPayment
from cart.core.events import CatalogAdopted, CheckoutCancelled, ConfigTaken, Setting
from cart.core.observations import (
    AislesCame,
    ConfigArrived,
    DealsCame,
    LinkChanged,
    PaymentAnswered,
    RecallsCame,
)
from cart.core.pricing.percent_off import PercentOff
from tests.unit.mind_world import PASTA, RICE, TOMATOES, Hands

GLASS = Recall(PASTA, "may contain glass")
HALF = PercentOff(deal_id="half", title="Half price", skus=(PASTA,), percent=50)


def shopping() -> Hands:
    """A trip with pasta in it."""
    hands = Hands()
    hands.touch("start")
    hands.put(PASTA)
    hands.wait(2_000)
    return hands


@pytest.mark.parametrize("phase", ["shopping", "checkout", "paying"])
def test_a_recall_in_mid_trip_is_told_and_stops_paying(phase: str) -> None:
    """The shopper is told at once; nothing is paid with it, and with it out, everything is."""
    hands = shopping()
    if phase != "shopping":
        hands.touch("pay_start")
    if phase == "paying":
        hands.touch("pay_confirm")
    hands.say(RecallsCame(hands.now_ms, 1, (GLASS,)))
    told = next(notice for notice in hands.notices if notice.code == "recalled")
    assert told.values["reason"] == "may contain glass"
    if phase == "checkout":
        assert isinstance(hands.events[-1], CheckoutCancelled)
    if phase == "paying":  # the store refuses, too: see tests/store/test_counter.py
        trip_id, declined = hands.state.basket.trip_id, "Pasta was called back"
        hands.say(PaymentAnswered(hands.now_ms, trip_id, 1, "declined", reason=declined))
    hands.effects.clear()
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    hands.wait(1_000)
    assert not [effect for effect in hands.effects if isinstance(effect, RequestPayment)]
    hands.touch("keep_shopping")
    hands.load(-507_000)
    hands.put(RICE)
    hands.wait(2_000)
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    hands.wait(1_000)
    assert [effect for effect in hands.effects if isinstance(effect, RequestPayment)]


def test_a_recall_keeps_the_next_one_off_the_receipt() -> None:
    """And taken back, it may be sold again."""
    hands = Hands()
    hands.touch("start")
    hands.say(RecallsCame(hands.now_ms, 1, (GLASS,)))
    hands.put(PASTA)
    hands.wait(2_000)
    assert hands.skus == []
    hands.load(-507_000)
    hands.wait(20_000)
    hands.say(RecallsCame(hands.now_ms, 2, None))
    hands.put(PASTA)
    hands.wait(2_000)
    assert hands.skus == [PASTA]


def test_deals_wait_for_the_end_of_a_payment_and_are_a_fact() -> None:
    """The journal says by which deals the sum was made, also after a restart."""
    hands = shopping()
    hands.touch("pay_start")
    hands.say(DealsCame(hands.now_ms, 4, (HALF,)))
    assert hands.total_minor == 149
    hands.touch("keep_shopping")
    assert hands.total_minor == 74
    adopted = [event for event in hands.events if isinstance(event, CatalogAdopted)][-1]
    assert (adopted.version, adopted.deals_version) == (1, 4)
    assert fold(hands.events).deals_version == 4
    hands.say(DealsCame(hands.now_ms, 5, None))
    assert hands.total_minor == 149
    assert fold(hands.events).deals_version == 0


def test_goods_stand_where_the_planogram_says() -> None:
    """A good that the catalog does not have is left out."""
    hands = shopping()
    assert hands.state.catalog is not None
    assert hands.state.catalog.aisles_by_sku[TOMATOES] == ("1",)
    hands.say(AislesCame(hands.now_ms, 1, (Aisle("7", "Tins", (TOMATOES, "unheard-of")),)))
    assert hands.state.catalog is not None
    assert hands.state.catalog.aisles_by_sku[TOMATOES] == ("7",)
    assert hands.state.catalog.skus_by_aisle["7"] == frozenset({TOMATOES})


def test_settings_are_taken_once_and_reported() -> None:
    """What is right is taken, what is wrong is refused by name, and a restart changes nothing."""
    hands = Hands()
    wanted: dict[str, Setting] = {
        "guest_trips": False,
        "thanks_s": 4,
        "basket_s": True,
        "volume": 3,
    }
    facts = hands.say(ConfigArrived(hands.now_ms, 2, wanted))
    (taken,) = facts
    assert isinstance(taken, ConfigTaken)
    assert taken.settings == {"guest_trips": False}
    assert set(taken.refused) == {"thanks_s", "basket_s", "volume"}
    report = hands.effects[-1]
    assert isinstance(report, ReportConfig)
    assert (report.version, report.settings["guest_trips"], report.settings["thanks_s"]) == (
        2,
        False,
        60,
    )
    assert hands.say(ConfigArrived(hands.now_ms, 1, {})) == []
    assert hands.touch("start") == []
    assert hands.told()[-1] == "please_pair"
    again = Hands(journal=tuple(hands.events))
    assert again.touch("start") == []
    again.effects.clear()
    again.say(LinkChanged(again.now_ms, online=True))
    assert ReportConfig(2, report.settings, report.refused) in again.effects
