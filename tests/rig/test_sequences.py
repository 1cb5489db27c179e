"""SYNTHETIC sequences of hands and goods through the whole camera path. Their figures stand apart
from those of photographs."""

from __future__ import annotations

import numpy as np
import pytest

from rig.enrol import demo_catalog
from rig.sequence_figures import handled, idle_core_percent
from rig.sequences import Frames


def test_the_same_seed_paints_the_same_frames() -> None:
    """A figure can be measured again."""
    one, other = (Frames(demo_catalog().products, 4) for _ in range(2))
    for shown, again in zip(one.put(2), other.put(2), strict=True):
        assert np.array_equal(shown.frame.rgb, again.frame.rgb)
        assert shown.done == again.done


@pytest.mark.machines
def test_what_hands_bring_and_fetch_is_found_and_read() -> None:
    """Every code shown is read and no other; regions are found where goods came and went, and
    which way is never said wrongly."""
    figures = handled(seed=1, movements=8)
    things, found = figures["things"], figures["things_found"]
    assert figures["codes_read"] == figures["codes_shown"]
    assert figures.get("codes_wrong", 0) == 0
    assert isinstance(things, int)
    assert isinstance(found, int)
    assert found >= 0.7 * things
    assert figures.get("directions_wrong", 0) == 0
    assert figures.get("directions_right", 0)


@pytest.mark.machines
def test_what_an_idle_basket_costs_can_be_measured() -> None:
    """The real camera process lives and works; how little is for `python -m rig sequences`."""
    assert 0 < idle_core_percent(1.0) < 100
