"""The journal loses nothing that it accepted: kills, full disks, damaged files."""

from __future__ import annotations

import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from cart.contract.store import FIRST_HASH, chain_hash
from cart.core.events import QuestionAsked, TripOpened
from cart.shell.journal import FILE_NAME, Journal, JournalError, JournalFull

WRITER = Path(__file__).with_name("journal_writer.py")


def asked(number: int) -> QuestionAsked:
    """An event that can be told from the others."""
    return QuestionAsked(number, f"L{number}")


def filled(folder: Path, count: int) -> Journal:
    """A journal of `count` turns of one event."""
    journal = Journal(folder)
    for number in range(1, count + 1):
        journal.append([asked(number)])
    return journal


def test_events_come_back_in_order(tmp_path: Path) -> None:
    """What was appended is there after closing and opening again, oldest first."""
    events = (TripOpened(1, "t-1"), asked(2), asked(3))
    journal = Journal(tmp_path)
    journal.append(events[:2])
    journal.append([])
    journal.append(events[2:])
    exported = journal.export_lines()
    journal.close()
    again = Journal(tmp_path)
    assert again.events() == events
    assert again.export_lines() == exported
    assert (again.epoch, again.last_seq, again.acked_seq, again.trouble) == (1, 3, 0, "")
    again.close()


def test_each_entry_is_chained_to_the_one_before(tmp_path: Path) -> None:
    """Each hash covers the hash before it and the bytes of the event, from the first row on."""
    journal = filled(tmp_path, 5)
    row_hash = FIRST_HASH
    for number, entry in enumerate(journal.entries_after(0, 100), 1):
        row_hash = chain_hash(row_hash, msgspec.json.encode(asked(number)))
        assert (entry.seq, entry.hash) == (number, row_hash)
    assert [entry.seq for entry in journal.entries_after(2, 2)] == [3, 4]
    journal.close()


def test_the_cursor_only_moves_forward(tmp_path: Path) -> None:
    """An answer of the store that is old, of another epoch or ahead of us moves nothing.

    The next event takes it to the disk."""
    journal = filled(tmp_path, 5)
    for epoch, upto_seq, expected in ((1, 3, 3), (1, 2, 3), (2, 5, 3), (1, 6, 3), (1, 4, 4)):
        journal.acked(epoch, upto_seq)
        assert journal.acked_seq == expected
    journal.append([asked(6)])
    journal.close()
    again = Journal(tmp_path)
    assert again.acked_seq == 4
    again.close()


def test_a_killed_writer_loses_no_committed_turn(tmp_path: Path) -> None:
    """kill -9 at ten moments: every turn that was said to be committed is there, none is half."""
    for turns in range(1, 11):
        child = subprocess.Popen(
            [sys.executable, str(WRITER), str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout
        said = [child.stdout.readline() for _ in range(turns)]
        child.kill()
        said += child.stdout.readlines()
        child.stdout.close()
        child.wait()
        whole = [int(line) for line in said if line.endswith("\n")]
        journal = Journal(tmp_path)
        assert journal.last_seq >= whole[-1]
        assert journal.last_seq % 2 == 0
        assert journal.trouble == ""
        assert len(journal.events()) == journal.last_seq
        journal.close()


def damage_header(path: Path) -> None:
    """Overwrite the first page."""
    with path.open("r+b") as file:
        file.write(b"garbage!" * 512)


def damage_row(path: Path) -> None:
    """Change one event in place, as a flipped bit would."""
    database = sqlite3.connect(path)
    with database:
        database.execute("UPDATE events SET body = replace(body, 'L8', 'L9') WHERE seq = 8")
    database.close()


def lose_file(path: Path) -> None:
    """A cut between setting a damaged file aside and finishing its successor."""
    path.rename(path.with_name("journal-1.sqlite"))


@pytest.mark.parametrize(("damage", "kept"), [(damage_header, 0), (damage_row, 7), (lose_file, 10)])
def test_a_damaged_journal_is_set_aside(
    damage: Callable[[Path], None], kept: int, tmp_path: Path
) -> None:
    """The damaged file is kept, the proven entries start epoch 2, and it is said aloud."""
    filled(tmp_path, 10).close()
    damage(tmp_path / FILE_NAME)
    journal = Journal(tmp_path)
    assert journal.epoch == 2
    assert journal.trouble.endswith(f"kept {kept} entries, the damaged file is journal-1.sqlite")
    assert (tmp_path / "journal-1.sqlite").is_file()
    assert journal.events() == tuple(asked(number) for number in range(1, kept + 1))
    journal.append([asked(99)])
    journal.close()
    again = Journal(tmp_path)
    assert (again.epoch, again.last_seq, again.acked_seq, again.trouble) == (2, kept + 1, 0, "")
    again.close()


def test_a_second_damage_makes_a_third_epoch(tmp_path: Path) -> None:
    """Each replacement counts, and no damaged file overwrites another."""
    for epoch in (2, 3):
        filled(tmp_path, 1).close()
        damage_header(tmp_path / FILE_NAME)
        journal = Journal(tmp_path)
        assert journal.epoch == epoch
        journal.close()
    assert len(list(tmp_path.glob("journal-*.sqlite"))) == 2


def test_a_full_database_refuses_the_turn_and_keeps_the_rest(tmp_path: Path) -> None:
    """With SQLite's page limit reached a turn is refused whole; with room the same turn goes in."""
    journal = filled(tmp_path, 3)
    pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
    journal._database.execute(f"PRAGMA max_page_count = {pages}")
    turn = [QuestionAsked(4, "x" * 3_000), QuestionAsked(5, "y" * 30_000)]
    with pytest.raises(JournalFull, match="make room"):
        journal.append(turn)
    assert journal.last_seq == len(journal.events()) == 3
    journal._database.execute(f"PRAGMA max_page_count = {pages + 1_000}")
    journal.append(turn)
    assert journal.events()[3:] == tuple(turn)
    journal.close()


def test_a_full_disk_refuses_the_turn_and_keeps_the_rest(tmp_path: Path) -> None:
    """The kernel refuses to let the file grow: the turn is refused, then accepted with room."""
    journal = filled(tmp_path, 3)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size_bytes = (tmp_path / f"{FILE_NAME}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes + 2_000, before[1]))
    try:
        with pytest.raises(JournalFull):
            journal.append([asked(4)])
        with pytest.raises(JournalFull):
            journal.append([asked(4)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert journal.last_seq == 3
    journal.append([asked(4)])
    journal.close()
    again = Journal(tmp_path)
    assert again.events() == tuple(asked(number) for number in range(1, 5))
    assert again.trouble == ""
    again.close()


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    """A journal path that is a folder is no damage: nothing is set aside, the error says why."""
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(JournalError, match="make the folder writable"):
        Journal(tmp_path)
    assert not list(tmp_path.glob("journal-*"))


def test_a_fact_of_a_newer_version_is_said(tmp_path: Path) -> None:
    """A whole chain with a kind that this version doesn't know is no damage: nothing is touched."""
    filled(tmp_path, 1).close()
    body = b'{"kind":"item_added.2","t_ms":1}'
    database = sqlite3.connect(tmp_path / FILE_NAME)
    (row_hash,) = database.execute("SELECT hash FROM events").fetchone()
    with database:
        row = (2, 1, 1, "item_added.2", body, chain_hash(row_hash, body))
        database.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)
    database.close()
    journal = Journal(tmp_path)
    with pytest.raises(JournalError, match=r"entry 2: .*item_added.2.* newer version"):
        journal.events()
    assert journal.epoch == 1
    journal.close()


def test_a_commit_is_quick(tmp_path: Path) -> None:
    """A durable commit of one event takes some milliseconds, so it may come before the pixels."""
    journal = Journal(tmp_path)
    spans_ms = []
    for number in range(200):
        start = time.perf_counter()
        journal.append([asked(number)])
        spans_ms.append((time.perf_counter() - start) * 1_000)
    journal.close()
    assert statistics.median(spans_ms) < 20
