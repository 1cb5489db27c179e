"""The report of a sequence: one HTML page without a script, its error curve drawn in the band."""

from __future__ import annotations

import html
from collections.abc import Sequence

from firmware_bridge.metrology.identity import checksum, software_id
from firmware_bridge.r76.tests import E_G, MAX_G, STEPS, Row

SIMULATED = "SIMULATED: NOT A CONFORMITY TEST"
WIDTH, HEIGHT, MARGIN = 720, 300, 46
BAND_E = 2.5  # the curve's height above and below zero, in e
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid #ddd }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left }
.simulated { background: #b00020; color: white; padding: .6rem 1rem; font-size: 1.3rem }
.bad { background: #fde7ea; font-weight: bold }
@media print { .simulated { color: black; border: 3px solid black } }
"""


def page(name: str, rows: Sequence[Row], *, simulated: bool, instrument: str) -> str:
    """The whole page."""
    passed = all(one.ok for one in rows)
    banner = f'<p class="simulated">{SIMULATED}</p>' if simulated else ""
    lines = "".join(_line(one) for one in rows)
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{html.escape(name)}: R76 sequence</title>
<style>{STYLE}</style>
{banner}
<h1>{html.escape(name)}: {"passed" if passed else "FAILED"}</h1>
<p>{html.escape(instrument)}. {html.escape(software_id())}, SHA-256 {checksum()}.</p>
<p>Limits are those of an initial verification, taken from secondary copies of OIML R 76-1 and not
checked against its text.</p>
{_curve([one for one in rows if one.test == "accuracy"])}
<table><tr><th>test<th>load g<th>error e<th>limit e<th><th>remark</tr>
{lines}</table>
</html>
"""


def _line(one: Row) -> str:
    verdict = "ok" if one.ok else "NOT OK"
    style = "" if one.ok else ' class="bad"'
    return (
        f"<tr{style}><td>{one.test}<td>{one.load_g:g}<td>{one.error_e:+.2f}<td>{one.limit_e:g}"
        f"<td>{verdict}<td>{html.escape(one.remark)}</tr>\n"
    )


def _curve(rows: Sequence[Row]) -> str:
    """Errors over loads in the band of what is allowed; loads by their square root, for room."""
    if not rows:
        return ""
    upper = _band(1)
    lower = _band(-1)
    colours = {"up": "#0b57d0", "down": "#c26401"}
    parts = []
    for way, colour in colours.items():
        points = [(_x(one.load_g), _y(one.error_e)) for one in rows if one.remark == way]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points]
        place = MARGIN + 10 + 90 * list(colours).index(way)
        parts.append(f'<text x="{place}" y="20" fill="{colour}">load {way}</text>')
    ticks = "".join(
        f'<text x="{_x(load):.1f}" y="{HEIGHT - 12}" text-anchor="middle">{load / 1000:g} kg</text>'
        for load in (0, 500, 2_500, 5_000, 10_000, 20_000, 30_000)
    ) + "".join(
        f'<text x="{MARGIN - 8}" y="{_y(e) + 5:.1f}" text-anchor="end">{e:+g} e</text>'
        for e in (-2, -1, 0, 1, 2)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="error curve" '
        f'font-size="12"><polygon points="{upper} {lower}" fill="#e6f4ea"/>'
        f'<line x1="{MARGIN}" x2="{WIDTH - 10}" y1="{_y(0)}" y2="{_y(0)}" stroke="#888"/>'
        f"{ticks}{''.join(parts)}</svg>"
    )


def _band(sign: int) -> str:
    """One side of the allowed errors, from zero to Max for +1 and back for -1."""
    corners: list[tuple[float, float]] = []
    before_g = 0.0
    for up_to_e, limit_e in STEPS:
        up_to_g = min(up_to_e * E_G, MAX_G)
        corners += [(before_g, limit_e), (up_to_g, limit_e)]
        before_g = up_to_g
    return " ".join(f"{_x(load):.1f},{_y(sign * e):.1f}" for load, e in corners[::sign])


def _x(load_g: float) -> float:
    return MARGIN + float((load_g / MAX_G) ** 0.5) * (WIDTH - MARGIN - 20)


def _y(error_e: float) -> float:
    shown = min(max(error_e, -BAND_E), BAND_E)
    return HEIGHT / 2 - 8 - shown / BAND_E * (HEIGHT / 2 - 30)
