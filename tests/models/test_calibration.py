"""How sure a gallery may be: numbers chosen on photos it was not made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models import calibration
from models.evaluation import Answers, lowest_shown, pictures, table
from models.gallery import Belief


def test_acceptance_is_the_lowest_probability_that_is_nearly_always_right() -> None:
    """Below the first mistake nothing is taken; where nothing is sure, nothing ever."""
    probabilities = np.linspace(1, 0.01, 100)
    hits = np.arange(100) < 50
    assert calibration.best_acceptance(probabilities, hits) == probabilities[49]
    assert calibration.best_acceptance(probabilities, ~hits) == 1


def test_unknown_is_learned_between_known_and_absent() -> None:
    """The similarity lies between both groups, and groups that overlap give a wider logistic."""
    present, absent = np.full(50, 0.8), np.full(50, 0.3)
    similarity, width = calibration.best_unknown(present, absent)
    assert 0.3 < similarity < 0.8
    dice = np.random.default_rng(0)
    _, wider = calibration.best_unknown(
        present + dice.normal(0, 0.2, 50), absent + dice.normal(0, 0.2, 50)
    )
    assert wider > width


def test_the_report_has_its_figures_and_its_pictures(tmp_path: Path) -> None:
    """Four answers, three right, one accepted wrongly: the table says so, three PNGs are drawn."""
    beliefs = [Belief({"a": -50, "b": -3000}, -9000)] * 3 + [Belief({"a": -3000, "b": -50}, -9000)]
    answers = Answers(beliefs, ["a", "a", "b", "b"], {"a": "fruit", "b": "fruit"}, 0.9)
    said = "\n".join(table(answers))
    assert "fine top-1    3 of 4" in said
    assert "coarse top-1  4 of 4" in said
    assert "of these right 3 of 4" in said
    pictures(answers, tmp_path)
    for name in ("selective-risk", "reliability", "confusion"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert len(picture.getcolors(1_000_000) or ()) > 2


@pytest.mark.parametrize(
    ("precisions", "low"), [((1.0, 0.95), 0.8), ((1.0, 0.62), 0.6), ((0.0,), 0.0)]
)
def test_the_curve_of_a_poor_gallery_is_drawn_whole(
    precisions: tuple[float, ...], low: float
) -> None:
    """What is right less often than eight times in ten is not drawn as if it were."""
    assert lowest_shown([(1.0, one) for one in precisions]) == pytest.approx(low)
