"""From a decision to the facts of a line: what is billed, with which evidence.

Every line that comes on or off the receipt passes here. It must never decide, only state.
"""

from __future__ import annotations

from msgspec.structs import replace

from cart.core import kept, restrictions, trip
from cart.core.basket import Line, OpenLine
from cart.core.catalog import Product
from cart.core.events import (
    Direction,
    Evidence,
    Hold,
    ItemAdded,
    ItemRemoved,
    LineOpened,
    LineSettled,
    LinesWeighed,
    QuestionAsked,
)
from cart.core.fusion.arriving import QUANTITY_MAX, expected_mass
from cart.core.fusion.evidence import Claim, Pending, Step, TakenOut
from cart.core.fusion.scores import Sight, mass_score
from cart.core.fusion.verdict import Explanation, Part, Verdict
from cart.core.proof import code_evidence, look_at_all, looked_like, proof_of
from cart.core.state import Draft
from cart.core.units import divide_half_up
from cart.core.weighed import (
    INTERVAL_MG,
    TakenBack,
    Trouble,
    Weighing,
    taken_back_by,
    unfit,
    weigh,
)
from cart.core.weights import price_of_weight_minor

WEIGH_SCREEN_MS = 4_000
CODE_ANSWERS = -4_000  # a code answers a question when its mass fits about this well
SCALE_SPREAD_MG = 1_500


def put_on(
    draft: Draft, verdict: Verdict, evidence: Pending, parts: tuple[Part, ...], *, alone: bool
) -> bool:
    """State the added lines of a decided step; False where one has to be weighed again. Beside
    goods of known mass a weighed one is billed for what they leave of the load."""
    (step,) = evidence.steps
    draft.note(question=None, looked_like=looked_like(evidence.sights))
    billed = True
    for part in parts:
        beside_mg = sum(_expected_mg(draft, other) for other in parts if other is not part)
        proof = proof_of(part, verdict, evidence, alone=alone)
        billed &= _add(draft, part, proof, step.change_mg, beside_mg, load_mg=step.after_mg)
    return billed


def take_off(
    draft: Draft, verdict: Verdict, evidence: Pending, parts: tuple[Part, ...], *, alone: bool
) -> None:
    """State the removed pieces of a decided step."""
    (step,) = evidence.steps
    for part in parts:
        proof = proof_of(part, verdict, evidence, alone=alone)
        remove(draft, part.line_id, part.quantity, proof, load_mg=step.after_mg)
    gone = tuple(TakenOut(part.sku, step.rest_ms) for part in parts)
    pending = draft.state.pending
    draft.note(pending=replace(pending, taken_out=(*pending.taken_out, *gone)), question=None)


def weigh_late(draft: Draft, best: Explanation, step: Step) -> None:
    """The scale found lines that had gone on without it: the load is theirs."""
    line_ids = tuple(part.line_id for part in best.parts)
    loads_mg = (step.before_mg, step.after_mg, step.after_mg)
    draft.fact(LinesWeighed(draft.now_ms, line_ids, *loads_mg, step.readings))


def remove(
    draft: Draft,
    line_id: str,
    quantity: int,
    proof: Evidence,
    *,
    load_mg: int | None = None,
) -> None:
    """State that pieces of a line left."""
    line = line_of(draft, line_id)
    draft.fact(ItemRemoved(draft.now_ms, line_id, quantity, evidence=proof, load_mg=load_mg))
    if draft.state.weighed == line_id:
        draft.note(weighed=None)
    draft.tell("item_removed", name=line.name)


def remove_what_left(draft: Draft, line_id: str, mass_mg: int, proof: Evidence) -> None:
    """The shopper named the line that `mass_mg` came from: a piece of it, or, of a weighed good,
    that much of it; what stays is priced again, or has to be weighed again."""
    line = line_of(draft, line_id)
    tare_mg = 0 if line.weighing is None else line.weighing.tare_mg
    left_mg = 0 if line.mass_mg is None else _load_mg(line) - mass_mg
    if left_mg - tare_mg < INTERVAL_MG // 2:
        remove(draft, line_id, 1, proof)
        return
    rest = unfit(proof.readings) or _weigh_rest(line, taken_back_by(mass_mg, proof.readings))
    if not isinstance(rest, Weighing):
        remove(draft, line_id, line.quantity, proof)
        _hold(draft, draft.next_line_id(), line.sku, left_mg, proof, rest)
        return
    left = (0, rest.net_mg, rest.price_minor)
    draft.fact(ItemRemoved(draft.now_ms, line_id, *left, proof, weighing=rest))
    draft.tell("item_removed", name=line.name)


def _load_mg(line: Line) -> int:
    """The load of a weighed line with its tare, as finely as the filter knows it; what a label
    told where the label was billed."""
    weighing, evidence = line.weighing, line.evidence
    if weighing is None:
        return line.mass_mg or 0
    taken_mg = sum(taken.mass_mg for taken in weighing.taken_back)
    if evidence.before_mg is None or evidence.after_mg is None:
        return weighing.net_mg + weighing.tare_mg
    return evidence.after_mg - evidence.before_mg - weighing.beside_mg - taken_mg


def _weigh_rest(line: Line, taken: TakenBack) -> Weighing | Trouble:
    """What stays of a line: the load that was weighed less all that was taken back, rounded once.

    What a label told was never weighed: what stays of it has no readings before."""
    first = line.weighing or Weighing(0, 0, line.unit_price_minor, 0)
    readings = None if line.weighing is None else line.evidence.readings
    change_mg = _load_mg(line) - taken.mass_mg + first.beside_mg
    scale = (first.tare_mg, line.unit_price_minor, readings, first.beside_mg, line.price_unit)
    rest = weigh(change_mg, *scale)
    if not isinstance(rest, Weighing):
        return rest
    return replace(rest, taken_back=(*first.taken_back, taken))


def open_line(draft: Draft, choices: tuple[str, ...], verdict: Verdict, evidence: Pending) -> str:
    """State a yellow line for a step nobody can explain; return its id."""
    (step,) = evidence.steps
    line_id = draft.next_line_id()
    claim = evidence.claims[-1] if evidence.claims else None
    proof = Evidence(
        before_mg=step.before_mg,
        after_mg=step.after_mg,
        code=code_evidence(claim),
        look=look_at_all(evidence.sights),
        score_millinats=verdict.best.score_millinats,
        margin_millinats=verdict.margin_millinats,
        readings=step.readings,
    )
    direction: Direction = "in" if step.change_mg > 0 else "out"
    opened = LineOpened(
        draft.now_ms,
        line_id,
        direction,
        abs(step.change_mg),
        choices,
        proof,
        load_mg=step.after_mg,
    )
    draft.fact(opened)
    return line_id


def doubt(draft: Draft, line: Line, sight: Sight, step: Step) -> None:
    """A priced line becomes a yellow one: a look that came late names another product."""
    proof = replace(line.evidence, look=look_at_all((sight,)))
    draft.fact(ItemRemoved(draft.now_ms, line.line_id, line.quantity, evidence=proof))
    named = max(sight.candidates, key=lambda item: item.score_millinats).sku
    line_id = draft.next_line_id()
    choices = (named, line.sku)
    draft.fact(LineOpened(draft.now_ms, line_id, "in", step.change_mg, choices, proof))
    draft.fact(QuestionAsked(draft.now_ms, line_id))
    draft.note(question=line_id, weighed=None)


def settle_gone(draft: Draft, line_id: str, step: Step) -> None:
    """A yellow line ends without a word: what was in doubt left again, or came back."""
    proof = Evidence(step.before_mg, step.after_mg, readings=step.readings)
    draft.fact(LineSettled(draft.now_ms, line_id, "gone", proof, load_mg=step.after_mg))
    close_question(draft, line_id)


def name_open_line(draft: Draft, line: OpenLine, sku: str, claim: Claim | None) -> None:
    """A yellow line becomes a product: by the shopper's answer, or by a code shown late."""
    index = draft.state.catalog
    assert index is not None, "a product was named without a catalog"
    product = index.by_sku[sku]
    proof = replace(
        line.evidence,
        code=code_evidence(claim) or line.evidence.code,
        decided_by="shopper" if claim is None else "late_evidence",
    )
    draft.fact(LineSettled(draft.now_ms, line.line_id, "product", proof))
    # One read is one piece; the shopper's tap was on as many as the screen said.
    quantity = pieces_in(line.mass_mg, product) if claim is None else 1
    part = Part(sku, quantity, claim=claim)
    close_question(draft, line.line_id)
    _add(draft, part, proof, line.mass_mg, line_id=line.line_id)


def answers(draft: Draft, claim: Claim) -> OpenLine | None:
    """The line that the screen asks about, if one piece of what the code names has its mass."""
    index = draft.state.catalog
    assert index is not None, "a claim without a catalog"
    product = index.by_sku.get(claim.sku)
    expectation = None if product is None else expected_mass(Part(claim.sku, 1, claim), product)
    for line in draft.basket.open_lines:
        if line.line_id != draft.state.question or line.direction != "in" or expectation is None:
            continue
        mass_mg, spread_mg = expectation
        if mass_score(line.mass_mg - mass_mg, spread_mg**2 + SCALE_SPREAD_MG**2) >= CODE_ANSWERS:
            return line
    return None


def add_by_code_alone(draft: Draft, claim: Claim) -> None:
    """Add one piece that the scale can't vouch for, and say so in its evidence. What only the
    scale can price is not added: no mass, no price."""
    part = Part(claim.sku, 1, claim=claim)
    if restrictions.never_sold(draft.state, _product(draft, part), claim) is not None:
        return  # it was told why; there is no load that could be lifted out again
    if _sold_by_this_scale(_product(draft, part), part):
        draft.tell("cannot_weigh_now")
        return
    _add(draft, part, Evidence(code=code_evidence(claim), decided_by="code_alone"), 0)


def rename_weighed(draft: Draft, line: Line, sku: str) -> None:
    """The shopper corrects which produce was weighed: same load, other product."""
    weighing = line.weighing
    assert weighing is not None, "what is on the weigh screen was weighed"
    proof = replace(line.evidence, decided_by="shopper")
    draft.fact(ItemRemoved(draft.now_ms, line.line_id, line.quantity, evidence=proof))
    _add(draft, Part(sku, 1), proof, _load_mg(line) + weighing.beside_mg, weighing.beside_mg)


def _expected_mg(draft: Draft, part: Part) -> int:
    expectation = expected_mass(part, _product(draft, part))
    return 0 if expectation is None else part.quantity * expectation[0]


def _product(draft: Draft, part: Part) -> Product:
    index = draft.state.catalog
    assert index is not None, "a product was added without a catalog"
    return index.by_sku[part.sku]


def close_question(draft: Draft, line_id: str) -> None:
    """Take the question of this line off the screen; another line's stays."""
    if draft.state.question == line_id:
        draft.note(question=None)


def line_of(draft: Draft, line_id: str) -> Line:
    """The priced line with this id."""
    (found,) = (line for line in draft.basket.lines if line.line_id == line_id)
    return found


def _add(
    draft: Draft,
    part: Part,
    proof: Evidence,
    change_mg: int,
    beside_mg: int = 0,
    *,
    line_id: str | None = None,
    load_mg: int | None = None,
) -> bool:
    """State one added line; False where it has to be weighed again before it has a price."""
    product, higher_minor = kept.at_best_price(draft.state, _product(draft, part))
    line_id = line_id or draft.next_line_id()
    weighing = None
    if _never_sold(draft, part, line_id, change_mg - beside_mg, proof, load_mg):
        return False
    if _sold_by_this_scale(product, part):
        prices = (product.tare_mg, product.price_minor, proof.readings, beside_mg)
        found = weigh(change_mg, *prices, product.price_unit)
        if not isinstance(found, Weighing):
            again_mg = change_mg - beside_mg
            _hold(draft, line_id, product.sku, again_mg, proof, found, load_mg)
            return False
        weighing = found
    mass_mg, unit_minor, price_minor = _billed(product, part, weighing)
    added = ItemAdded(
        draft.now_ms,
        line_id,
        product.sku,
        product.name,
        part.quantity,
        unit_minor,
        price_minor,
        mass_mg,
        proof,
        load_mg,
        weighing,
        None if unit_minor != product.price_minor else higher_minor,
        None if mass_mg is None or part.claim is None else part.claim.weight,
        product.price_unit,
    )
    draft.fact(added)
    draft.tell("item_added", name=product.name)
    restrictions.tell_restricted(draft, product)
    trip.took_from_shelf(draft, product.sku)
    draft.note(
        weighed=None if weighing is None else line_id,
        weighed_until_ms=draft.now_ms + WEIGH_SCREEN_MS,
    )
    return True


def _never_sold(
    draft: Draft, part: Part, line_id: str, mass_mg: int, proof: Evidence, load_mg: int | None
) -> bool:
    """Whether it must not be sold: then it is a yellow line, and the shopper knows why."""
    product = _product(draft, part)
    why = restrictions.never_sold(draft.state, product, part.claim)
    if why is None:
        return False
    held: Hold = "recalled" if why.why == "recalled" else "expired"
    _hold(draft, line_id, product.sku, mass_mg, proof, held, load_mg, why.reason)
    restrictions.tell_never_sold(draft, product, why)
    return True


def _sold_by_this_scale(product: Product, part: Part) -> bool:
    """Whether only this cart's scale can price it: no label tells a price or a mass."""
    label = part.claim
    told = label is not None and (label.price_minor, label.mass_mg) != (None, None)
    return product.sold_by == "mass" and not told


def _hold(
    draft: Draft,
    line_id: str,
    sku: str,
    mass_mg: int,
    proof: Evidence,
    trouble: Hold,
    load_mg: int | None = None,
    reason: str = "",
) -> None:
    """A yellow line instead of a price: this was no weighing to sell by, or it must not be sold. It
    ends when the thing is lifted out; put back in, it is looked at anew."""
    what = (mass_mg, (sku,), proof, load_mg, trouble, reason)
    opened = LineOpened(draft.now_ms, line_id, "in", *what)
    draft.fact(opened)
    draft.fact(QuestionAsked(draft.now_ms, line_id))
    draft.note(question=line_id, weighed=None)
    if trouble == "too_light":
        draft.tell("too_light_to_weigh")


def _billed(product: Product, part: Part, weighing: Weighing | None) -> tuple[int | None, int, int]:
    """Mass billed (None: by the piece), price of a unit, price of the line."""
    if weighing is not None:
        return weighing.net_mg, weighing.unit_price_minor, weighing.price_minor
    label, unit_minor = part.claim, product.price_minor
    if label is not None and label.price_minor is not None:
        return None, label.price_minor, label.price_minor * part.quantity
    if label is not None and label.mass_mg is not None and product.sold_by == "mass":
        weight = label.weight or label.mass_mg
        price_minor = price_of_weight_minor(weight, unit_minor, product.price_unit)
        return label.mass_mg, unit_minor, price_minor
    return None, unit_minor, unit_minor * part.quantity


def pieces_in(mass_mg: int, product: Product) -> int:
    """How many pieces of a product come nearest to a load; 1 for a weighed good, and where it
    would be more than a hand puts in at once."""
    if product.sold_by == "mass" or not product.mass_mg:
        return 1
    pieces = divide_half_up(mass_mg, product.mass_mg)
    return pieces if 1 <= pieces <= QUANTITY_MAX else 1
