"""How much work a price may take: counted steps, never time, so that a cart and the store that adds
up again come to the same answer, and so do a slow machine and a fast one.

A step is about a microsecond of the machine that docs/MEASURED.md names. It must never depend on
what was worked out before.
"""

from __future__ import annotations

PARTS = 8


class Effort:
    """What is left of `steps_max`."""

    def __init__(self, steps_max: int) -> None:
        self.part = max(1, steps_max // PARTS)
        self.left = steps_max

    def share(self) -> int:
        """What the next component may take: whole eighths of all, so that the same component is
        mostly asked with the same share and its answer can be kept."""
        return max(1, self.left // self.part) * self.part

    def spend(self, steps: int) -> None:
        """Count steps; more than are left leave none."""
        self.left = max(0, self.left - steps)
