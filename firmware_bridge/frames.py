"""Frames: bytes on the wire <-> (type, sequence, payload), with COBS and CRC-16/MCRF4XX.

Knows no message and no clock. Garbage is counted here and goes no further: a frame that leaves
this module had a right checksum. It never keeps more than one frame's worth of bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from cobs import cobs  # type: ignore[import-untyped]  # it ships no types
from fastcrc import crc16

PAYLOAD_BYTES_MAX = 96  # `payload_bytes_max` of firmware/protocol.toml; a test compares them
CRC_BYTES = 2
HEADER_BYTES = 2
RAW_BYTES_MAX = HEADER_BYTES + PAYLOAD_BYTES_MAX + CRC_BYTES
STUFFED_BYTES_MAX = RAW_BYTES_MAX + 1  # COBS adds one byte to anything shorter than 255
DELIMITER = b"\0"


class WireError(Exception):
    """A frame or message that breaks the wire's rules. The link counts it; it goes no further."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One checked frame: message type, sender's sequence (both 0..255) and payload bytes."""

    type: int
    sequence: int
    payload: bytes


def encode(frame: Frame) -> bytes:
    """Bytes for the wire. A delimiter on both sides: junk before a frame costs only the junk."""
    if len(frame.payload) > PAYLOAD_BYTES_MAX:
        raise WireError(f"payload of {len(frame.payload)} bytes; at most {PAYLOAD_BYTES_MAX}")
    raw = bytes((frame.type, frame.sequence)) + frame.payload
    checked = raw + crc16.mcrf4xx(raw).to_bytes(CRC_BYTES, "little")
    stuffed: bytes = cobs.encode(checked)
    return DELIMITER + stuffed + DELIMITER


def decode(stuffed: bytes) -> Frame:
    """The frame in the bytes between two delimiters, or WireError saying what is wrong."""
    try:
        checked: bytes = cobs.decode(stuffed)
    except cobs.DecodeError as error:
        raise WireError(f"COBS: {error}") from error
    if not HEADER_BYTES + CRC_BYTES <= len(checked) <= RAW_BYTES_MAX:
        raise WireError(f"frame of {len(checked)} bytes")
    raw, crc = checked[:-CRC_BYTES], checked[-CRC_BYTES:]
    if crc16.mcrf4xx(raw) != int.from_bytes(crc, "little"):
        raise WireError("checksum")
    return Frame(raw[0], raw[1], raw[HEADER_BYTES:])


class FrameReader:
    """Cuts a byte stream into frames; counts what is not one."""

    def __init__(self) -> None:
        self._partial = bytearray()
        self._skipping = False
        self.bad = 0

    def feed(self, data: bytes) -> list[Frame]:
        """The good frames completed by `data`, in order. Never raises."""
        frames = []
        *complete, rest = data.split(DELIMITER)
        for piece in complete:
            self._keep(piece)
            frames.extend(self._close())
        self._keep(rest)
        return frames

    def _keep(self, piece: bytes) -> None:
        self._partial += piece
        if len(self._partial) > STUFFED_BYTES_MAX:
            self._skipping = True  # too long to be a frame: forget it, but count it once
            self._partial.clear()

    def _close(self) -> list[Frame]:
        stuffed, skipped = bytes(self._partial), self._skipping
        self._partial.clear()
        self._skipping = False
        if skipped:
            self.bad += 1
            return []
        if not stuffed:
            return []
        try:
            frame = decode(stuffed)
        except WireError:
            self.bad += 1
            return []
        return [frame]
