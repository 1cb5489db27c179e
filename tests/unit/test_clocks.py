"""Clocks that are ahead, behind or jump: prices, codes on the screen and durations stand firm.

A cart has two: a monotonic one, which all durations go by, and what the store's greeting made of
it, which tells the hour. Its own wall clock decides nothing about money.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cart.core.observations import StoreTime
from cart.core.pricing.offers import Window
from cart.core.pricing.percent_off import PercentOff
from cart.shell.inbox import Inbox
from cart.shell.store_clock import StoreClock
from tests.unit.mind_world import CATALOG, PASTA, Hands

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HAPPY = PercentOff(
    deal_id="happy", title="Happy hour", skus=(PASTA,), percent=50,
    window=Window(hours=("17:00", "18:00")),
)  # fmt: skip
STORE = replace(CATALOG, deals=(HAPPY,))
FULL_MINOR, HALF_MINOR = 149, 74
# The last Sunday of October 2026: in Berlin 03:00 becomes 02:00 at 01:00 UTC.
SUNDAY_UTC_MS = 1_792_886_400_000  # 2026-10-25T00:00Z


def told(hands: Hands, utc_ms: int, ahead_ms: int = 0) -> None:
    """The store's greeting says what time it is, and how far local time is ahead."""
    hands.say(StoreTime(hands.now_ms, utc_ms - hands.now_ms, local_offset_ms=ahead_ms))


def pasta_minor(hands: Hands) -> int:
    """What a box of pasta costs now."""
    hands.touch("start")
    hands.put(PASTA)
    hands.wait(2_000)
    return hands.total_minor


@pytest.mark.parametrize(
    ("hour", "price_minor"), [(16, FULL_MINOR), (17, HALF_MINOR), (18, FULL_MINOR)]
)
@pytest.mark.parametrize("day", [0, 365 * 57])
def test_a_window_goes_by_the_store_s_hour(hour: int, price_minor: int, day: int) -> None:
    """In 1970 and in 2026: what the machine of the cart takes for the time is never asked."""
    hands = Hands(catalog=STORE)
    told(hands, day * DAY_MS + hour * HOUR_MS)
    assert pasta_minor(hands) == price_minor


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS, 2 * DAY_MS, -30 * 365 * DAY_MS])
def test_a_jump_in_mid_trip_takes_no_offer_away(jump_ms: int) -> None:
    """Begun within the hour: what stood on the receipt stands, whatever the clock says next."""
    hands = Hands(catalog=STORE)
    told(hands, SUNDAY_UTC_MS + 17 * HOUR_MS)
    assert pasta_minor(hands) == HALF_MINOR
    told(hands, SUNDAY_UTC_MS + 17 * HOUR_MS + jump_ms)
    hands.put(PASTA)
    hands.wait(2_000)
    hands.touch("pay_start")
    assert hands.total_minor == FULL_MINOR, "two for half"


def test_the_hour_that_comes_twice_is_the_store_s() -> None:
    """As summer ends 02:30 comes twice: each greeting says how far ahead local time is then, so a
    window for the night opens twice and never in between."""
    night = replace(HAPPY, window=Window(hours=("02:00", "03:00")))
    store = replace(CATALOG, deals=(night,))
    prices = []
    for utc_ms, ahead_ms in ((0, 2), (HOUR_MS // 2, 2), (HOUR_MS + HOUR_MS // 2, 1),
                             (2 * HOUR_MS, 1)):  # fmt: skip
        hands = Hands(catalog=store)
        told(hands, SUNDAY_UTC_MS + utc_ms, ahead_ms * HOUR_MS)
        prices.append(pasta_minor(hands))
    assert prices == [HALF_MINOR, HALF_MINOR, HALF_MINOR, FULL_MINOR]


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS, -30 * 365 * DAY_MS])
def test_the_store_s_time_is_a_difference_to_the_monotonic_clock(jump_ms: int) -> None:
    """A store that corrects its clock moves the hour by exactly that; between greetings the hour
    goes on by the monotonic clock, and the uncertainty is half the way there and back."""
    now_ms = 50_000
    clock = StoreClock(lambda: now_ms, Inbox(lambda: now_ms))
    clock.told(SUNDAY_UTC_MS, now_ms - 200)
    begun_ms = clock.utc_ms()
    assert abs(begun_ms - SUNDAY_UTC_MS) <= 101
    now_ms += HOUR_MS
    assert clock.utc_ms() == begun_ms + HOUR_MS
    clock.told(SUNDAY_UTC_MS + HOUR_MS + jump_ms, now_ms)
    assert clock.utc_ms() == SUNDAY_UTC_MS + HOUR_MS + jump_ms
