"""One measured figure and how a list of them is shown. It must never measure anything itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """A named number with its unit; `baseline` is what it is held against in the same run."""

    name: str
    value: float
    unit: str
    goal: str = ""
    baseline: float | None = None
    baseline_name: str = ""
    samples: int = 1

    @property
    def ratio(self) -> float | None:
        """Value over baseline."""
        return self.value / self.baseline if self.baseline else None


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least `percent` of all do not exceed. Needs one sample."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def table(figures: Sequence[Figure]) -> Table:
    """For people."""
    shown = Table(title="make bench")
    for heading in ("figure", "value", "goal", "beside", "ratio", "samples"):
        shown.add_column(heading, justify="left" if heading in {"figure", "beside"} else "right")
    for figure in figures:
        beside = (
            "" if figure.baseline is None
            else f"{figure.baseline_name} {figure.baseline:.3g} {figure.unit}"
        )  # fmt: skip
        shown.add_row(
            figure.name,
            f"{figure.value:.3g} {figure.unit}",
            figure.goal,
            beside,
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            str(figure.samples),
        )
    return shown


def as_json(figures: Sequence[Figure]) -> list[dict[str, object]]:
    """For programs."""
    return [{**asdict(figure), "ratio": figure.ratio} for figure in figures]
