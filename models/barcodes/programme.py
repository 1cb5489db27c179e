"""Exact decoding: the likeliest legal digits of a sampled symbol, and the likeliest others.

With darkness y, guards g and digit templates d the squared error of a choice of patterns is

    |y - g - sum d_i|^2 = |y - g|^2 + sum (|d_i|^2 - 2 <y - g, d_i>) + sum 2 <d_i, d_i+1>

since only neighbours overlap: a chain of unary and pairwise terms. The digits of least error under
the parity plan and the check digit are the shortest path through states (plan, check sum so far,
digit), found by dynamic programming (Bellman 1957; for bar codes compare Iwen, Santosa and Ward
2013, arXiv:1210.7009, who choose digits greedily). Chains add: those of several frames or scan
bands, each divided by its noise, are again a chain, and decoding their sum joins the evidence.

It must never guess: it ranks what is legal, and says by how much the best leads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.barcodes.bars import Templates
from models.barcodes.layouts import Integers, Layout

Singles = NDArray[np.float32]
_NEVER = np.float32(np.inf)
ROWS_AT_ONCE = 256
"""So many that the arrays of a step stay in a core's cache."""


@dataclass(frozen=True, eq=False)
class Chain:
    """Squared errors of a layout's patterns: `constant`, `unary` (n, 30), `pairs` (n-1, 30, 30)."""

    layout: Layout
    constant: float
    unary: Singles
    pairs: Singles

    def scaled(self, factor: float) -> Chain:
        """The same evidence, counted `factor` times."""
        one = np.float32(factor)
        return Chain(self.layout, self.constant * factor, self.unary * one, self.pairs * one)


@dataclass(frozen=True)
class Choice:
    """A legal choice of patterns: the code they spell, and their error."""

    code: str
    patterns: tuple[int, ...]
    error: float


def chain(layout: Layout, darkness: Singles, table: Templates) -> Chain:
    """The chain of one sampled symbol; `darkness` is (samples,), white 0 and ink 1."""
    unary, constant = _unary(darkness[None], table)
    return Chain(layout, float(constant[0]), unary[:, :, 0], _pairs(layout, table))


def total(chains: Iterable[Chain]) -> Chain:
    """The sum of chains of one layout: the joint evidence."""
    first, *rest = chains
    for one in rest:
        constant = first.constant + one.constant
        first = Chain(first.layout, constant, first.unary + one.unary, first.pairs + one.pairs)
    return first


def relaxed_errors(layout: Layout, darkness: Singles, table: Templates) -> Singles:
    """The least error of each row of `darkness` (H, samples) if plan and check digit are ignored.

    A bound from below, cheap enough to try thousands of placements: the rows are the last axis of
    all arrays, so that every operation is one long vector.
    """
    parts = [
        darkness[first : first + ROWS_AT_ONCE] for first in range(0, len(darkness), ROWS_AT_ONCE)
    ]
    return np.concatenate([_relaxed(layout, part, table) for part in parts])


def _relaxed(layout: Layout, darkness: Singles, table: Templates) -> Singles:
    unary, constant = _unary(darkness, table)
    gaps = _gaps(layout)
    free = _free_patterns(layout)
    best = unary[0, free[0]]
    for place in range(1, layout.places):
        step = table.overlaps[gaps[place - 1]][free[place - 1], free[place]]
        arrived = (best[:, None] + step[:, :, None]).min(axis=0)
        best = arrived + unary[place, free[place]]
    return np.asarray(best.min(axis=0) + constant, np.float32)


def errors_of(evidence: Chain, patterns: Integers) -> NDArray[np.float64]:
    """The errors of given choices, (C, n) patterns -> (C,)."""
    places = np.arange(evidence.layout.places)
    errors = evidence.unary[places, patterns].sum(axis=1, dtype=np.float64)
    steps = evidence.pairs[places[1:] - 1, patterns[:, :-1], patterns[:, 1:]]
    return np.asarray(evidence.constant + errors + steps.sum(axis=1, dtype=np.float64))


def best_choice(evidence: Chain) -> Choice:
    """The legal choice of least error."""
    return _traced(evidence, _forward(evidence))


def best_two(evidence: Chain) -> tuple[Choice, float]:
    """The legal choice of least error, and the error of the best legal choice beside it.

    By min-marginals: two different codes differ in the pattern of some place, so the best other
    code is the best of those that avoid the winner's pattern at some place.
    """
    forward = _forward(evidence)
    best = _traced(evidence, forward)
    patterns, _, _ = _tables(evidence.layout)
    others = (
        np.where(patterns[place] == winner, _NEVER, (up_to + after).min(axis=2)).min()
        for place, (winner, up_to, after) in enumerate(
            zip(best.patterns, forward, _backward(evidence), strict=True)
        )
    )
    return best, float(min(others)) + evidence.constant


def _unary(darkness: Singles, table: Templates) -> tuple[Singles, Singles]:
    """(n, 30, H) each pattern's error at each place of each row; (H,) the rows' constants."""
    rest = np.asarray(darkness - table.guards, np.float32)
    columns, width = np.ascontiguousarray(rest.T), table.digits.shape[1]
    products = [table.digits @ columns[offset : offset + width] for offset in table.offsets]
    unary = table.energies[:, None] - 2 * np.stack(products)
    return np.asarray(unary, np.float32), np.einsum("hs,hs->h", rest, rest)


def _gaps(layout: Layout) -> list[int]:
    return [right - left for left, right in zip(layout.starts, layout.starts[1:], strict=False)]


def _pairs(layout: Layout, table: Templates) -> Singles:
    return np.stack([table.overlaps[gap] for gap in _gaps(layout)])


@cache
def _free_patterns(layout: Layout) -> list[slice]:
    """By place, the patterns that some plan allows there: sets that follow each other."""
    sets = (layout.sets[:, place] for place in range(layout.places))
    return [slice(10 * int(allowed.min()), 10 * int(allowed.max()) + 10) for allowed in sets]


@cache
def _tables(layout: Layout) -> tuple[Integers, Integers, Integers]:
    """(n, 10, P) the pattern of a digit; (n, 10, P, 10) the check sum before and after that digit.

    The last axis of the check sums is the one after, respectively before.
    """
    digits, sums = np.arange(10), np.arange(10)
    patterns = 10 * layout.sets.T[:, None, :] + digits[:, None]
    shift = layout.weights.T[:, None, :, None] * digits[:, None, None]
    return patterns, (sums - shift) % 10, (sums + shift) % 10


def _steps(evidence: Chain) -> Singles:
    """(n-1, 10, 10, P, 1): the pairwise error from a digit to the digit after it."""
    patterns, _, _ = _tables(evidence.layout)
    places = np.arange(len(evidence.pairs))[:, None, None, None]
    steps = evidence.pairs[places, patterns[:-1, :, None], patterns[1:, None, :]]
    return np.asarray(steps[..., None], np.float32)


def _forward(evidence: Chain) -> list[Singles]:
    """By place (10, P, 10): the least error up to this place, by digit there, plan and check sum.

    The check sum includes this place.
    """
    layout = evidence.layout
    patterns, before, _ = _tables(layout)
    digits = np.arange(10)[:, None, None]
    plans = np.arange(len(layout.sets))[:, None]
    start = np.full((len(layout.sets), 10), _NEVER)
    start[np.arange(len(start)), layout.constants] = 0
    reached = [start[plans, before[0]] + evidence.unary[0][patterns[0]][:, :, None]]
    for place, step in enumerate(_steps(evidence), 1):
        moved = (reached[-1][:, None] + step).min(axis=0)
        here = evidence.unary[place][patterns[place]][:, :, None]
        reached.append(moved[digits, plans, before[place]] + here)
    forbidden = ~layout.last_allowed.T[:, :, None]
    reached[-1] = np.where(forbidden, _NEVER, reached[-1])
    return reached


def _backward(evidence: Chain) -> list[Singles]:
    """By place (10, P, 10), like `_forward`: the least error of all after this place."""
    layout = evidence.layout
    patterns, _, after = _tables(layout)
    digits = np.arange(10)[:, None, None]
    plans = np.arange(len(layout.sets))[:, None]
    ends = np.full((10, len(layout.sets), 10), _NEVER)
    ends[:, :, 0] = np.where(layout.last_allowed.T, 0, _NEVER)
    rests = [ends]
    for place, step in zip(range(layout.places - 1, 0, -1), _steps(evidence)[::-1], strict=True):
        onward = rests[-1] + evidence.unary[place][patterns[place]][:, :, None]
        onward = onward[digits, plans, after[place]]
        rests.append((onward[:, None] + step.swapaxes(0, 1)).min(axis=0))
    return rests[::-1]


def _traced(evidence: Chain, forward: list[Singles]) -> Choice:
    """Walk back from the best end."""
    layout = evidence.layout
    patterns, before, _ = _tables(layout)
    steps = _steps(evidence)[..., 0]
    ends = forward[-1][:, :, 0]
    digit, plan = (int(one) for one in np.unravel_index(int(ends.argmin()), ends.shape))
    error, digits, check_sum = float(ends[digit, plan]), [digit], 0
    for place in range(layout.places - 1, 0, -1):
        check_sum = int(before[place, digit, plan, check_sum])
        arriving = forward[place - 1][:, plan, check_sum] + steps[place - 1, :, digit, plan]
        digit = int(arriving.argmin())
        digits.append(digit)
    digits.reverse()
    chosen = tuple(int(patterns[place, one, plan]) for place, one in enumerate(digits))
    return Choice(layout.code_of(plan, tuple(digits)), chosen, error + evidence.constant)
