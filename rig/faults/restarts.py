"""Holds the kills that a run notes against what the logs of those killed show: each began anew.

A kill of which no log tells (iotcore writes none; a power cut is played, not suffered) stays what
the run reported, and is counted as that. It changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rig.faults.exports import parsed

KILLS, BROKER_LOG = "kills.jsonl", "broker.log"
BEGAN = "began: process"  # a line of its own in a log, at each start
START_OF_BROKER = re.compile(rb"mosquitto version \S+ starting")
START = re.compile(rb"^" + BEGAN.encode() + rb" \d+$", re.MULTILINE)


class Kill(msgspec.Struct, frozen=True):
    """One line of a run's notes, as far as it is needed here."""

    victim: str


NOTES = msgspec.json.Decoder(Kill).decode_lines


def reported(folder: Path) -> Counter[str]:
    """How often each was killed, by the run's own notes. Raises ExportError."""
    notes = parsed(folder / KILLS, NOTES, "it is not what the run wrote")
    return Counter(kill.victim for kill in notes)


def shown(folder: Path, kills: Counter[str]) -> int:
    """How many of these kills the logs show."""
    return sum(min(count, _starts(folder, victim) - 1) for victim, count in _told(folder, kills))


def too_many(folder: Path, kills: Counter[str]) -> Iterator[str]:
    """Of whom more kills are noted than there were starts after the first."""
    for victim, count in _told(folder, kills):
        again = _starts(folder, victim) - 1
        if count > again:
            yield f"{folder / KILLS} has {count} kills of {victim}, its log {again} starts anew"


def _told(folder: Path, kills: Counter[str]) -> list[tuple[str, int]]:
    """Those of whose starts a log tells."""
    return [each for each in sorted(kills.items()) if _starts(folder, each[0])]


def _starts(folder: Path, victim: str) -> int:
    is_broker = victim == "broker"
    log = folder / (BROKER_LOG if is_broker else f"{Path(victim).name}.log")
    if not log.is_file():
        return 0
    return len((START_OF_BROKER if is_broker else START).findall(log.read_bytes()))
