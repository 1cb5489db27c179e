"""The evidence that a fact of a line keeps: code, look and mass, as they were when it was decided.

It must never judge them: that is done, and is not done again.
"""

from __future__ import annotations

from cart.core.events import CodeEvidence, Evidence, LookEvidence
from cart.core.fusion.evidence import Claim, Pending
from cart.core.fusion.scores import Sight
from cart.core.fusion.verdict import Part, Verdict


def proof_of(part: Part, verdict: Verdict, evidence: Pending, *, alone: bool) -> Evidence:
    """What spoke for this part of a decided step."""
    (step,) = evidence.steps
    return Evidence(
        before_mg=step.before_mg,
        after_mg=step.after_mg,
        code=code_evidence(part.claim),
        look=_look(evidence.sights, part.sku),
        score_millinats=verdict.best.score_millinats,
        margin_millinats=verdict.margin_millinats,
        alone=alone,
        readings=step.readings,
    )


def code_evidence(claim: Claim | None) -> CodeEvidence | None:
    """The code that was read, if one was."""
    if claim is None:
        return None
    return CodeEvidence(claim.text, claim.symbology, claim.source, claim.sensed_ms)


def _look(sights: tuple[Sight, ...], sku: str) -> LookEvidence | None:
    """The best look at this product, or the look that did not know it."""
    found = [
        LookEvidence(item.sku, item.score_millinats, sight.sensed_ms)
        for sight in sights
        for item in sight.candidates
        if item.sku == sku
    ]
    if found:
        return max(found, key=lambda look: (look.score_millinats, -look.sensed_ms))
    return look_at_all(sights)


def looked_like(sights: tuple[Sight, ...]) -> tuple[str, ...]:
    """Every product that a look held for possible, the likeliest first."""
    best: dict[str, int] = {}
    for item in (item for sight in sights for item in sight.candidates):
        best[item.sku] = max(item.score_millinats, best.get(item.sku, item.score_millinats))
    return tuple(sorted(best, key=lambda sku: (-best[sku], sku)))


def look_at_all(sights: tuple[Sight, ...]) -> LookEvidence | None:
    """What the last look took the thing for; of no product where it knew none."""
    if not sights:
        return None
    last = sights[-1]
    best = max(last.candidates, key=lambda item: item.score_millinats, default=None)
    if best is None or best.score_millinats < last.unknown_millinats:
        return LookEvidence(None, last.unknown_millinats, last.sensed_ms)
    return LookEvidence(best.sku, best.score_millinats, last.sensed_ms)
