"""What evidence is worth: log-probabilities in integer millinats, one table.

A score is a sum of these and of what look and load say; 0 is certain, -2303 is one in ten. The
figures are judgements of how often a thing happens, written as such; a change here is a change of
who gets charged for what, so it belongs in a commit of its own with the trips re-recorded.
"""

from __future__ import annotations

from collections.abc import Iterable

from cart.core.observations import Candidate
from cart.core.value import Value

# A load difference of any size is about this much less likely than one at the centre of a
# product's own spread of about 2 g: the density of a flat kilogram against that of the bell.
FLAT_MASS = -5_300
# The store doesn't know the product's mass: a little better than flat, it is at least a product.
MASS_NOT_KNOWN = -3_000
MASS_FLOOR = -40_000
MASS_FITS = -4_500  # three spreads from the expected mass

# Putting in
WITHOUT_ITS_CODE = -5_000  # a coded good went in and no code of it was read
ONE_MORE_THAN_READ = -2_500  # two of the same, one read
CODE_LEFT_OVER = -3_000  # a code was read and its good isn't what was put in
SAME_CODE_LEFT_OVER = -500  # one good shown twice
UNPROVEN_LEFT_OVER = -500  # a read that nothing agreed with, and another thing went in
UNKNOWN_THING = -4_000
UNKNOWN_SEEN = -3_000  # the same where the eyes said how likely: then the likelier of the two leads
SWAPPED = -3_500  # one thing came for another in one move
WEIGHED_LATE = -500  # the scale is back and finds what the codes had told
PUT_BACK = -1_000  # what was just taken out comes back

# Taking out
ONE_LINE_OUT = -1_000
TWO_LINES_OUT = -3_500
PART_OF_WEIGHED = -2_000  # some of the loose produce went back to the shelf
OWN_THING_OUT = -1_000
OPEN_LINE_OUT = -500  # the thing that nobody could name leaves again

# The look
LOOK_FLOOR = -8_000
LOOK_IS_SURE = -105  # nine in ten
LOOK_NAMES = -693  # one in two: the eyes name a product
LOOK_SUPPORTS = -1_609  # one in five: the eyes hold it for possible
LOOK_AT_SEVERAL = -2_000  # one look at several things at once is no look at any of them
NO_LOOK_AT_ALL = 0

# The verdict
GOOD_ENOUGH = -7_000  # below this even the best explanation is a question
CLEAR_LEAD = 3_000  # twenty to one over the next different explanation


def mass_score(difference_mg: int, variance_mg2: int) -> int:
    """Log of a bell curve against its own top: 0 at no difference, never below MASS_FLOOR."""
    if variance_mg2 <= 0:
        return 0 if difference_mg == 0 else MASS_FLOOR
    return max(MASS_FLOOR, -(500 * difference_mg * difference_mg) // variance_mg2)


class Sight(Value):
    """One sighting kept for fusion: see `ItemSighted`."""

    sensed_ms: int
    candidates: tuple[Candidate, ...]
    unknown_millinats: int


def look_score(sights: tuple[Sight, ...], skus: Iterable[str]) -> int:
    """Mean over the sightings of the best log-probability among `skus`; 0 without a sighting."""
    if not sights:
        return NO_LOOK_AT_ALL
    wanted = frozenset(skus)
    return sum(_best(sight, wanted) for sight in sights) // len(sights)


def look_names_another(
    sights: tuple[Sight, ...], skus: Iterable[str], others: Iterable[str], least_millinats: int
) -> bool:
    """Whether the eyes name one of `others` at least so surely, and never held one of `skus` for
    possible."""
    wanted = frozenset(skus)
    if any(_best(sight, wanted) >= LOOK_SUPPORTS for sight in sights):
        return False
    strangers = frozenset(others) - wanted
    return any(
        item.score_millinats >= least_millinats and item.sku in strangers
        for sight in sights
        for item in sight.candidates
    )


def look_unknown_score(sights: tuple[Sight, ...]) -> int:
    """Mean log-probability of "none of the known things"; 0 without a sighting."""
    if not sights:
        return NO_LOOK_AT_ALL
    return sum(max(LOOK_FLOOR, sight.unknown_millinats) for sight in sights) // len(sights)


def _best(sight: Sight, wanted: frozenset[str]) -> int:
    """A product that the eyes don't list may be one they never learnt: then it is an unknown."""
    scores = [item.score_millinats for item in sight.candidates if item.sku in wanted]
    return max(LOOK_FLOOR, *scores) if scores else max(LOOK_FLOOR, sight.unknown_millinats)
