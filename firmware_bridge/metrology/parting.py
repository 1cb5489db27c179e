"""Two items in one motion: when the second landed, and the load between the two.

Looked for once, at rest, in all samples since the onset: a basket swings free from the first
landing to the second, and free again after it. What one free swing explains was one item; what
not even two explain to the noise stays one change, whose sum is right. An item that a hand lowers
gently is one too: its load grows steadily, and never stands still between two landings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firmware_bridge.metrology.swing import Array, Swing, explain, fit, unexplained

LANDING = 2  # samples that a landing, or the filter of spikes, leaves unlike a swing
STARTS = (2, 5, 8)  # several that land almost together are one item from the last of them on
APART_MIN, REST_MIN = 14, 16  # samples between two landings, and after the second
CANDIDATES = 4
BETTER = 0.4  # of what one swing leaves unexplained may be left by two
LOWERED_MAX, SEEN_LATE = 76, (0, 4, 8, 12)  # samples: the slowest hand, the latest onset
LOWERED = 1.5  # what a steadily growing load may leave: no hand is quite steady
NONE_SHARE = 0.25  # of the load: so near to none it must begin
SIGMAS, LOAD_MG = 6.0, 4_000.0  # by which each of the two loads must differ from none


@dataclass(frozen=True, slots=True)
class Parted:
    """`second`: index of the first sample that shows it. `uncertainty_mg`: three sigma."""

    second: int
    between_mg: float
    uncertainty_mg: float


def part(known: Swing | None, values: Array, before_mg: float) -> Parted | None:
    """The two items in `values` (mg, from the onset to rest), or None where there is one."""
    if len(values) < APART_MIN + REST_MIN + 2 * LANDING:
        return None
    alone = [explain(known, [values[start:]]) for start in STARTS]
    swing, left = min(alone, key=lambda one: one[1])
    if left <= 1:
        return None
    found, most = None, min(1.0, BETTER * left)
    for second in _landings(known or swing, values):
        two = [values[LANDING:second], values[second + LANDING :]]
        better, left = explain(known, two)
        if left <= most:
            most, found = left, _parted(better, two, second, before_mg)
    if found and any(_lowered(one, values - before_mg) for one in {known or swing, swing}):
        return None
    return found


def _lowered(swing: Swing, gained: Array) -> bool:
    """Whether one load that grew steadily, from none to all, explains what was `gained` (mg)."""
    for ends in range(APART_MIN, min(LOWERED_MAX, len(gained) - REST_MIN - LANDING)):
        rest = gained[ends + LANDING :]
        if unexplained(swing, [rest]) > LOWERED:
            continue
        load_mg, ages = fit(swing, rest).load_mg, np.arange(ends)
        for late in SEEN_LATE:
            left = gained[:ends] - load_mg * (ages + late) / (ends + late)
            from_none = abs(fit(swing, left).load_mg) < NONE_SHARE * abs(load_mg)
            if from_none and unexplained(swing, [left]) <= LOWERED:
                return True
    return False


def _parted(swing: Swing, two: list[Array], second: int, before_mg: float) -> Parted | None:
    """The two items, where each of them is one: a jolt changes no load."""
    first, later = (fit(swing, values) for values in two)
    least_mg = LOAD_MG + SIGMAS * first.residual_mg
    changes_mg = (first.load_mg - before_mg, later.load_mg - first.load_mg)
    if min(map(abs, changes_mg)) < least_mg:
        return None
    return Parted(second, first.load_mg, 3 * first.residual_mg)


def _landings(swing: Swing, values: Array) -> list[int]:
    """Where samples break out of every swing of this period, and just before."""
    pole = np.exp(2 * np.pi / swing.period * (1j - swing.damping))
    kept = np.convolve([1, -2 * pole.real, abs(pole) ** 2], [1, -np.exp(-1 / swing.thud)])
    broken = np.abs(np.diff(np.convolve(values - values[-1], kept, mode="valid")))
    first, last = APART_MIN, len(values) - REST_MIN
    loud = [int(at) for at in np.argsort(broken)[::-1] + len(kept) if first <= at < last]
    near = {at - earlier for at in loud[:CANDIDATES] for earlier in range(LANDING + 1)}
    return sorted(at for at in near if at >= first)
