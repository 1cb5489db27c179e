"""Second thoughts: a look that arrives just after its thing went on by code and load.

The decision isn't delayed for slow eyes; but when they then name another product that the load
fits as well, nobody is charged silently and the shopper is asked. It must never charge more.
"""

from __future__ import annotations

from msgspec.structs import replace

from cart.core import lines, paying
from cart.core.effects import WantClip
from cart.core.fusion.arriving import looks_like_its_equal
from cart.core.fusion.evidence import HAND_COMES_MS, LATE_LOOK_MS, PutIn, Step
from cart.core.fusion.scores import Sight
from cart.core.fusion.verdict import Part
from cart.core.state import Draft


def remember(draft: Draft, parts: tuple[Part, ...], step: Step) -> None:
    """What one code has just put on may yet be seen to be something else."""
    by_code = len(parts) == 1 and parts[0].claim is not None
    put_in = PutIn(draft.basket.lines[-1].line_id, step) if by_code else None
    draft.note(pending=replace(draft.state.pending, put_in=put_in))


def look_again(draft: Draft, sight: Sight) -> None:
    """Turn the last line yellow if this look is of its thing and names another product."""
    put_in, index = draft.state.pending.put_in, draft.state.catalog
    if put_in is None or index is None or draft.basket.phase not in ("shopping", "checkout"):
        return
    if not _is_of(sight, put_in.step, moving=draft.state.moving):
        return
    for line in draft.basket.lines:
        look = line.evidence.look
        known = look is not None and look.sku == line.sku
        if line.line_id != put_in.line_id or known:
            continue
        if looks_like_its_equal((sight,), [line.sku], put_in.step, index):
            paying.load_moved(draft)
            lines.doubt(draft, line, sight, put_in.step)
            draft.do(WantClip("doubted_line", put_in.step.rest_ms))
            draft.note(pending=replace(draft.state.pending, put_in=None))


def _is_of(sight: Sight, step: Step, *, moving: bool) -> bool:
    """Whether the look can be of the thing of that step, and not of the next that lands already."""
    if moving and sight.sensed_ms > step.rest_ms:
        return False
    return step.onset_ms - HAND_COMES_MS <= sight.sensed_ms <= step.rest_ms + LATE_LOOK_MS
