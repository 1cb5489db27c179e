"""Somebody with good papers of their own plays another's part: an app a cart's, a cart an app's.

The broker gives each certificate the topics of its name and knows no app from a cart; it is the
store that must see the difference. It must never try anything with papers that are bad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from cart.contract.fleet import Telemetry
from cart.contract.store import Birth, CartState, PairClaim, PairOffer, PayRequest, topic_of
from cart.core.value import Value
from rig.hostile.attempts import Attempt, Result
from rig.hostile.intruder import Intruder
from rig.hostile.site import APP, HOSTILE, SHOPPER, STORE, TENANT, VICTIM, Site, batch

# What a cart says that opens, moves or pays something.
AS_CART: dict[str, Value] = {
    "birth": Birth("boot-x", 1, 0, 0, "0", 0),
    "cart_state": CartState("boot-x", online=True),
    "events": batch("trip-of-an-app"),
    "pair_offer": PairOffer("nonce-of-an-app"),
    "pay_request": PayRequest("trip-of-an-app", 1, 0, 1, 2),
    "telemetry": Telemetry(1),
}


def parts() -> Iterator[Attempt]:
    """An app whose name says so, one whose name could be a cart's, and a cart."""
    for who, name in ((APP, "app as its own cart"), (SHOPPER, "app with a cart's name as a cart")):
        for channel, message in AS_CART.items():
            said = _say(channel, message, who, cart=who)
            yield Attempt("part", f"{name}: {channel}", "store", said)
    for what, move in (("", False), (": to move a trip", True)):
        asked = PairClaim(VICTIM, "nonce-0001", HOSTILE, move)
        said = _say("pair_claim", asked, HOSTILE, app=HOSTILE)
        yield Attempt("part", f"cart as its own app{what}", "store", said)


def _say(channel: str, message: Value, who: str, **names: str) -> Callable[[Site], Result]:
    topic = topic_of(channel, TENANT, STORE, **names)

    def run(site: Site) -> Result:
        with Intruder(site.papers(who), site.broker.port) as intruder:
            intruder.say(topic, msgspec.json.encode(message))
        return Result()

    return run
