"""Three for two over goods of several tax rates: which piece of a group is free follows from its
price, what that is worth from its tax as well. So the dearest pieces first need not be best, and
every way to cut the pieces into groups is compared.

It must never be used where a dearer piece is always worth more: `Cheapest` is faster.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.pricing.shapes import Cheapest, Counts

# How many pieces are free so far: what they bring at most, and how many are free of each entry.
Free = dict[int, tuple[int, Counts]]


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
        """From dear to cheap: the n-th free unit needs the paid ones of its group before it."""
        frees = sum(counts) // (self.paid + self.free) * self.free
        edge: Free = {0: (0, ())}
        before = 0
        for k, count in enumerate(counts):
            before += count
            after: Free = {}
            for taken, (worth, so_far) in edge.items():
                for more in range(min(count, frees - taken) + 1):
                    total = taken + more
                    if more and before - total < -(-total // self.free) * self.paid:
                        break
                    brings = worth + more * self.worths[k] + (count - more) * self.paid_worths[k]
                    if total not in after or brings > after[total][0]:
                        after[total] = brings, (*so_far, more)
            edge = after
        return edge[frees]

    def _roam(
        self,
        place: tuple[int, int, int, int],
        units: Sequence[tuple[int, int]],
        values: Sequence[int],
        tops: Sequence[list[list[int]]],
        floor: int,
        use: list[int],
        found: set[Counts],
    ) -> None:
        """Of each class take some, of those let some be free."""
        number, row, credit, taken = place
        if tops[number][row][credit] < floor or not self._may_look():
            return
        if number == len(units):
            found.add(tuple(use))
            return
        at, k = units[number]
        after = number
        while after < len(units) and units[after][0] == at:
            after += 1
        rows, width = len(tops[after]), len(tops[after][0])
        for count in range(after - number, -1, -1):
            for more in range(count, -1, -1):
                credit_after = credit + (count - more) * self.free - more * self.paid
                row_after = row + more if rows > 1 else 0
                if not 0 <= credit_after < width or row_after >= rows:
                    continue
                use[k] = count
                brings = more * self.worths[k] + (count - more) * self.paid_worths[k]
                self._roam(
                    (after, row_after, credit_after, taken + count), units, values, tops,
                    floor + values[at] * count - brings, use, found,
                )  # fmt: skip
        use[k] = 0
