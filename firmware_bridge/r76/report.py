"""The report of a sequence: one HTML page without a script, its error curve drawn in the band."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from itertools import groupby

from firmware_bridge.metrology.identity import checksum, software_id
from firmware_bridge.r76.tests import E_G, MAX_G, STEPS, Row

SIMULATED = "SIMULATED: NOT A CONFORMITY TEST"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 300, 52, 20, 34, 34
# A row without a limit is of a load that was not weighed.
HEIGHT_E_MIN = 2.0  # what the curve shows above and below zero, in e; more where errors are greater
TICK_LOADS_G = (0, 500, 2_500, 5_000, 10_000, 20_000, 30_000)
COLOURS = {"up": "#0b57d0", "down": "#c26401"}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code { overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .2rem .6rem; border-bottom: 1px solid #ddd }
th { border-bottom: 2px solid #888 }
th:first-child, td:first-child, th:nth-last-child(-n+2), td:nth-last-child(-n+2) {
  text-align: left; white-space: nowrap }
td:last-child { white-space: normal }
.first td { border-top: 2px solid #888 }
.simulated { background: #b00020; color: white; padding: .6rem 1rem; font-size: 1.3rem }
.bad td { background: #fde7ea; font-weight: bold }
@media print { .simulated { color: black; border: 3px solid black } }
"""


def page(name: str, rows: Sequence[Row], *, simulated: bool, instrument: str, at: str) -> str:
    """The whole page. `at`: the date and time of the measurement."""
    passed = all(one.ok for one in rows)
    banner = f'<p class="simulated">{SIMULATED}</p>' if simulated else ""
    tests = [list(group) for _, group in groupby(rows, key=lambda one: one.test)]
    lines = "".join(_line(one, first=one is test[0]) for test in tests for one in test)
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{html.escape(name)}: R76 sequence</title>
<style>{STYLE}</style>
{banner}
<h1>{html.escape(name)}: {"passed" if passed else "FAILED"}</h1>
<p>{html.escape(instrument)}. Measured {html.escape(at)}.<br>
{html.escape(software_id())}, SHA-256 <code>{checksum()}</code>.</p>
<p>Limits are those of an initial verification, taken from secondary copies of OIML R 76-1 and not
checked against its text.</p>
<h2>Summary</h2>
<table><tr><th>test<th>readings<th>most of its limit<th>verdict<th></tr>
{"".join(_summary(test) for test in tests)}</table>
<h2>Error curve</h2>
{_curve([one for one in rows if one.test == "accuracy" and one.limit_e])}
<h2>Readings</h2>
<table><tr><th>test<th>load, g<th>error, e<th>limit, e<th>verdict<th>remark</tr>
{lines}</table>
</html>
"""


def _summary(rows: Sequence[Row]) -> str:
    """A test's row: how near its worst reading came to the limit."""
    ok = all(one.ok for one in rows)
    weighed = all(one.limit_e for one in rows)
    most = max(abs(one.error_e) / one.limit_e for one in rows) if weighed else 0.0
    share = f"{100 * most:.0f} %" if weighed else "not weighed"
    style = "" if ok else ' class="bad"'
    name = _words(rows[0].test)
    return f"<tr{style}><td>{name}<td>{len(rows)}<td>{share}<td>{_verdict(ok)}<td></tr>"


def _line(one: Row, *, first: bool) -> str:
    classes = " ".join(["first"] * first + ["bad"] * (not one.ok))
    style = f' class="{classes}"' if classes else ""
    error = f"{one.error_e:+.3f}" if one.limit_e else "none"
    return (
        f"<tr{style}><td>{_words(one.test)}<td>{one.load_g:g}<td>{error}<td>{one.limit_e:g}"
        f"<td>{_verdict(one.ok)}<td>{_words(one.remark)}</tr>\n"
    )


def _words(text: str) -> str:
    return html.escape(text.replace("_", " "))


def _verdict(ok: bool) -> str:
    return "ok" if ok else "NOT OK"


def _curve(rows: Sequence[Row]) -> str:
    """Errors over loads in the band of what is allowed; loads by their square root, for room."""
    if not rows:
        return "<p>None was measured.</p>"
    height_e = max(HEIGHT_E_MIN, *(math.ceil(abs(one.error_e) + 0.1) for one in rows))
    upper, lower = (_band(sign, height_e) for sign in (1, -1))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="error curve" '
        f'font-size="12"><polygon points="{upper} {lower}" fill="#d9eedd"/>'
        f"{_axes(height_e)}{''.join(_way(way, rows, height_e) for way in COLOURS)}"
        f'<rect x="{LEFT + 190}" y="9" width="14" height="12" fill="#d9eedd"/>'
        f'<text x="{LEFT + 210}" y="20">allowed</text></svg>'
    )


def _axes(height_e: float) -> str:
    step_e = max(1, round(height_e / 3))
    errors_e = range(-int(height_e) // step_e * step_e, int(height_e) + 1, step_e)
    return "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(e, height_e):.1f}" '
        f'y2="{_y(e, height_e):.1f}" stroke="{"#ccc" if e else "#666"}"/>'
        f'<text x="{LEFT - 8}" y="{_y(e, height_e) + 4:.1f}" text-anchor="end">'
        f"{f'{e:+d}' if e else 0} e</text>"
        for e in errors_e
        if abs(e) <= height_e
    ) + "".join(
        f'<text x="{_x(load):.1f}" y="{HEIGHT - 10}" text-anchor="middle">{load / 1000:g} kg</text>'
        for load in TICK_LOADS_G
    )


def _way(way: str, rows: Sequence[Row], height_e: float) -> str:
    """One of the two curves, and its name."""
    colour = COLOURS[way]
    points = [(_x(one.load_g), _y(one.error_e, height_e)) for one in rows if one.remark == way]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points
    )
    place = LEFT + 10 + 90 * list(COLOURS).index(way)
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'
        f'<text x="{place}" y="20" fill="{colour}">load {way}</text>'
    )


def _band(sign: int, height_e: float) -> str:
    """One side of the allowed errors, from zero to Max for +1 and back for -1."""
    corners: list[tuple[float, float]] = []
    before_g = 0.0
    for up_to_e, limit_e in STEPS:
        up_to_g = min(up_to_e * E_G, MAX_G)
        corners += [(before_g, limit_e), (up_to_g, limit_e)]
        before_g = up_to_g
    return " ".join(f"{_x(load):.1f},{_y(sign * e, height_e):.1f}" for load, e in corners[::sign])


def _x(load_g: float) -> float:
    return LEFT + float((load_g / MAX_G) ** 0.5) * (WIDTH - LEFT - RIGHT)


def _y(error_e: float, height_e: float) -> float:
    half = (HEIGHT - TOP - BOTTOM) / 2
    return TOP + half - error_e / height_e * half
