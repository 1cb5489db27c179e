"""Replays a record through the mind: the same observations must give the same journal.

Pure but for reading the file: no clock, disk, thread or wire, and nothing imported that a cart's
heavy parts need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from cart.core import mind
from cart.core.events import Event
from cart.core.observations import AnyObservation, Booted
from cart.shell.export import entries, export_lines
from cart.shell.recorder import read_record


def replay_record(path: Path) -> bytes:
    """The canonical export of the journal that a record leads to; see `Journal.export_lines`.

    Raises ContractError when the file is no record.
    """
    return b"".join(export_lines(entries(replay(read_record(path)))))


def replay(observations: Iterable[AnyObservation]) -> Iterator[Event]:
    """The events of the journal that `Booted` brings, then those that each observation adds."""
    state = mind.initial()
    for observation in observations:
        if isinstance(observation, Booted):
            yield from observation.journal
        turn = mind.step(state, observation)
        yield from turn.events
        state = turn.state
