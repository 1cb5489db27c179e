"""The frame of a trip: start, pairing, catalog, link, place, power and the health of the senses.

It must never touch a line of the basket.
"""

from __future__ import annotations

from cart.core import handover, kept
from cart.core.basket import fold
from cart.core.effects import MakePairCode, OfferPairing, TellEyes
from cart.core.events import TimeNoted, TripBound, TripOpened
from cart.core.observations import (
    Booted,
    CameraState,
    LinkChanged,
    PairCodeMade,
    Paired,
    Place,
    PowerChanged,
    SenseBack,
    SenseDoubted,
    SenseLost,
    StoreTime,
)
from cart.core.orders import end_interrupted
from cart.core.settings import report, setting
from cart.core.state import Draft, State

OFFER_EVERY_MS = 10_000


def booted(draft: Draft, observation: Booted) -> None:
    """Start again from the journal; everything fleeting is forgotten."""
    basket = fold(observation.journal)
    draft.state = State(
        t_ms=draft.now_ms,
        cart_id=observation.cart_id,
        epoch=observation.epoch,
        boot_id=observation.boot_id,
        basket=basket,
        kept_prices=kept.at_end_of(observation.journal),
        # Between trips the cart is emptied without a fact: then the first load is the rest.
        rest_mg=None if basket.phase == "idle" else basket.load_mg,
        pay_sent=basket.phase == "paying",  # nobody knows: perhaps it had left
    )
    end_interrupted(draft)
    draft.do(MakePairCode())


def pair_code_made(draft: Draft, observation: PairCodeMade) -> None:
    """A fresh code for the welcome screen."""
    draft.note(pair_nonce=observation.nonce, offered_ms=None)


def keep_offering(draft: Draft) -> None:
    """While somebody could pair, let the store know the code on the screen."""
    state = draft.state
    if not state.online or not state.pair_nonce or state.basket.shopper is not None:
        return
    if state.basket.phase not in ("idle", "shopping"):
        return
    if state.basket.phase == "idle" and state.basket.machine.locked:
        return
    if state.offered_ms is None or draft.now_ms - state.offered_ms >= OFFER_EVERY_MS:
        draft.do(OfferPairing(state.pair_nonce))
        draft.note(offered_ms=draft.now_ms)


def paired(draft: Draft, observation: Paired) -> None:
    """Open the shopper's trip, or one that a guest brings from another cart, or give a guest trip
    its shopper. An old code opens nothing."""
    if observation.nonce != draft.state.pair_nonce or draft.basket.shopper is not None:
        return
    trip_id, shopper = observation.trip_id, observation.shopper
    more = (observation.member, observation.used)
    if draft.basket.phase == "idle" and not draft.basket.machine.locked:
        begun = TripOpened(draft.now_ms, trip_id, shopper or None, *more, _load_mg(draft.state))
        draft.fact(begun)
    elif draft.basket.phase == "shopping" and shopper:
        draft.fact(TripBound(draft.now_ms, trip_id, shopper, *more))
    else:
        return
    draft.note(pair_nonce="")
    if observation.carried is not None:
        handover.bring(draft, observation.carried)
    draft.tell("welcome")


def open_guest_trip(draft: Draft) -> None:
    """Begin a trip without a shopper; pairing may follow. A locked cart begins none."""
    if draft.basket.machine.locked:
        return
    if not setting(draft, "guest_trips"):
        draft.tell("please_pair")
        return
    number = draft.basket.trips_opened + 1
    state = draft.state
    boot = f"-{state.boot_id}" if state.boot_id else ""
    trip_id = f"{state.cart_id}-{state.epoch}-{number}{boot}"
    draft.fact(TripOpened(draft.now_ms, trip_id, load_mg=_load_mg(state)))
    draft.tell("welcome")


def _load_mg(state: State) -> int | None:
    """The load that a trip begins with: what is not judged yet came, or went, during it."""
    steps = state.pending.steps
    return steps[0].before_mg if steps else state.rest_mg


def link_changed(draft: Draft, observation: LinkChanged) -> None:
    """The store can be reached, or not: shopping goes on either way."""
    epoch = observation.epoch or draft.state.epoch
    draft.note(online=observation.online, epoch=epoch)
    draft.note(offered_ms=None, pay_asked_ms=None, coupon_asked_ms=None, basket_told=None)
    if observation.online:
        report(draft)


def store_time(draft: Draft, observation: StoreTime) -> None:
    """Learn the store's wall clock: offers hold by it, and it is printed on the receipt."""
    draft.note(wall_offset_ms=observation.offset_ms + observation.local_offset_ms)


def keep_time(draft: Draft) -> None:
    """Fix when the trip began as soon as somebody knows, but not under a payment that runs."""
    open_trip = draft.basket.phase in ("shopping", "checkout")
    if open_trip and not draft.basket.terms.opened_at:
        note_time(draft)


def note_time(draft: Draft) -> None:
    """State what time it is, where that is known."""
    local_time = draft.state.local_time
    if local_time:
        draft.fact(TimeNoted(draft.now_ms, local_time))


def place(draft: Draft, observation: Place) -> None:
    """The cart stands in another aisle: other deals, other likely products."""
    _stands_in(draft, observation.aisle)


def took_from_shelf(draft: Draft, sku: str) -> None:
    """What was just put in tells where the cart stands, as the planogram has it."""
    index = draft.state.catalog
    aisles = () if index is None else index.aisles_by_sku.get(sku, ())
    if aisles and draft.state.aisle not in aisles:
        _stands_in(draft, aisles[0])


def _stands_in(draft: Draft, aisle: str) -> None:
    if aisle != draft.state.aisle:
        draft.note(aisle=aisle)
        tell_eyes(draft)


def power_changed(draft: Draft, observation: PowerChanged) -> None:
    """Remember the battery's charge."""
    draft.note(battery_percent=observation.battery_percent)


def sense_lost(draft: Draft, observation: SenseLost) -> None:
    """A sense can't be trusted: what only it can say stays unsaid."""
    draft.note(lost=tuple(sorted({*draft.state.lost, observation.sense})))
    if observation.sense == "scale":
        draft.note(moving=False)
    if observation.sense == "camera":
        draft.note(camera="good")  # of what gives no picture none is bad


def camera_state(draft: Draft, observation: CameraState) -> None:
    """How good the camera's picture is now."""
    draft.note(camera=observation.condition)


def sense_doubted(draft: Draft, observation: SenseDoubted) -> None:
    """A sense wants a technician: told until the next start, it never gets better by itself."""
    draft.note(doubted=tuple(sorted({*draft.state.doubted, observation.sense})))


def sense_back(draft: Draft, observation: SenseBack) -> None:
    """A sense works again."""
    draft.note(lost=tuple(item for item in draft.state.lost if item != observation.sense))


def tell_eyes(draft: Draft) -> None:
    """Give the eyes the catalog's codes, and what is likely where the cart stands."""
    index = draft.state.catalog
    if index is None:
        return
    here = sorted(index.skus_by_aisle.get(draft.state.aisle, ()))
    draft.do(TellEyes(tuple(index.by_gtin), tuple(here)))
