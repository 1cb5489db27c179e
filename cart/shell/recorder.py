"""The black box: every observation, in order, as it was before the mind saw it, in an MCAP file.

One file for each start of the cart, `trips/NNNN.mcap`; its first message is `Booted`, so a file
alone replays. Each message reaches the kernel at once: a killed process loses none. It must never
stop the shopping: when the disk takes no more, the record ends and says so.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

import msgspec
from mcap.exceptions import EndOfFile, McapError
from mcap.records import Message
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType, Writer

from cart.contract.lines import ContractError, decode
from cart.core.observations import AnyObservation, Booted

FOLDER = "trips"
FOLDER_BYTES_MAX = 500_000_000
NANOSECONDS_PER_MS = 1_000_000

log = logging.getLogger(__name__)


class RecordFile:
    """What the MCAP writer writes to: no buffer, and never half a record."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._bytes = 0

    def write(self, data: bytes) -> int:
        """Write all of `data`, or nothing and raise OSError."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self._bytes)
            os.lseek(self._file, self._bytes, os.SEEK_SET)
            raise
        self._bytes += len(data)
        return len(data)

    def tell(self) -> int:
        """Bytes written so far."""
        return self._bytes

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Recorder:
    """Writes observations to the next free file of `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_room(folder)
        self.path = folder / f"{_next_number(folder):04d}.mcap"
        self._file: RecordFile | None = RecordFile(self.path)
        output = cast("IO[bytes]", self._file)  # the writer only calls write and tell
        self._writer = Writer(output, compression=CompressionType.NONE, use_chunking=False)
        self._channels: dict[type, int] = {}
        self._sequence = 0
        try:
            self._writer.start(profile="dashcart", library="dashcart")
        except OSError as error:
            self._give_up(error)

    def record(self, observation: AnyObservation) -> None:
        """Write one observation. A full disk ends the record, not the shopping."""
        if self._file is None:
            return
        self._sequence += 1
        at_ns = observation.t_ms * NANOSECONDS_PER_MS
        data = msgspec.json.encode(observation, order="deterministic")
        try:
            channel = self._channel(type(observation))
            self._writer.add_message(channel, at_ns, data, at_ns, self._sequence)
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Write the index that lets a viewer jump, and close."""
        if self._file is None:
            return
        try:
            self._writer.finish()  # type: ignore[no-untyped-call]  # mcap types all but this
        except OSError as error:
            log.warning("record_without_index path=%s: %s", self.path, error)
        self._end()

    def _give_up(self, error: OSError) -> None:
        log.warning("record_ended path=%s: %s", self.path, error)
        self._end()

    def _end(self) -> None:
        if self._file:
            self._file.close()
        self._file = None

    def _channel(self, kind: type) -> int:
        if kind not in self._channels:
            tag = str(kind.__struct_config__.tag)  # type: ignore[attr-defined]  # every observation is a Struct
            schema = json.dumps(msgspec.json.schema(kind)).encode()
            number = self._writer.register_schema(kind.__name__, "jsonschema", schema)
            self._channels[kind] = self._writer.register_channel(f"/cart/{tag}", "json", number)
        return self._channels[kind]


class _WholeReads:
    """A file in which a read that can't be filled is the end, not a shorter answer."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, or EndOfFile."""
        data = self._file.read(size)
        if len(data) < size:
            raise EndOfFile
        return data


def read_record(path: Path) -> Iterator[AnyObservation]:
    """The observations of a record, oldest first; a cut end (a killed cart) is an end.

    Raises ContractError when the file is no record or a whole message can't be read.
    """
    with path.open("rb") as file:
        messages = (kept for kept in _messages(file) if isinstance(kept, Message))
        number = 0
        for number, message in enumerate(messages, 1):
            what = f"{path.name} message {number}"
            observation: AnyObservation = decode(AnyObservation, message.data, what)
            if number == 1 and not isinstance(observation, Booted):
                raise ContractError(f"{what}: a record begins with booted, not {observation}")
            yield observation
    if number == 0:
        raise ContractError(f"{path}: holds no observation; give a file of {FOLDER}/")


def _messages(file: BinaryIO) -> Iterator[object]:
    reader = StreamReader(cast("IO[bytes]", _WholeReads(file)))
    try:
        yield from reader.records
    except McapError as error:
        log.info("record_cut: %s", error)


def _make_room(folder: Path) -> None:
    """Forget the oldest records beyond `FOLDER_BYTES_MAX`; the journal stays the truth."""
    size_bytes = 0
    for old in sorted(folder.glob("[0-9]*.mcap"), reverse=True):
        size_bytes += old.stat().st_size
        if size_bytes > FOLDER_BYTES_MAX:
            log.info("record_forgotten path=%s", old)
            old.unlink()


def _next_number(folder: Path) -> int:
    return max((int(old.stem) for old in folder.glob("[0-9]*.mcap")), default=0) + 1
