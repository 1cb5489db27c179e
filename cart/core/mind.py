"""The mind: `step(state, observation) -> Turn`. Pure: same state, same observation, same turn.

One row a kind of observation names the function that thinks about it. After each of them time
passes: waiting steps are judged, notices end, questions to the store are asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cart.core import (
    accepting,
    adopting,
    asking,
    coach,
    mirroring,
    orders,
    paying,
    settings,
    telling,
    trip,
    weighing,
)
from cart.core.observations import (
    AislesCame,
    AnyObservation,
    BasketViewed,
    Booted,
    CameraState,
    CatalogArrived,
    CommandArrived,
    CommandFinished,
    ConfigArrived,
    CouponAnswered,
    CreditCame,
    DealsCame,
    InputRefused,
    ItemSighted,
    LinkChanged,
    LoadChanged,
    PairCodeMade,
    Paired,
    PaymentAnswered,
    Place,
    PowerChanged,
    RecallsCame,
    ScanSeen,
    SenseBack,
    SenseDoubted,
    SenseLost,
    StoreTime,
    Tick,
    Touch,
)
from cart.core.state import Draft, State, Turn

THINKERS: dict[type, Callable[[Draft, Any], None]] = {
    Booted: trip.booted,
    CatalogArrived: adopting.catalog_arrived,
    DealsCame: adopting.deals_came,
    RecallsCame: adopting.recalls_came,
    AislesCame: adopting.aisles_came,
    ConfigArrived: settings.arrived,
    PairCodeMade: trip.pair_code_made,
    Paired: trip.paired,
    LinkChanged: trip.link_changed,
    StoreTime: trip.store_time,
    CommandArrived: orders.command_arrived,
    CommandFinished: orders.command_finished,
    Place: trip.place,
    PowerChanged: trip.power_changed,
    SenseLost: trip.sense_lost,
    SenseDoubted: trip.sense_doubted,
    SenseBack: trip.sense_back,
    CameraState: trip.camera_state,
    InputRefused: telling.input_refused,
    ScanSeen: weighing.scan_seen,
    ItemSighted: weighing.item_sighted,
    LoadChanged: weighing.load_changed,
    Touch: asking.touched,
    PaymentAnswered: paying.payment_answered,
    CouponAnswered: accepting.answered,
    BasketViewed: mirroring.viewed,
    CreditCame: paying.credit_came,
    Tick: coach.tick,
}


def initial() -> State:
    """The state before the first observation, which must be `Booted`."""
    return State()


def step(state: State, observation: AnyObservation) -> Turn:
    """Think about one observation. Time never runs backwards: an older stamp counts as now."""
    before = frozenset(notice.code for notice in telling.standing(state))
    draft = Draft(state)
    draft.note(t_ms=max(state.t_ms, observation.t_ms))
    THINKERS[type(observation)](draft, observation)
    _let_time_pass(draft)
    began = tuple(notice for notice in telling.standing(draft.state) if notice.code not in before)
    return draft.turn(began)


def _let_time_pass(draft: Draft) -> None:
    adopting.adopt(draft)
    weighing.resolve(draft)
    trip.keep_offering(draft)
    trip.keep_time(draft)
    accepting.keep_asking(draft)
    mirroring.keep_telling(draft)
    mirroring.keep_telling_health(draft)
    paying.keep_asking(draft)
    telling.end_passed(draft)
