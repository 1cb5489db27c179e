"""The phases of a trip as one table: which fact moves it from where to where.

A fact missing in a phase's row can't happen there; `follow` asserts it. This file must never hold
conditions: they belong to the mind, which decides which facts to state.
"""

from __future__ import annotations

from typing import Literal

from cart.core.events import (
    CheckoutCancelled,
    CheckoutStarted,
    Event,
    PaymentDeclined,
    PaymentRequested,
    PaymentSettled,
    TripClosed,
    TripHandedOver,
    TripOpened,
)

Phase = Literal["idle", "shopping", "checkout", "paying", "paid"]

TRANSITIONS: dict[tuple[Phase, type[Event]], Phase] = {
    ("idle", TripOpened): "shopping",
    ("shopping", CheckoutStarted): "checkout",
    ("checkout", CheckoutCancelled): "shopping",
    ("checkout", PaymentRequested): "paying",
    ("paying", PaymentDeclined): "checkout",
    ("paying", CheckoutCancelled): "shopping",
    ("paying", PaymentSettled): "paid",
    ("paid", TripClosed): "idle",
    ("shopping", TripHandedOver): "idle",
    ("checkout", TripHandedOver): "idle",
    ("paying", TripHandedOver): "idle",
}

MOVING_FACTS = frozenset(kind for _, kind in TRANSITIONS)


def follow(phase: Phase, event: Event) -> Phase:
    """Return the phase after `event`; facts that move no phase leave it as it is."""
    if type(event) not in MOVING_FACTS:
        return phase
    assert (phase, type(event)) in TRANSITIONS, f"{type(event).__name__} cannot happen in {phase}"
    return TRANSITIONS[phase, type(event)]
