"""From scored explanations to one of three outcomes: decide, wait, ask.

Deciding needs a good explanation that clearly leads the next one that means something else.
Otherwise the mind waits while evidence may still come, then asks the shopper, once.
"""

from __future__ import annotations

from typing import Literal

from cart.core.fusion.evidence import AFTER_REST_MS, Claim, Step
from cart.core.fusion.scores import CLEAR_LEAD, GOOD_ENOUGH
from cart.core.value import Value

WAIT_MS = AFTER_REST_MS


class Part(Value):
    """One product of an explanation; `line_id` names the line when something was taken out."""

    sku: str
    quantity: int
    claim: Claim | None = None
    line_id: str = ""


class Explanation(Value):
    """One way it may have been.

    kind: "items" · "unknown" · "weighed_late" (on the receipt already, without a scale) ·
    "back" (what an open question missed returned) · "open" (yellow
    things left) · "own" (the shopper's own thing left) · "some_of" (part of a weighed line left) ·
    "swap" (its first part came, its second left).
    `mass_millinats` and `look_millinats` are their shares of the score; `contradicted` means that
    the eyes are sure it was something else; not `proven`, that it rests on a code that may have
    been misread and that the mass does not confirm."""

    kind: str
    score_millinats: int
    mass_millinats: int
    parts: tuple[Part, ...] = ()
    line_ids: tuple[str, ...] = ()
    look_millinats: int = 0
    contradicted: bool = False
    proven: bool = True

    @property
    def key(self) -> tuple[str, tuple[str, ...], tuple[tuple[str, int], ...]]:
        """What it means: explanations with one key differ only in how they came about."""
        meaning = tuple(sorted((part.sku, part.quantity) for part in self.parts))
        return (self.kind, self.line_ids, meaning)


class Verdict(Value):
    """The outcome for one step: `best` is what to do when `outcome` is "decide"."""

    outcome: Literal["decide", "wait", "ask"]
    best: Explanation
    margin_millinats: int


def best_first(explanations: list[Explanation]) -> list[Explanation]:
    """The likeliest first, ties by what they mean, so that the order is always the same."""
    return sorted(explanations, key=lambda item: (-item.score_millinats, item.key))


def judge(explanations: list[Explanation], step: Step, now_ms: int) -> Verdict:
    """Judge explanations that are sorted best first (never empty)."""
    best = explanations[0]
    rivals = (item for item in explanations if item.key != best.key)
    second = next(rivals, None)
    margin = CLEAR_LEAD if second is None else best.score_millinats - second.score_millinats
    likely = best.score_millinats >= GOOD_ENOUGH and margin >= CLEAR_LEAD
    if likely and best.kind != "unknown" and best.proven and not best.contradicted:
        return Verdict("decide", best, margin)
    waiting = now_ms - step.heard_ms < WAIT_MS
    return Verdict("wait" if waiting else "ask", best, margin)
