"""The chart of what a fleet costs."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from rig.bench import fleet_chart
from rig.bench.figures import Figure


def test_each_unit_cost_has_a_chart(tmp_path: Path) -> None:
    """Costs below nothing, of one part and of two are drawn, each part in its colour."""
    measured = {
        carts: [
            Figure("broker: processor time", 0.1 * carts, "ms"),
            Figure("store: processor time", -1.0, "ms"),
            Figure("wire: an event", 800.0, "bytes"),
            Figure("store: rows of an event", 1.0, "rows"),
        ]
        for carts in (10, 40)
    }
    fleet_chart.draw(measured, tmp_path / "fleet.png")
    with Image.open(tmp_path / "fleet.png") as picture:
        assert picture.size == (2 * fleet_chart.WIDTH, fleet_chart.HEIGHT)
        pixels = picture.convert("RGB")
        halves = [pixels.crop((left, 0, left + fleet_chart.WIDTH, fleet_chart.HEIGHT)) for left in
                  (0, fleet_chart.WIDTH)]  # fmt: skip
    first, second = ({colour for _, colour in half.getcolors(1 << 20) or ()} for half in halves)
    colours = fleet_chart.COLOURS
    assert {colours["broker"], colours["store"]} <= first
    assert colours["wire"] in second
    assert colours["broker"] not in second
