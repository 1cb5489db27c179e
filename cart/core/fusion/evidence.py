"""What is known and not yet used: codes read, things sighted, load steps not yet explained.

This is fleeting: it is lost in a crash and rebuilt from what the senses say next. It must never
decide anything.
"""

from __future__ import annotations

from msgspec.structs import replace

from cart.core.fusion.scores import Sight
from cart.core.value import Value

CLAIM_LIFE_MS = 8_000  # a code read waits this long for its good
SIGHT_LIFE_MS = 8_000
BEFORE_ONSET_MS = 6_000  # evidence may precede its load step by this much
AFTER_REST_MS = 1_500  # and follow it by this much
PUT_BACK_MS = 15_000  # what was taken out is expected back for so long
HAND_LEAVES_MS = 600  # after the load rests the eyes see only the hand that leaves
LIGHT_THING_WAIT_MS = 2_000  # so long the load must rest after a light thing's code
LOAD_FLOOR_MG = 10_000  # smaller load changes are no thing put in (chewing gum: by code alone)


class Claim(Value):
    """A code that means a product of the catalog: "this one", says the code."""

    sensed_ms: int
    sku: str
    text: str
    symbology: str
    source: str
    price_minor: int | None = None
    mass_mg: int | None = None


class Step(Value):
    """A settled load change from `before_mg` to `after_mg`; `heard_ms` is when the mind heard."""

    onset_ms: int
    rest_ms: int
    heard_ms: int
    before_mg: int
    after_mg: int
    uncertainty_mg: int

    @property
    def change_mg(self) -> int:
        """Positive: put in. Negative: taken out."""
        return self.after_mg - self.before_mg


class TakenOut(Value):
    """A product that left a moment ago, in case it comes back."""

    sku: str
    left_ms: int


class Pending(Value):
    """All unused evidence, each kind oldest first. What was sighted before `blind_until_ms` is the
    hand that leaves after the last thing, and no evidence of the next."""

    claims: tuple[Claim, ...] = ()
    sights: tuple[Sight, ...] = ()
    steps: tuple[Step, ...] = ()
    taken_out: tuple[TakenOut, ...] = ()
    blind_until_ms: int = 0


def in_window(sensed_ms: int, step: Step) -> bool:
    """Whether evidence of that moment can belong to the step."""
    return step.onset_ms - BEFORE_ONSET_MS <= sensed_ms <= step.rest_ms + AFTER_REST_MS


def around(pending: Pending, step: Step) -> Pending:
    """The evidence that can belong to the step."""
    return replace(
        pending,
        claims=tuple(item for item in pending.claims if in_window(item.sensed_ms, step)),
        sights=tuple(item for item in pending.sights if in_window(item.sensed_ms, step)),
        steps=(step,),
        taken_out=tuple(
            item for item in pending.taken_out if step.onset_ms - item.left_ms <= PUT_BACK_MS
        ),
    )


def without_step(pending: Pending, step: Step) -> Pending:
    """What is left once the step is explained: its evidence is used up."""
    blind_until_ms = step.rest_ms + HAND_LEAVES_MS
    return replace(
        pending,
        # A code read after the load came to rest is already the next thing's.
        claims=tuple(item for item in pending.claims if item.sensed_ms > step.rest_ms),
        sights=tuple(item for item in pending.sights if item.sensed_ms > blind_until_ms),
        steps=pending.steps[1:],
        blind_until_ms=blind_until_ms,
    )


def fade(pending: Pending, now_ms: int, *, busy: bool) -> tuple[Pending, tuple[Claim, ...]]:
    """Drop what nothing came of. Returns what stays and the claims that faded.

    While the load moves or a step is open (`busy`) no claim fades: its good may be landing."""
    if busy:
        return pending, ()
    faded = tuple(item for item in pending.claims if now_ms - item.sensed_ms > CLAIM_LIFE_MS)
    claims = tuple(item for item in pending.claims if item not in faded)
    sights = tuple(item for item in pending.sights if now_ms - item.sensed_ms <= SIGHT_LIFE_MS)
    out = tuple(item for item in pending.taken_out if now_ms - item.left_ms <= PUT_BACK_MS)
    kept = replace(pending, claims=claims, sights=sights, taken_out=out)
    return (pending if kept == pending else kept), faded
