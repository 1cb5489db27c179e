"""The black box holds every observation, also after a kill, and never stops the shopping."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from mcap.reader import make_reader

from cart.contract.lines import ContractError
from cart.core.events import TripOpened
from cart.core.observations import AnyObservation, Booted, LoadChanged, ScanSeen, Tick
from cart.shell.recorder import FOLDER_BYTES_MAX, Recorder, read_record

OBSERVATIONS: list[AnyObservation] = [
    Booted(1, "cart-1", 1, (TripOpened(1, "t-1"),)),
    ScanSeen(2, 2, "9520000000011\x1d", "EAN13"),
    LoadChanged(3, 3, 0, 458_000, 2),
    Tick(4),
]


def recorded(folder: Path) -> Path:
    """A closed record of OBSERVATIONS."""
    recorder = Recorder(folder)
    for observation in OBSERVATIONS:
        recorder.record(observation)
    recorder.close()
    return recorder.path


def test_what_was_recorded_is_read(tmp_path: Path) -> None:
    """The same values come back in the same order; each start has a file of its own."""
    first, second = recorded(tmp_path), recorded(tmp_path)
    assert (first.name, second.name) == ("0001.mcap", "0002.mcap")
    assert list(read_record(first)) == list(read_record(second)) == OBSERVATIONS


def test_any_viewer_can_open_it(tmp_path: Path) -> None:
    """The file has topics, times in nanoseconds, JSON messages and their JSON schemas."""
    with recorded(tmp_path).open("rb") as file:
        messages = list(make_reader(file).iter_messages())
    assert [channel.topic for _, channel, _ in messages] == [
        "/cart/booted", "/cart/scan_seen", "/cart/load_changed", "/cart/tick",
    ]  # fmt: skip
    assert [message.log_time for _, _, message in messages] == [1e6, 2e6, 3e6, 4e6]
    assert all(schema and schema.encoding == "jsonschema" for schema, _, _ in messages)


def test_a_killed_recorder_loses_no_message(tmp_path: Path) -> None:
    """After kill -9 every observation that was recorded can be read, without an index."""
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from cart.core.observations import Booted, Tick\n"
        "from cart.shell.recorder import Recorder\n"
        "recorder = Recorder(Path(sys.argv[1]))\n"
        "recorder.record(Booted(0, 'cart-1'))\n"
        "for number in range(1, 100): recorder.record(Tick(number))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, tmp_path], check=False, timeout=20)
    assert ended.returncode == -9
    assert [seen.t_ms for seen in read_record(tmp_path / "0001.mcap")] == list(range(100))


def test_a_cut_end_is_an_end(tmp_path: Path) -> None:
    """Cut anywhere, a record gives the whole messages before the cut and no half one."""
    path = recorded(tmp_path)
    data = path.read_bytes()
    counts = []
    for length in range(len(data) // 3, len(data), 83):
        cut = tmp_path / f"{length}.mcap"
        cut.write_bytes(data[:length])
        try:
            seen = list(read_record(cut))
        except ContractError as error:
            assert "holds no observation" in str(error)  # noqa: PT017 - the other outcome is fine
            seen = []
        assert seen == OBSERVATIONS[: len(seen)]
        counts.append(len(seen))
    assert counts == sorted(counts)
    assert counts[-1] == len(OBSERVATIONS)


@pytest.mark.parametrize("data", [b"", b"no mcap at all", bytes(100)])
def test_what_is_no_record_is_refused(data: bytes, tmp_path: Path) -> None:
    """Another file gives one clear error."""
    path = tmp_path / "x.mcap"
    path.write_bytes(data)
    with pytest.raises(ContractError, match="holds no observation"):
        list(read_record(path))


def test_a_record_begins_with_booted(tmp_path: Path) -> None:
    """A record that can't be replayed by itself says so."""
    recorder = Recorder(tmp_path)
    recorder.record(Tick(1))
    recorder.close()
    with pytest.raises(ContractError, match="begins with booted"):
        list(read_record(recorder.path))


def test_a_full_disk_ends_the_record_only(tmp_path: Path) -> None:
    """The kernel lets the file grow no more: what stands is whole, recording goes quiet."""
    recorder = Recorder(tmp_path)
    recorder.record(OBSERVATIONS[0])
    size_bytes = recorder.path.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes + 50, before[1]))
    try:
        recorder.record(OBSERVATIONS[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    recorder.record(OBSERVATIONS[2])
    recorder.close()
    assert recorder.path.stat().st_size == size_bytes
    assert list(read_record(recorder.path)) == OBSERVATIONS[:1]


def test_a_disk_that_is_full_from_the_start(tmp_path: Path) -> None:
    """Not even the file's first bytes fit: the cart starts all the same, without a record."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        recorder = Recorder(tmp_path)
        recorder.record(OBSERVATIONS[0])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    recorder.close()
    assert recorder.path.stat().st_size == 0


def test_the_oldest_records_make_room(tmp_path: Path) -> None:
    """Records beyond the folder's size go, the oldest first; numbers are never used twice."""
    for number in (1, 2, 3):
        with (tmp_path / f"000{number}.mcap").open("wb") as file:
            file.truncate(FOLDER_BYTES_MAX // 2)
    recorder = Recorder(tmp_path)
    recorder.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "0002.mcap", "0003.mcap", "0004.mcap",
    ]  # fmt: skip
