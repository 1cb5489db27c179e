"""Something was put in: every way to explain it by the codes read, the look and the load.

Pure scoring: it must never state a fact. An explanation of kind "items" names products; "back"
says that what an open question missed returned; "unknown" says that it is none of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from msgspec.structs import replace

from cart.core.basket import Basket, Line, OpenLine
from cart.core.catalog import CatalogIndex, Product
from cart.core.fusion import scores
from cart.core.fusion.evidence import LOAD_FLOOR_MG, Claim, Pending, Step
from cart.core.fusion.verdict import Explanation, Part
from cart.core.units import divide_half_up, round_fraction
from cart.core.weights import MILLIGRAMS

QUANTITY_MAX = 6
CLAIMS_AT_ONCE_MAX = 4
UNWEIGHED_MAX = 6  # 63 combinations
HEAVY_LOAD_MG = 3 * LOAD_FLOOR_MG  # from here on a light thing more or less says nothing
BESIDE_MIN_MG = 100_000  # less than this beside other goods is no weighed good (Min = 20 e)
LABEL_SPREAD_PPM = 15_000  # a printed label and the cart's scale may differ by 1.5 %
WORTH_OFFERING = -9_000  # four spreads off, by mass: nobody would tap it
CHOICE_SPREADS = 3  # products within this many spreads of the load are worth offering
CHOICES_MAX = 5  # the recogniser's first five hold 99 of 100 things


def explain_in(evidence: Pending, index: CatalogIndex | None, basket: Basket) -> list[Explanation]:
    """All explanations of the step in `evidence`; the unknown thing is always one.

    A light thing's code explains no load: the thing may lie in it or not, and is believed by its
    code alone once the load rests."""
    (step,) = evidence.steps
    light = _light_claims(evidence, index)
    evidence = replace(
        evidence, claims=tuple(claim for claim in evidence.claims if claim not in light)
    )
    found = [_unknown(evidence)]
    found += [_returned(line, step) for line in basket.open_lines if line.direction == "out"]
    if index is not None:
        light_mg = sum(index.by_sku[claim.sku].mass_mg or 0 for claim in light)
        found += _weighed_late(unweighed(basket, index), step, index)
        found += [_scored(parts, evidence, index, light_mg) for parts in _ideas(evidence, index)]
    return found


def _light_claims(evidence: Pending, index: CatalogIndex | None) -> tuple[Claim, ...]:
    (step,) = evidence.steps
    if index is None or step.change_mg < HEAVY_LOAD_MG:
        return ()
    return tuple(claim for claim in evidence.claims if too_light(index.by_sku.get(claim.sku)))


def too_light(product: Product | None) -> bool:
    """Whether the scale can't feel one piece."""
    return product is not None and product.mass_mg is not None and product.mass_mg < LOAD_FLOOR_MG


def choices_for(explanations: list[Explanation], step: Step, index: CatalogIndex) -> list[str]:
    """Products worth offering when the shopper is asked: explained first, then by mass alone."""
    explained = [
        item.parts[0].sku
        for item in explanations
        if item.kind == "items" and len(item.parts) == 1 and _worth_offering(item)
    ]
    by_mass = [
        product.sku
        for product in index.catalog.products
        if product.mass_mg is not None and _fits(product, step)
    ]
    return list(dict.fromkeys([*explained, *by_mass]))[:CHOICES_MAX]


def _worth_offering(item: Explanation) -> bool:
    """Several of a kind are only offered if the eyes or a code spoke for them: of light things
    some number always comes near."""
    (part,) = item.parts
    supported = part.claim is not None or item.look_millinats >= scores.LOOK_SUPPORTS
    return item.mass_millinats > WORTH_OFFERING and (part.quantity == 1 or supported)


def _fits(product: Product, step: Step) -> bool:
    spread_mg = product.mass_spread_mg + step.uncertainty_mg
    return abs(step.change_mg - (product.mass_mg or 0)) <= CHOICE_SPREADS * spread_mg


def _unknown(evidence: Pending) -> Explanation:
    look = scores.look_unknown_score(evidence.sights)
    left_over = sum(claim.left_over_millinats for claim in evidence.claims)
    prior = scores.UNKNOWN_SEEN if evidence.sights else scores.UNKNOWN_THING
    score = prior + scores.FLAT_MASS + look + left_over
    return Explanation(kind="unknown", score_millinats=score, mass_millinats=scores.FLAT_MASS)


def _returned(line: OpenLine, step: Step) -> Explanation:
    variance = 2 * step.uncertainty_mg**2
    mass = scores.mass_score(step.change_mg - line.mass_mg, variance)
    return Explanation(
        kind="back",
        line_ids=(line.line_id,),
        score_millinats=scores.PUT_BACK + mass,
        mass_millinats=mass,
    )


def unweighed(basket: Basket, index: CatalogIndex) -> list[Line]:
    """Lines that went on by code alone and would have moved a scale that works."""
    return [
        line
        for line in basket.lines
        if line.evidence.decided_by == "code_alone"
        and line.evidence.after_mg is None
        and (product := index.by_sku.get(line.sku)) is not None
        and product.mass_mg is not None
        and product.mass_mg >= LOAD_FLOOR_MG
    ]


def _weighed_late(lines: list[Line], step: Step, index: CatalogIndex) -> Iterator[Explanation]:
    """The scale is back and finds what is on the receipt already: nothing new was put in."""
    newest = lines[-UNWEIGHED_MAX:]
    for size in range(1, len(newest) + 1):
        for chosen in combinations(newest, size):
            parts = tuple(Part(line.sku, line.quantity, line_id=line.line_id) for line in chosen)
            mass = _mass_score(parts, step, index)
            yield Explanation(
                kind="weighed_late",
                parts=parts,
                score_millinats=scores.WEIGHED_LATE + mass,
                mass_millinats=mass,
            )


def _ideas(evidence: Pending, index: CatalogIndex) -> Iterator[tuple[Part, ...]]:
    """Sets of parts worth scoring, without repeats."""
    seen: set[tuple[tuple[str, int], ...]] = set()
    for parts in _all_ideas(evidence, index):
        key = tuple(sorted((part.sku, part.quantity) for part in parts))
        if key not in seen:
            seen.add(key)
            yield parts


def _all_ideas(evidence: Pending, index: CatalogIndex) -> Iterator[tuple[Part, ...]]:
    claims = evidence.claims[-CLAIMS_AT_ONCE_MAX:]
    for size in range(1, len(claims) + 1):
        for chosen in combinations(claims, size):
            yield _merged(chosen)
    for claim in claims:
        yield (_part(claim.sku, _nearest_quantity(claim.sku, evidence, index), claim),)
    looked = dict.fromkeys(item.sku for sight in evidence.sights for item in sight.candidates)
    known = [sku for sku in looked if sku in index.by_sku]
    recent = [item.sku for item in evidence.taken_out if item.sku in index.by_sku]
    for sku in dict.fromkeys([*known, *recent]):
        yield (_part(sku, _nearest_quantity(sku, evidence, index), None),)
        for claim in claims:
            if claim.sku != sku:
                yield (_part(claim.sku, 1, claim), _part(sku, 1, None))


def _nearest_quantity(sku: str, evidence: Pending, index: CatalogIndex) -> int:
    """How many pieces the load comes nearest to; 1 for what has no mass of its own."""
    (step,) = evidence.steps
    product = index.by_sku[sku]
    if product.sold_by == "mass" or not product.mass_mg:
        return 1
    return min(QUANTITY_MAX, max(1, divide_half_up(step.change_mg, product.mass_mg)))


def _merged(claims: tuple[Claim, ...]) -> tuple[Part, ...]:
    """One part a product or label: two reads of the same code are two pieces."""
    counts = Counter(_labelled(claim) for claim in claims)
    last = {_labelled(claim): claim for claim in claims}
    return tuple(_part(key[0], counts[key], last[key]) for key in counts)


def _labelled(claim: Claim) -> tuple[str, int | None, int | None]:
    """Two labels of one product with two prices are two things."""
    return claim.sku, claim.price_minor, claim.mass_mg


def _part(sku: str, quantity: int, claim: Claim | None) -> Part:
    return Part(sku=sku, quantity=quantity, claim=claim)


def _scored(
    parts: tuple[Part, ...], evidence: Pending, index: CatalogIndex, light_mg: int
) -> Explanation:
    (step,) = evidence.steps
    skus = [part.sku for part in parts]
    mass = max(_mass_score(parts, step, index, more_mg) for more_mg in (0, light_mg))
    look = scores.look_score(evidence.sights, skus)
    if len(parts) > 1:
        look = max(look, scores.LOOK_AT_SEVERAL)
    return Explanation(
        kind="items",
        parts=parts,
        score_millinats=mass + look + _code_score(parts, evidence, index),
        mass_millinats=mass,
        look_millinats=look,
        contradicted=looks_otherwise(evidence.sights, skus, step, index),
        proven=_is_proven(parts, evidence, index, mass),
    )


def _is_proven(
    parts: tuple[Part, ...], evidence: Pending, index: CatalogIndex, mass_millinats: int
) -> bool:
    """Whether each code it uses was read beyond doubt, or the load fits what the codes mean."""
    proven = frozenset(claim.sku for claim in evidence.claims if claim.proven)
    if all(part.claim is None or part.sku in proven for part in parts):
        return True
    weighable = all(expected_mass(part, index.by_sku[part.sku]) is not None for part in parts)
    return weighable and mass_millinats >= scores.MASS_FITS


def looks_otherwise(
    sights: tuple[scores.Sight, ...], skus: list[str], step: Step, index: CatalogIndex
) -> bool:
    """Whether the eyes are sure of another product, or name one that the load fits as well."""
    seen = dict.fromkeys(item.sku for sight in sights for item in sight.candidates)
    return looks_like_its_equal(sights, skus, step, index) or scores.look_names_another(
        sights, skus, seen, scores.LOOK_IS_SURE
    )


def looks_like_its_equal(
    sights: tuple[scores.Sight, ...], skus: list[str], step: Step, index: CatalogIndex
) -> bool:
    """Whether the eyes name another product of like mass.

    An eye that errs seldom errs to something of just this mass; a cheap code stuck on a dear thing
    of like mass always looks like this. Nobody is charged silently then."""
    seen = dict.fromkeys(item.sku for sight in sights for item in sight.candidates)
    fitting = frozenset(sku for sku in seen if _may_be(index.by_sku.get(sku), step))
    return scores.look_names_another(sights, skus, fitting, scores.LOOK_NAMES)


def _may_be(product: Product | None, step: Step) -> bool:
    if product is None or product.mass_mg is None:
        return product is not None and product.sold_by == "each"
    variance = step.uncertainty_mg**2 + product.mass_spread_mg**2
    return scores.mass_score(step.change_mg - product.mass_mg, variance) >= scores.MASS_FITS


def _mass_score(parts: tuple[Part, ...], step: Step, index: CatalogIndex, more_mg: int = 0) -> int:
    """How well the load fits; `more_mg` may lie in it besides. One part may be of any mass: then
    what the others leave must be enough to be weighed."""
    expected_mg, variance, any_mass = more_mg, step.uncertainty_mg**2, 0
    for part in parts:
        product = index.by_sku[part.sku]
        expectation = expected_mass(part, product)
        if expectation is not None:
            mass_mg, spread_mg = expectation
            expected_mg += part.quantity * mass_mg
            variance += part.quantity * spread_mg**2
        elif any_mass:
            return scores.MASS_FLOOR  # two things of any mass: no telling them apart
        else:
            weighed = product.sold_by == "mass"
            any_mass = scores.FLAT_MASS if weighed else scores.MASS_NOT_KNOWN
    left_mg = step.change_mg - expected_mg
    if not any_mass:
        return scores.mass_score(left_mg, variance)
    return any_mass if len(parts) == 1 or left_mg >= BESIDE_MIN_MG else scores.MASS_FLOOR


def expected_mass(part: Part, product: Product) -> tuple[int, int] | None:
    """Mass and spread of one piece in mg, or None where any load would do."""
    claim = part.claim
    if product.sold_by == "each":
        return None if product.mass_mg is None else (product.mass_mg, product.mass_spread_mg)
    if claim is None:
        return None
    printed_mg = claim.mass_mg
    if printed_mg is None and claim.price_minor is not None and product.price_minor:
        exact_mg = Fraction(claim.price_minor, product.price_minor) * MILLIGRAMS[product.price_unit]
        printed_mg = round_fraction(exact_mg, "half_up")
    if printed_mg is None:
        return None
    # Half a cent of the printed price is this much mass, on top of the label's own tolerance.
    grain = Fraction(MILLIGRAMS[product.price_unit], 2 * max(1, product.price_minor))
    grain_mg = round_fraction(grain, "half_up")
    spread_mg = printed_mg * LABEL_SPREAD_PPM // 1_000_000 + grain_mg + product.mass_spread_mg
    return printed_mg + product.tare_mg, spread_mg


def _code_score(parts: tuple[Part, ...], evidence: Pending, index: CatalogIndex) -> int:
    recent = frozenset(item.sku for item in evidence.taken_out)
    return sum(
        _part_code_score(part, evidence, index.by_sku[part.sku], back=part.sku in recent)
        for part in parts
    ) + _left_over(parts, evidence)


def _part_code_score(part: Part, evidence: Pending, product: Product, *, back: bool) -> int:
    read = [claim.score_millinats for claim in evidence.claims if claim.sku == part.sku]
    if read:
        return max(read) + _more_than(len(read), part)
    more = _more_than(1, part)
    if back:
        return scores.PUT_BACK + more
    return 0 if _has_no_code(product) else scores.WITHOUT_ITS_CODE + more


def _more_than(read: int, part: Part) -> int:
    """A second piece without a read is likely enough, each further one less and less."""
    more = max(0, part.quantity - read)
    return more * (more + 1) // 2 * scores.ONE_MORE_THAN_READ


def _has_no_code(product: Product) -> bool:
    return product.sold_by == "mass" and not product.gtins


def _left_over(parts: tuple[Part, ...], evidence: Pending) -> int:
    used: Counter[str] = Counter()
    for part in parts:
        used[part.sku] += part.quantity
    skus, total = frozenset(used), 0
    for claim in evidence.claims:
        if used[claim.sku] > 0:
            used[claim.sku] -= 1
        elif claim.sku in skus:
            total += scores.SAME_CODE_LEFT_OVER
        else:
            total += claim.left_over_millinats
    return total
