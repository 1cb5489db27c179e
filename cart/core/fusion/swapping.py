"""One thing taken out and another put in within one load change.

Pure scoring. Only a code that was read names the thing that came: a load difference alone is no
evidence of two things.
"""

from __future__ import annotations

from collections.abc import Iterator

from cart.core.basket import Basket
from cart.core.catalog import CatalogIndex
from cart.core.fusion import scores
from cart.core.fusion.arriving import HEAVY_LOAD_MG, expected_mass
from cart.core.fusion.evidence import Claim, Pending
from cart.core.fusion.leaving import Piece, removable
from cart.core.fusion.verdict import Explanation, Part


def explain_swap(
    evidence: Pending, basket: Basket, index: CatalogIndex | None
) -> Iterator[Explanation]:
    """Each code read, put in for each piece of the basket that the scale could feel leaving."""
    if index is None or not evidence.claims:
        return
    pieces = [
        piece
        for piece in removable(basket, index)
        if piece.quantity == 1 and piece.mass_mg >= HEAVY_LOAD_MG
    ]
    for claim in evidence.claims:
        expectation = expected_mass(Part(claim.sku, 1, claim), index.by_sku[claim.sku])
        if expectation is not None:
            for piece in pieces:
                if piece.sku != claim.sku:
                    yield _swapped(claim, expectation, piece, evidence)


def _swapped(
    claim: Claim, expectation: tuple[int, int], piece: Piece, evidence: Pending
) -> Explanation:
    (step,) = evidence.steps
    mass_mg, spread_mg = expectation
    variance = 2 * step.uncertainty_mg**2 + spread_mg**2 + piece.spread_mg**2
    mass = scores.mass_score(step.change_mg - (mass_mg - piece.mass_mg), variance)
    spare = sum(item.left_over_millinats for item in evidence.claims if item.sku != claim.sku)
    look = scores.look_score(evidence.sights, (claim.sku, piece.sku))
    return Explanation(
        kind="swap",
        parts=(Part(claim.sku, 1, claim), Part(piece.sku, 1, line_id=piece.line_id)),
        score_millinats=scores.SWAPPED + mass + spare + look + claim.score_millinats,
        mass_millinats=mass,
        proven=claim.proven or mass >= scores.MASS_FITS,
    )
