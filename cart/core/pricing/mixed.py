"""Three for two over goods of several tax rates: which piece of a group is free follows from its
price, what that is worth from its tax as well. So the dearest pieces first need not be best, and
every way to cut the pieces into groups is compared.

It must never be used where a dearer piece is always worth more: `Cheapest` is faster.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.pricing.cheapest import Cheapest
from cart.core.pricing.shapes import NEVER, Counts, Plan

# How many pieces are free so far: what they bring at most, and how many are free of each entry.
Free = dict[int, tuple[int, Counts]]
# So many of those cost as much as a look at anything else.
SHARES_A_LOOK = 3
# So many steps from one to the next are a look, and so many that are dropped: few units make less
# than one.
STEPS_A_LOOK = 64
DROPPED_A_LOOK = 16


class MixedCheapest(Cheapest):
    """Of `paid` + `free` units of one use the cheapest `free` bring their worth. `classes` are
    ordered from dear to cheap; of equal prices those that are worth most come last."""

    def worth_of(self, counts: Counts) -> int:
        """What these units bring in the best groups."""
        return self._best(counts)[0]

    def free_of(self, counts: Counts) -> Counts:
        """How many of each entry are free in the best groups."""
        return self._best(counts)[1]

    def _best(self, counts: Counts) -> tuple[int, Counts]:
        edge: Free = {0: (0, ())}
        before = 0
        for k, count in enumerate(counts):
            before += count
            edge = self._after(edge, k, count, before)
        return edge[before // (self.paid + self.free) * self.free]

    def _after(self, edge: Free, k: int, count: int, before: int) -> Free:
        """With `count` units of an entry more, `before` units in all. From dear to cheap: the n-th
        free unit needs the paid ones of its group before it."""
        after: Free = {}
        for taken, (worth, so_far) in edge.items():
            for more in range(count + 1):
                total = taken + more
                if more and before - total < -(-total // self.free) * self.paid:
                    break
                brings = worth + more * self.worths[k] + (count - more) * self.paid_worths[k]
                if total not in after or brings > after[total][0]:
                    after[total] = brings, (*so_far, more)
        return after

    def _list(
        self,
        values: Sequence[int],
        caps: Sequence[int],
        tops: Sequence[list[list[int]]],
        floor: int,
        found: list[Plan],
    ) -> None:
        self._share((), 0, {0: (0, ())}, values, caps, tops, floor, found)

    def _share(
        self,
        use: Counts,
        passed: int,
        edge: Free,
        values: Sequence[int],
        caps: Sequence[int],
        tops: Sequence[list[list[int]]],
        floor: int,
        found: list[Plan],
    ) -> None:
        """`floor` is what the units taken must bring with the rest; `passed` of all are decided."""
        before = sum(use)
        self._left -= len(edge) // DROPPED_A_LOOK
        edge = {
            taken: brings
            for taken, brings in edge.items()
            if brings[0] + self._most(tops[passed], taken, before) >= floor
        }
        self._left -= len(edge) // SHARES_A_LOOK
        if not edge or not self._may_look():
            return
        if len(use) == len(self.classes):
            taken = before // (self.paid + self.free) * self.free
            worth = edge[taken][0] if taken in edge else 0
            self._keep(use, worth, values, found)
            return
        at, k = self.classes[len(use)], len(use)
        for count in range(caps[at] + 1):
            self._left -= len(edge) * count // STEPS_A_LOOK
            if self._left < 0:
                return
            after = self._after(edge, k, count, before + count)
            self._share(
                (*use, count), passed + caps[at], after, values, caps, tops,
                floor + values[at] * count, found,
            )  # fmt: skip

    def _most(self, rows: Sequence[Sequence[int]], taken: int, before: int) -> int:
        """What the units that are not decided may still bring, with so many free of those taken."""
        row = taken if len(rows) > 1 else 0
        credit = (before - taken) * self.free - taken * self.paid
        fits = row < len(rows) and 0 <= credit < len(rows[0])
        return rows[row][credit] if fits else NEVER
