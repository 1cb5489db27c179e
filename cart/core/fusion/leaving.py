"""Something was taken out: every way to explain it by the lines of the basket.

Pure scoring, never an accusation: where no line explains the loss, the answer is a question.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import combinations

from cart.core.basket import Basket, Line, OpenLine
from cart.core.catalog import CatalogIndex
from cart.core.fusion import scores
from cart.core.fusion.evidence import Pending, Step
from cart.core.fusion.verdict import Explanation, Part
from cart.core.value import Value

MEASURED_SPREAD_MG = 1_500
PAIR_SPREADS = 4
CHOICES_MAX = 4


class Piece(Value):
    """One removable thing: `quantity` pieces of a line, what they should weigh, how surely."""

    line_id: str
    sku: str
    quantity: int
    mass_mg: int
    spread_mg: int


def explain_out(evidence: Pending, index: CatalogIndex | None, basket: Basket) -> list[Explanation]:
    """All explanations of the step in `evidence`; "unknown" is always one."""
    (step,) = evidence.steps
    found = [_unknown()]
    found += [
        _open_lines(together, step, "open", scores.OPEN_LINE_OUT * len(together))
        for together in _in_one_hand(basket)
    ]
    found += [_open_lines((line,), step, "own", scores.OWN_THING_OUT) for line in basket.own_lines]
    pieces = list(removable(basket, index))
    found += [_lines((piece,), scores.ONE_LINE_OUT, evidence) for piece in pieces]
    found += [_lines(pair, scores.TWO_LINES_OUT, evidence) for pair in _pairs(pieces, step)]
    found += [_some_of(line, evidence) for line in basket.lines if line.mass_mg is not None]
    return found


def line_choices(explanations: list[Explanation], basket: Basket) -> list[str]:
    """Lines worth offering when the shopper is asked, likeliest first."""
    explained = [part.line_id for item in explanations for part in item.parts]
    rest = [line.line_id for line in reversed(basket.lines)]
    return list(dict.fromkeys([*explained, *rest]))[:CHOICES_MAX]


def removable(basket: Basket, index: CatalogIndex | None) -> Iterator[Piece]:
    """What could leave, newest lines first: of two equal things the one put in last is named."""
    for line in reversed(basket.lines):
        weight = _piece_mass(line, index)
        if weight is None:
            continue
        mass_mg, spread_mg = weight
        for quantity in range(1, line.quantity + 1):
            yield Piece(line.line_id, line.sku, quantity, quantity * mass_mg, spread_mg * quantity)


def _in_one_hand(basket: Basket) -> Iterator[tuple[OpenLine, ...]]:
    """Yellow things that may leave in one move: each alone, two of them, or all there are."""
    yellow = [line for line in basket.open_lines if line.direction == "in"]
    for count in sorted({1, 2, max(1, len(yellow))}):
        yield from combinations(yellow, count)


def _pairs(pieces: list[Piece], step: Step) -> Iterator[tuple[Piece, Piece]]:
    """Pairs of two lines that come near the loss: a full cart has thousands that do not."""
    by_mass = sorted(pieces, key=lambda piece: piece.mass_mg)
    masses_mg = [piece.mass_mg for piece in by_mass]
    widest_mg = 2 * max((piece.spread_mg for piece in pieces), default=0) + step.uncertainty_mg
    for place, piece in enumerate(by_mass):
        partner_mg = -step.change_mg - piece.mass_mg
        first = bisect_left(masses_mg, partner_mg - PAIR_SPREADS * widest_mg, place + 1)
        last = bisect_right(masses_mg, partner_mg + PAIR_SPREADS * widest_mg, first)
        for other in by_mass[first:last]:
            if other.line_id != piece.line_id:
                yield piece, other


def _piece_mass(line: Line, index: CatalogIndex | None) -> tuple[int, int] | None:
    if line.piece_mg is not None:
        return line.piece_mg, MEASURED_SPREAD_MG
    product = None if index is None else index.by_sku.get(line.sku)
    if product is None or product.mass_mg is None:
        return None
    return product.mass_mg, product.mass_spread_mg


def _unknown() -> Explanation:
    score = scores.UNKNOWN_THING + scores.FLAT_MASS
    return Explanation(kind="unknown", score_millinats=score, mass_millinats=scores.FLAT_MASS)


def _open_lines(together: tuple[OpenLine, ...], step: Step, kind: str, prior: int) -> Explanation:
    expected_mg = sum(line.mass_mg for line in together)
    spread_mg2 = (len(together) - 1) * MEASURED_SPREAD_MG**2
    mass = scores.mass_score(-step.change_mg - expected_mg, _variance(step, spread_mg2))
    return Explanation(
        kind=kind,
        line_ids=tuple(line.line_id for line in together),
        score_millinats=prior + mass,
        mass_millinats=mass,
    )


def _lines(pieces: tuple[Piece, ...], prior: int, evidence: Pending) -> Explanation:
    (step,) = evidence.steps
    expected_mg = sum(piece.mass_mg for piece in pieces)
    spread_mg2 = sum(piece.spread_mg**2 for piece in pieces)
    mass = scores.mass_score(-step.change_mg - expected_mg, _variance(step, spread_mg2))
    skus = frozenset(piece.sku for piece in pieces)
    spare = [claim for claim in evidence.claims if claim.sku not in skus]
    left_over = sum(claim.left_over_millinats for claim in spare)
    look = scores.look_score(evidence.sights, skus) // 2  # leaving things show us their backs
    parts = tuple(Part(piece.sku, piece.quantity, line_id=piece.line_id) for piece in pieces)
    return Explanation(
        kind="items",
        parts=parts,
        score_millinats=prior + mass + left_over + look,
        mass_millinats=mass,
    )


def _some_of(line: Line, evidence: Pending) -> Explanation:
    """Part of a weighed line went back: the rest stays and is weighed again."""
    (step,) = evidence.steps
    enough = line.mass_mg is not None and -step.change_mg < line.mass_mg
    mass = scores.FLAT_MASS if enough else scores.MASS_FLOOR
    return Explanation(
        kind="some_of",
        parts=(Part(line.sku, 0, line_id=line.line_id),),
        score_millinats=scores.PART_OF_WEIGHED + mass,
        mass_millinats=mass,
    )


def _variance(step: Step, spread_mg2: int) -> int:
    return step.uncertainty_mg**2 + MEASURED_SPREAD_MG**2 + spread_mg2
