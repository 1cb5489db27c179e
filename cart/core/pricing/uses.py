"""What a kind gives the search, and how plans become uses again: helpers that all kinds share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from cart.core.pricing.field import Use
from cart.core.pricing.shapes import Counts, Shape


class Compiled(NamedTuple):
    """The form of an offer for the search, and what a plan of it takes off each unit."""

    shape: Shape
    uses: Callable[[Counts], list[Use]]


class Each(NamedTuple):
    """An offer on single units without a limit: `savings_minor[n]` is what n units of a class save
    together. Such an offer is a matter of each class alone, so it needs no search."""

    at: int
    savings_minor: tuple[int, ...]


def units_of_counts(classes: Sequence[int], counts: Sequence[int]) -> list[int]:
    """The class of each unit of a plan, in the order of `classes`."""
    return [at for at, n in zip(classes, counts, strict=True) for _ in range(n)]


def cut(units: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Whole groups of `size`, in order."""
    return [tuple(units[at : at + size]) for at in range(0, len(units) - size + 1, size)]
