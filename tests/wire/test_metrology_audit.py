"""The event logger: readable by anybody, extended for ever, changed by nobody unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_bridge.metrology.audit import AuditError, EventLogger, check

TIME = "2026-03-01T09:30:00Z"


def logged(path: Path) -> list[str]:
    """Three changes in two sittings; the file's lines."""
    EventLogger(path).append(TIME, "span_counts", "6300000", "6301200")
    again = EventLogger(path)
    again.append(TIME, "zero_counts", "84210", "84190")
    again.append(TIME, "note", "", "tab\tand\nline")
    return path.read_text(encoding="utf-8").splitlines()


def test_it_is_read_without_tools(tmp_path: Path) -> None:
    """A heading, then counter, time, parameter, old, new, hash; and check gives them back."""
    lines = logged(tmp_path / "log")
    assert lines[0].startswith("# counter\ttime")
    assert lines[2].split("\t")[:5] == ["2", TIME, "zero_counts", "84210", "84190"]
    entries = check(tmp_path / "log")
    assert [entry.counter for entry in entries] == [1, 2, 3]
    assert entries[2].new == "tab and line"


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("harm", ["change", "remove", "cut"])
def test_whoever_touches_a_line_is_found(tmp_path: Path, number: int, harm: str) -> None:
    """A changed, removed, shortened or forged line is named; nothing is appended after it."""
    path = tmp_path / "log"
    lines = logged(path)
    if harm == "change":
        lines[number] = lines[number].replace("2026", "2027")
    elif harm == "remove" and number < 3:
        del lines[number]
    elif harm == "cut":
        lines[number] = lines[number][:-5]
    else:
        lines.append("4\tforged")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(AuditError, match="line"):
        check(path)
    with pytest.raises(AuditError, match="line"):
        EventLogger(path)


def test_a_line_cut_off_by_a_loss_of_power_stays_and_becomes_an_event(tmp_path: Path) -> None:
    """Half a line is neither believed nor erased, and what follows holds."""
    path = tmp_path / "log"
    logged(path)
    with path.open("a", encoding="utf-8") as file:
        file.write("4\t2026-03-01T09:31:00Z\tspan")
    assert len(check(path)) == 3
    EventLogger(path).append(TIME, "span_counts", "1", "2")
    told = check(path)
    assert [entry.parameter for entry in told[3:]] == ["line cut off", "span_counts"]
    assert "09:31" in told[3].old
    assert "4\t2026-03-01T09:31:00Z\tspan" in path.read_text(encoding="utf-8").splitlines()
