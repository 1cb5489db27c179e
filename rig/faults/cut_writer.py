"""What a power cut interrupts: a journal that grows, its cursor, and a file that is replaced.

    python -m rig.faults.cut_writer FOLDER ROWS

Each line on standard output says what is on the disk from now on: `journal 12`, `file 3`. It runs
in one thread, so that the record of its calls is their order.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cart.files import replace_file
from cart.shell.journal import Journal
from rig.faults.cart import item

FILE_NAME = "replaced"
# A boot of so many turns is long enough that SQLite begins its log anew.
EVENTS_A_TURN, TURNS_A_CURSOR, TURNS_A_FILE, TURNS_A_BOOT = 3, 7, 11, 400


def content_of(number: int) -> bytes:
    """What stands in the replaced file after `number` times; longer than a sector and a page."""
    return f"{number:08}\n".encode() * 1_000


def main(arguments: list[str]) -> None:
    """Write, and say what is written."""
    folder, rows = Path(arguments[0]), int(arguments[1])
    journal = Journal(folder)
    turn = files = 0
    while journal.last_seq < rows:
        turn += 1
        journal.append([item(journal.last_seq + place) for place in range(EVENTS_A_TURN)])
        say(f"journal {journal.last_seq}")
        if turn % TURNS_A_CURSOR == 0:
            journal.acked(journal.epoch, journal.last_seq)
        if turn % TURNS_A_FILE == 0:
            files += 1
            replace_file(folder / FILE_NAME, content_of(files))
            say(f"file {files}")
        if turn % TURNS_A_BOOT == 0:
            journal.close()
            journal = Journal(folder)
    journal.close()


def say(text: str) -> None:
    """One line out at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
