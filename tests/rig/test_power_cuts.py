"""Power cuts: what a disk may hold after one."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

from rig.faults import cut_writer
from rig.faults.disk_record import FATES, Call, Disk

WRITTEN = Call("write", "a", data=b"x" * 1_024)


def disk_after(*calls: Call) -> Disk:
    """A disk that has seen these."""
    disk = Disk()
    for call in calls:
        disk.take(call)
    return disk


def test_what_is_synced_stays() -> None:
    """After a sync of file and folder every fate leaves the same."""
    disk = disk_after(Call("make", "a"), WRITTEN, Call("sync", "a"), Call("sync", ""))
    for fate in FATES:
        assert disk.after_a_cut(fate, Random(1)) == {"a": WRITTEN.data}


def test_what_is_not_synced_may_go_by_sectors() -> None:
    """A write that nobody synced is there, or not, or one of its sectors is; the name likewise."""
    disk = disk_after(Call("make", "a"), Call("sync", ""), WRITTEN)
    assert disk.after_a_cut("nothing", Random(1)) == {"a": b""}
    assert disk.after_a_cut("all", Random(1)) == {"a": WRITTEN.data}
    torn = {disk.after_a_cut("torn", Random(seed))["a"] for seed in range(20)}
    assert torn == {b"", b"x" * 512, bytes(512) + b"x" * 512, WRITTEN.data}
    assert disk_after(Call("make", "a"), WRITTEN).after_a_cut("nothing", Random(1)) == {}


def test_a_replaced_file_is_the_old_or_the_new_one() -> None:
    """Renamed over but not yet synced: both names' files are whole."""
    old = [Call("make", "a"), WRITTEN, Call("sync", "a"), Call("sync", "")]
    fresh = [Call("make", "b"), Call("write", "b", data=b"new"), Call("sync", "b")]
    disk = disk_after(*old, *fresh, Call("rename", "b", "a"))
    found = {disk.after_a_cut("torn", Random(seed))["a"] for seed in range(20)}
    assert found == {WRITTEN.data, b"new"}


def test_the_writer_says_what_is_on_the_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it says last is what lies there."""
    cut_writer.main([str(tmp_path), "120"])
    said = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert int(said["journal"]) == 120
    content = cut_writer.content_of(int(said["file"]))
    assert (tmp_path / cut_writer.FILE_NAME).read_bytes() == content
    assert sys.getsizeof(content) > 4_096
