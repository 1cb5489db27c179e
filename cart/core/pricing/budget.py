"""How much the offers of one component may look at while they list what they can do.

It must never be asked by the search itself, which counts its own work.
"""

from __future__ import annotations

LOOKS_MAX = 400_000
# A look in steps of work.
LOOK_STEPS = 4
# What an offer may still look at where nothing is left: an answer without proof needs some plans.
LEAST = 150


class Budget:
    """How many groups and places the offers of one component may look at, all together. After that
    what they tell of plans is not all, and proves nothing."""

    def __init__(self, looks_max: int) -> None:
        self.looks_max = looks_max
        self.looks = 0
        self.is_spent = False

    @property
    def steps(self) -> int:
        """All looks in steps of work."""
        return self.looks * LOOK_STEPS

    def may_look(self, looks: int = 1) -> bool:
        """Count so many more looks."""
        self.looks += looks
        self.is_spent = self.is_spent or self.looks > self.looks_max
        return self.looks <= self.looks_max

    def granted(self) -> int:
        """How many looks an offer may make at once."""
        return max(LEAST, self.looks_max - self.looks)

    def spend(self, granted: int, left: int) -> None:
        """Count those that it made; with fewer than none left it would have made more."""
        self.looks += granted - max(0, left)
        self.is_spent = self.is_spent or left < 0
