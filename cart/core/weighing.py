"""Codes, looks and load changes: kept as evidence, then turned into facts step by step.

The only place where something is put on or taken off the receipt without a touch. It must never
charge what fusion did not decide, and never accuse: what can't be explained becomes a question.
"""

from __future__ import annotations

from msgspec.structs import replace

from cart.core import (
    accepting,
    codes,
    coupons,
    doubting,
    handover,
    lines,
    paying,
    restrictions,
    trip,
)
from cart.core.catalog import CatalogIndex
from cart.core.effects import WantClip
from cart.core.events import QuestionAsked
from cart.core.fusion.arriving import choices_for, explain_in, too_light
from cart.core.fusion.evidence import (
    CODE_ANSWER_WAIT_MS,
    LIGHT_THING_WAIT_MS,
    LOAD_FLOOR_MG,
    Claim,
    Pending,
    Step,
    around,
    fade,
    with_step,
    without_step,
)
from cart.core.fusion.leaving import explain_out, line_choices
from cart.core.fusion.scores import Sight
from cart.core.fusion.swapping import explain_swap
from cart.core.fusion.verdict import WAIT_MS, Explanation, Verdict, best_first, judge
from cart.core.observations import ItemSighted, LoadChanged, ScanSeen
from cart.core.state import Draft
from cart.core.weighed import Readings, readings_of


def scan_seen(draft: Draft, scan: ScanSeen) -> None:
    """Keep a product's code as a claim; say so when a code means nothing here."""
    index = draft.state.catalog
    if index is None:
        return
    if restrictions.badge_seen(draft, scan):
        return
    meaning = codes.meaning(scan.text, scan.symbology, index, restrictions.today(draft.state))
    if isinstance(meaning, codes.ProductCode):
        _claim(draft, scan, meaning)
    elif isinstance(meaning, coupons.Paper):
        accepting.shown(draft, scan, meaning)
    elif isinstance(meaning, codes.UnknownCode):
        if scan.proven:
            draft.tell("unknown_code")
    elif scan.source == "scanner":
        draft.tell("code_unreadable")  # the camera sees posters too; the scanner was pointed


def _claim(draft: Draft, scan: ScanSeen, meaning: codes.ProductCode) -> None:
    claim = Claim(
        sensed_ms=scan.sensed_ms,
        sku=meaning.sku,
        text=scan.text,
        symbology=scan.symbology,
        source=scan.source,
        price_minor=meaning.price_minor,
        mass_mg=meaning.mass_mg,
        score_millinats=scan.score_millinats,
        proven=scan.proven,
        lot=meaning.lot or "",
        expires=meaning.last_day or "",
        weight=meaning.weight,
    )
    _tell_never_sold(draft, claim)
    if "scale" in draft.state.lost:
        if claim.proven:
            _add_by_code_alone(draft, claim)
        return
    pending = draft.state.pending
    draft.note(pending=replace(pending, claims=(*pending.claims, claim)))


def _tell_never_sold(draft: Draft, claim: Claim) -> None:
    index = draft.state.catalog
    assert index is not None, "a claim without a catalog"
    product = index.by_sku[claim.sku]
    why = restrictions.never_sold(draft.state, product, claim) if claim.proven else None
    if why is not None:
        restrictions.tell_never_sold(draft, product, why)


def _add_by_code_alone(draft: Draft, claim: Claim) -> None:
    if draft.basket.phase in ("idle", "shopping"):
        _open_trip_if_none(draft)
        lines.add_by_code_alone(draft, claim)


def _use_codes_at_rest(draft: Draft) -> None:
    """What a code says once the load has stayed at rest after it; had the load moved, the code
    would have been on what moved it.

    Chewing gum moves no scale: its code alone is believed. And the code of a thing that the screen
    asks about is the answer."""
    for claim in draft.state.pending.claims:
        shopping = draft.basket.phase in ("idle", "shopping")
        index = draft.state.catalog
        if index is None or draft.state.moving or draft.state.pending.steps or not shopping:
            return
        age_ms = draft.now_ms - claim.sensed_ms
        asked = lines.answers(draft, claim)
        if asked is not None and age_ms >= CODE_ANSWER_WAIT_MS:
            _forget(draft, claim)
            lines.name_open_line(draft, asked, claim.sku, claim)
        elif claim.proven and age_ms >= LIGHT_THING_WAIT_MS and _is_light(index, claim):
            _forget(draft, claim)
            _add_by_code_alone(draft, claim)


def _is_light(index: CatalogIndex, claim: Claim) -> bool:
    return too_light(index.by_sku.get(claim.sku))


def _forget(draft: Draft, claim: Claim) -> None:
    claims = tuple(item for item in draft.state.pending.claims if item != claim)
    draft.note(pending=replace(draft.state.pending, claims=claims))


def item_sighted(draft: Draft, seen: ItemSighted) -> None:
    """Keep what the eyes saw, while they see well: of a bad picture only codes count, which prove
    themselves, and what nothing else explains is asked about."""
    if draft.state.camera != "good":
        return
    sight = Sight(seen.sensed_ms, seen.candidates, seen.unknown_millinats)
    doubting.look_again(draft, sight)
    pending = draft.state.pending
    if seen.sensed_ms > pending.blind_until_ms:
        draft.note(pending=replace(pending, sights=(*pending.sights, sight)))


def load_changed(draft: Draft, load: LoadChanged) -> None:
    """Open a step when the load rests elsewhere than before; a jolt or drift opens none."""
    if load.state == "moving":
        draft.note(moving=True)
        return
    before_mg = load.before_mg
    if draft.basket.phase not in ("idle", "paid"):  # else no line accounts for any load
        before_mg = _accounted(draft.state.rest_mg, load.before_mg)
    draft.note(moving=False, rest_mg=load.after_mg)
    step = Step(
        onset_ms=load.sensed_ms if load.onset_ms is None else load.onset_ms,
        rest_ms=load.sensed_ms,
        heard_ms=draft.now_ms,
        before_mg=before_mg,
        after_mg=load.after_mg,
        uncertainty_mg=max(1, load.uncertainty_mg),
        readings=_readings(load, before_mg),
    )
    if abs(step.change_mg) >= max(LOAD_FLOOR_MG, 4 * step.uncertainty_mg):
        draft.note(pending=with_step(draft.state.pending, step))


def _readings(load: LoadChanged, before_mg: int) -> Readings | None:
    """What was indicated; before a change that nobody watched, nothing was."""
    if before_mg == load.before_mg:
        change_mg = load.after_mg - load.before_mg
        return readings_of(load.readings, change_mg, load.uncertainty_mg)
    return Readings(after=None if load.readings is None else load.readings.after)


def _accounted(rest_mg: int | None, before_mg: int) -> int:
    """The scale follows drift better than we do; but what changed while nobody watched (a crash,
    a cable) counts from the load that we knew."""
    if rest_mg is None or abs(before_mg - rest_mg) < LOAD_FLOOR_MG:
        return before_mg
    return rest_mg


def resolve(draft: Draft) -> None:
    """Judge the open steps, oldest first, until one has to wait; let stale evidence fade."""
    while draft.state.pending.steps and draft.basket.phase != "paying":
        step = draft.state.pending.steps[0]
        if not _resolve_step(draft, step):
            break
    _use_codes_at_rest(draft)
    _fade(draft)


def _resolve_step(draft: Draft, step: Step) -> bool:
    """Whether the step is done with."""
    going_out = step.change_mg < 0
    evidence = around(draft.state.pending, step)
    if draft.basket.phase in ("idle", "paid") and going_out:
        _use_up(draft, evidence)  # the shopper unloads: nothing to take off a receipt
        return True
    if _judged_already(draft, step):
        return False
    explanations = _explain(draft, evidence, going_out=going_out)
    verdict = judge(explanations, step, draft.now_ms)
    if verdict.outcome == "wait":
        draft.note(waiting_on=draft.state.pending)
        return False
    if draft.basket.phase == "paid":
        paying.done(draft)
    _open_trip_if_none(draft)
    paying.load_moved(draft)
    if verdict.outcome == "decide":
        _decide(draft, verdict, evidence, going_out=going_out)
        used = frozenset(part.sku for part in verdict.best.parts) or None
        _use_up(draft, evidence, used)
    else:
        _ask(draft, explanations, verdict, evidence, going_out=going_out)
        _use_up(draft, evidence)
    return True


def _judged_already(draft: Draft, step: Step) -> bool:
    """Nothing new has come since the step was told to wait, and its time is not over."""
    same = draft.state.waiting_on is draft.state.pending
    return same and draft.now_ms - step.heard_ms < WAIT_MS


def _explain(draft: Draft, evidence: Pending, *, going_out: bool) -> list[Explanation]:
    index, basket = draft.state.catalog, draft.basket
    if not going_out and (known := handover.arrived(evidence, index, basket)):
        return [known]
    explain = explain_out if going_out else explain_in
    found = explain(evidence, index, basket)
    return best_first([*found, *explain_swap(evidence, basket, index)])


def _decide(draft: Draft, verdict: Verdict, evidence: Pending, *, going_out: bool) -> None:
    best = verdict.best
    alone = len(best.parts) == 1
    if best.kind in ("back", "open", "own"):
        for line_id in best.line_ids:
            lines.settle_gone(draft, line_id, evidence.steps[0])
    elif best.kind == "weighed_late":
        lines.weigh_late(draft, best, evidence.steps[0])
    elif best.kind == "swap":
        came, left = best.parts
        lines.take_off(draft, verdict, evidence, (left,), alone=False)
        lines.put_on(draft, verdict, evidence, (came,), alone=False)
    elif going_out:
        lines.take_off(draft, verdict, evidence, best.parts, alone=alone)
    elif lines.put_on(draft, verdict, evidence, best.parts, alone=alone):
        doubting.remember(draft, best.parts, evidence.steps[0])


def _ask(
    draft: Draft,
    explanations: list[Explanation],
    verdict: Verdict,
    evidence: Pending,
    *,
    going_out: bool,
) -> None:
    (step,) = evidence.steps
    index = draft.state.catalog
    if going_out:
        choices = line_choices(explanations, draft.basket)
    else:
        choices = [] if index is None else choices_for(explanations, step, index)
    line_id = lines.open_line(draft, tuple(choices), verdict, evidence)
    draft.fact(QuestionAsked(draft.now_ms, line_id))
    draft.do(WantClip("unexplained_load", step.rest_ms))
    draft.note(question=line_id, weighed=None)


def _use_up(draft: Draft, evidence: Pending, used_skus: frozenset[str] | None = None) -> None:
    draft.note(pending=without_step(draft.state.pending, evidence, used_skus))


def _fade(draft: Draft) -> None:
    pending = draft.state.pending
    busy = draft.state.moving or bool(pending.steps)
    kept, faded = fade(pending, draft.now_ms, busy=busy)
    if any(claim.proven for claim in faded):
        draft.tell("scanned_not_put_in")
    if kept is not pending:
        draft.note(pending=kept)


def _open_trip_if_none(draft: Draft) -> None:
    if draft.basket.phase == "idle":
        trip.open_guest_trip(draft)
