"""What beliefs about labelled photos are worth: a table for people, and pictures of it.

Of unknown goods it only says how little the photos, whose labels are known, look like some;
docs/recognition.md has the figures of classes that no network saw. It must never choose anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from models import calibration
from models.charts import Axes, confusion_png
from models.figures import CALIBRATION_BINS, calibration_error, share_text
from models.gallery import Belief, probability
from models.pictures import folder_for


class Answers:
    """Beliefs with what the photos really show; `coarse` gives each label's group."""

    def __init__(
        self,
        beliefs: Sequence[Belief],
        names: Sequence[str],
        coarse: Mapping[str, str],
        acceptance: float,
    ) -> None:
        self.names, self.acceptance = list(names), acceptance
        tops = [belief.top() for belief in beliefs]
        self.said = [top[0][0] for top in tops]
        self.sureness = np.array([top[0][1] for top in tops])
        pairs = list(zip(tops, names, strict=True))
        self.hits = np.array([top[0][0] == name for top, name in pairs])
        self.among_five = sum(name in dict(top) for top, name in pairs)
        self.coarse_hits = sum(coarse.get(top[0][0]) == coarse.get(name) for top, name in pairs)
        self.unknown = np.array([probability(belief.unknown_millinats) for belief in beliefs])


def table(answers: Answers) -> Iterator[str]:
    """The figures, one a line."""
    total = len(answers.names)
    accepted = answers.sureness >= answers.acceptance
    right = int(answers.hits[accepted].sum())
    error = calibration_error(answers.sureness, answers.hits)
    yield f"fine top-1    {share_text(int(answers.hits.sum()), total)}"
    yield f"fine top-5    {share_text(answers.among_five, total)}"
    yield f"coarse top-1  {share_text(answers.coarse_hits, total)}"
    yield f"calibration   expected error {error:.3f} ({CALIBRATION_BINS} bins)"
    yield f"acceptance    at {answers.acceptance:.3f}: {share_text(int(accepted.sum()), total)},"
    yield f"              of these right {share_text(right, int(accepted.sum()))}"
    yield f"unknown       mean probability {answers.unknown.mean():.3f} (all are known)"


def lowest_shown(points: Sequence[tuple[float, float]]) -> float:
    """Where the axis of precision begins: at 0.8, or lower where the curve goes lower."""
    return min(0.8, math.floor(10 * min(precision for _, precision in points)) / 10)


def pictures(answers: Answers, folder: Path) -> None:
    """Selective-risk curve, reliability diagram and confusions as PNG files."""
    folder_for(folder)
    points = calibration.risk_at_coverage(answers.sureness, answers.hits)
    low = (0.0, lowest_shown(points))
    curve = Axes("What is taken without a question", "coverage", "precision of what is taken", low)
    curve.line(points, "first answer")
    curve.save(folder / "selective-risk.png")
    bins = list(calibration.reliability(answers.sureness, answers.hits, CALIBRATION_BINS))
    diagram = Axes("Reliability", "probability said", "share that is right")
    diagram.line([(0, 0), (1, 1)], "as sure as it is right")
    diagram.dots([(said, right) for said, right, _ in bins], [share for *_, share in bins])
    diagram.save(folder / "reliability.png")
    labels = sorted({*answers.names, *answers.said})
    counts = np.zeros((len(labels), len(labels)), np.int64)
    for name, said in zip(answers.names, answers.said, strict=True):
        counts[labels.index(name), labels.index(said)] += 1
    confusion_png(folder / "confusion.png", labels, counts)
