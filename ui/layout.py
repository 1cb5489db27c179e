"""Where things go on the screen, as sums without kivy: tiles in columns, rows in view."""

from __future__ import annotations

import math

TILE_ASPECT = 0.9


def columns(count: int, width: float, height: float) -> int:
    """In how many columns so many tiles fill a place best: near their shape, without gaps."""

    def badness(cols: int) -> float:
        rows = -(-count // cols)
        aspect = (width / cols) / max(1.0, height / rows)
        return abs(math.log(aspect / TILE_ASPECT)) + 0.5 * (cols * rows - count)

    return min(range(1, count + 1), key=badness, default=1)


def scroll_to(index: int, count: int, row_px: float, view_px: float, scroll_y: float) -> float:
    """Where to scroll (1 is the top, 0 the bottom) so that a row is wholly seen.

    A row already in view moves nothing; the last row goes to the bottom.
    """
    hidden_px = count * row_px - view_px
    if hidden_px <= 0 or index == count - 1:
        return 0.0 if hidden_px > 0 else 1.0
    top_px = (1 - scroll_y) * hidden_px
    wanted_px = min(max(top_px, (index + 1) * row_px - view_px), index * row_px)
    return 1 - wanted_px / hidden_px
