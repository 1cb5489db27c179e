"""The event logger: readable by anybody, extended for ever, changed by nobody unnoticed."""

from __future__ import annotations

import threading
from collections.abc import Callable
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


def rechained(path: Path) -> None:
    """Write the whole log anew, each line chained as it should be."""
    anchor = path.with_name("log.anchor").read_text(encoding="utf-8")
    path.unlink()
    path.with_name("log.anchor").unlink()
    for number in range(3):
        EventLogger(path).append(TIME, "span_counts", str(number), "7")
    path.with_name("log.anchor").write_text(anchor, encoding="utf-8")


def cut(path: Path, keep: int, tail: str = "") -> None:
    """Keep so many lines, and put some text after them."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:keep]) + tail, encoding="utf-8")


HARMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "last line cut": (lambda log: cut(log, 3), "last 1 of 3 events are gone"),
    "last line halved": (lambda log: cut(log, 3, "3\t2026-03-01"), "last 1 of 3"),
    "heading left": (lambda log: cut(log, 1), "last 3 of 3"),
    "emptied": (lambda log: cut(log, 0), "last 3 of 3"),
    "removed": (Path.unlink, "the log is gone"),
    "written anew": (rechained, "written anew"),
    "heading changed": (lambda log: log.write_text("# all is well\n"), "line 1"),
    "anchor removed": (lambda log: log.with_name("log.anchor").unlink(), "knows only 0"),
    "anchor spoilt": (lambda log: log.with_name("log.anchor").write_text("?"), "log.anchor"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_kept_apart_tells_of_a_log_that_is_not_whole(tmp_path: Path, harm: str) -> None:
    """Cut, emptied, removed, or written anew from its start: found, and never written on."""
    path = tmp_path / "log"
    logged(path)
    do, words = HARMS[harm]
    do(path)
    with pytest.raises(AuditError, match=words):
        check(path)
    with pytest.raises(AuditError, match=words):
        EventLogger(path)


def test_power_lost_before_the_anchor_was_set_loses_nothing(tmp_path: Path) -> None:
    """One event more than the anchor knows: the log holds, and goes on."""
    path = tmp_path / "log"
    EventLogger(path).append(TIME, "span_counts", "1", "2")
    anchor = path.with_name("log.anchor")
    before = anchor.read_text(encoding="utf-8")
    EventLogger(path).append(TIME, "span_counts", "2", "3")
    anchor.write_text(before, encoding="utf-8")
    assert len(check(path)) == 2
    EventLogger(path).append(TIME, "span_counts", "3", "4")
    assert [entry.new for entry in check(path)] == ["2", "3", "4"]


def test_two_writers_make_one_chain(tmp_path: Path) -> None:
    """Both opened it before either wrote; and threads that write at once wait for each other."""
    path = tmp_path / "log"
    writers = [EventLogger(path) for _ in range(4)]

    def write(writer: EventLogger) -> None:
        for number in range(5):
            writer.append(TIME, "span_counts", str(number), str(number + 1))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [entry.counter for entry in check(path)] == list(range(1, 21))
