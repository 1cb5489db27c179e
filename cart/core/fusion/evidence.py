"""What is known and not yet used: codes read, things sighted, load steps not yet explained.

This is fleeting: it is lost in a crash and rebuilt from what the senses say next. It must never
decide anything.
"""

from __future__ import annotations

from msgspec.structs import replace

from cart.core.fusion.scores import CODE_LEFT_OVER, UNPROVEN_LEFT_OVER, Sight
from cart.core.value import Value
from cart.core.weighed import Readings
from cart.core.weights import Weight

CLAIM_LIFE_MS = 8_000  # a code read waits this long for its good
BUSY_LIFE_MS = 60_000  # and longer while the load moves: a cart may roll with a hand inside it
CLAIMS_MAX, SIGHTS_MAX, STEPS_MAX = 16, 32, 8  # what is kept at most, the newest
SIGHT_LIFE_MS = 8_000
BEFORE_ONSET_MS = 6_000  # evidence may precede its load step by this much
AFTER_REST_MS = 1_500  # and follow it by this much
PUT_BACK_MS = 15_000  # what was taken out is expected back for so long
HAND_LEAVES_MS = 600  # after the load rests the eyes see only the hand that leaves
LIGHT_THING_WAIT_MS = 2_000  # so long the load must rest after a light thing's code
HAND_COMES_MS = 1_500  # a look this long before its load step is of the thing that lands
LATE_LOOK_MS = 1_000  # and a look of it may be told this long after it rests
CODE_ANSWER_WAIT_MS = 1_500  # and after a code that answers a question: else it is the next good's
LOAD_FLOOR_MG = 10_000  # smaller load changes are no thing put in (chewing gum: by code alone)


class Claim(Value):
    """A code that means a product of the catalog: "this one", says the code. How surely it was
    read say `score_millinats` and `proven`, as in `ScanSeen`; `lot` and `expires` (its last day)
    are "" where the code tells none. `mass_mg` is the label's `weight` to the milligram."""

    sensed_ms: int
    sku: str
    text: str
    symbology: str
    source: str
    price_minor: int | None = None
    mass_mg: int | None = None
    score_millinats: int = 0
    proven: bool = True
    lot: str = ""
    expires: str = ""
    weight: Weight | None = None

    @property
    def left_over_millinats(self) -> int:
        """What it costs an explanation to make no use of this code."""
        return CODE_LEFT_OVER if self.proven else UNPROVEN_LEFT_OVER


class Step(Value):
    """A settled load change from `before_mg` to `after_mg`; `heard_ms` is when the mind heard."""

    onset_ms: int
    rest_ms: int
    heard_ms: int
    before_mg: int
    after_mg: int
    uncertainty_mg: int
    readings: Readings | None = None

    @property
    def change_mg(self) -> int:
        """Positive: put in. Negative: taken out."""
        return self.after_mg - self.before_mg


class TakenOut(Value):
    """A product that left a moment ago, in case it comes back."""

    sku: str
    left_ms: int


class PutIn(Value):
    """The line that the last step put on by its code, in case a late look says otherwise."""

    line_id: str
    step: Step


class Pending(Value):
    """All unused evidence, each kind oldest first. What was sighted before `blind_until_ms` is the
    hand that leaves after the last thing, and no evidence of the next."""

    claims: tuple[Claim, ...] = ()
    sights: tuple[Sight, ...] = ()
    steps: tuple[Step, ...] = ()
    taken_out: tuple[TakenOut, ...] = ()
    blind_until_ms: int = 0
    put_in: PutIn | None = None


def in_window(sensed_ms: int, step: Step) -> bool:
    """Whether evidence of that moment can belong to the step."""
    return step.onset_ms - BEFORE_ONSET_MS <= sensed_ms <= step.rest_ms + AFTER_REST_MS


def _in_hand(pending: Pending, step: Step) -> tuple[Sight, ...]:
    """Looks at the thing in the hand, before the load moved; only without any, those after it:
    by then the thing lies among others and the hand leaves."""
    near = tuple(item for item in pending.sights if in_window(item.sensed_ms, step))
    return tuple(item for item in near if item.sensed_ms <= step.onset_ms) or near


def around(pending: Pending, step: Step) -> Pending:
    """The evidence that can belong to the step."""
    return replace(
        pending,
        claims=tuple(item for item in pending.claims if in_window(item.sensed_ms, step)),
        sights=_in_hand(pending, step),
        steps=(step,),
        taken_out=tuple(
            item for item in pending.taken_out if step.onset_ms - item.left_ms <= PUT_BACK_MS
        ),
    )


def without_step(pending: Pending, evidence: Pending, used_skus: frozenset[str] | None) -> Pending:
    """What is left once the step of `evidence` is explained by `used_skus`: a code of something
    else still waits for its good. None: nobody knows what it was, so all before it goes with it."""
    (step,) = evidence.steps
    seen_ms = max((item.sensed_ms for item in evidence.sights), default=0)
    blind_until_ms = max(step.rest_ms + HAND_LEAVES_MS, seen_ms)
    return replace(
        pending,
        claims=tuple(item for item in pending.claims if _still_waits(item, step, used_skus)),
        sights=tuple(item for item in pending.sights if item.sensed_ms > blind_until_ms),
        steps=pending.steps[1:],
        blind_until_ms=blind_until_ms,
    )


def _still_waits(claim: Claim, step: Step, used_skus: frozenset[str] | None) -> bool:
    if used_skus is None:
        return claim.sensed_ms > step.rest_ms
    return claim.sku not in used_skus or claim.sensed_ms > step.rest_ms + AFTER_REST_MS


def fade(pending: Pending, now_ms: int, *, busy: bool) -> tuple[Pending, tuple[Claim, ...]]:
    """Drop what nothing came of. Returns what stays and the claims that faded.

    While the load moves or a step is open (`busy`) no claim fades: its good may be landing."""
    life_ms = BUSY_LIFE_MS if busy else CLAIM_LIFE_MS
    faded = tuple(item for item in pending.claims if now_ms - item.sensed_ms > life_ms)
    claims = tuple(item for item in pending.claims if item not in faded)
    sights = tuple(
        item for item in pending.sights if now_ms - item.sensed_ms <= max(life_ms, SIGHT_LIFE_MS)
    )[-SIGHTS_MAX:]
    out = tuple(item for item in pending.taken_out if now_ms - item.left_ms <= PUT_BACK_MS)
    kept = replace(pending, claims=claims[-CLAIMS_MAX:], sights=sights, taken_out=out)
    return (pending if kept == pending else kept), faded


def _around_both(earlier: Readings | None, later: Readings | None) -> Readings | None:
    if earlier is None and later is None:
        return None
    return Readings(
        before=None if earlier is None else earlier.before,
        after=None if later is None else later.after,
    )


def with_step(pending: Pending, step: Step) -> Pending:
    """Add a step. So many waiting ones (a payment takes its time) that two must become one."""
    *earlier, last = (*pending.steps, step)
    if len(earlier) >= STEPS_MAX:
        before = earlier.pop()
        last = replace(
            last,
            onset_ms=before.onset_ms,
            before_mg=before.before_mg,
            readings=_around_both(before.readings, last.readings),
        )
    return replace(pending, steps=(*earlier, last))
