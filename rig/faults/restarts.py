"""Holds the kills that a run notes against what the logs of those killed show: each began anew.

Power cuts are played over a record of writes, so no log can tell of them: they are counted apart.
A kill of anybody else of which no log tells is not believed. It changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rig.broker import BEGAN
from rig.faults.exports import parsed

KILLS, BROKER_LOG = "kills.jsonl", "broker.log"
PLAYED = "power"
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
    return sum(min(count, _again(folder, victim)) for victim, count in kills.items())


def too_many(folder: Path, kills: Counter[str]) -> Iterator[str]:
    """Of whom more kills are noted than there were starts after the first."""
    for victim, count in sorted(kills.items()):
        again = _again(folder, victim)
        if count > again and victim != PLAYED:
            yield f"{folder / KILLS} has {count} kills of {victim}, its log {again} starts anew"


def _again(folder: Path, victim: str) -> int:
    """Its starts after the first: as many as its own log tells, else as who started it noted."""
    log = folder / f"{Path(victim).name}.log"
    text = log.read_bytes() if log.is_file() else b""
    starts = START_OF_BROKER.findall(text) if victim == "broker" else []
    return max(0, len(starts or START.findall(text)) - 1)
