"""A child process for the journal's tests: commits turns for ever and says each after its commit.

It must be killed; it never ends by itself unless the disk is full."""

from __future__ import annotations

import sys
from pathlib import Path

from cart.core.events import QuestionAsked
from cart.shell.journal import Journal


def main() -> None:
    """Append turns of two events; print the newest committed number after each."""
    journal = Journal(Path(sys.argv[1]))
    while True:
        number = journal.last_seq
        journal.append([QuestionAsked(number, f"L{number}"), QuestionAsked(number, "twin")])
        sys.stdout.write(f"{journal.last_seq}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
