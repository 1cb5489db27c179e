"""The messages of the wire, as frozen values that encode and decode themselves.

Generated from firmware/protocol.toml by `python -m firmware_bridge generate`. Do not edit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from struct import Struct
from typing import ClassVar

from firmware_bridge.fields import (
    member,
    pack,
    read_i32s,
    read_text,
    unpack,
    unpack_start,
    write_i32s,
    write_text,
)

VERSION = 1
SCHEMA_HASH = 0x2587F575
PAYLOAD_BYTES_MAX = 96


class ResetCause(IntEnum):
    """Why the chip started."""

    UNKNOWN = 0
    POWER_ON = 1
    BROWN_OUT = 2
    WATCHDOG = 3
    EXTERNAL = 4
    SOFTWARE = 5


class FaultCode(IntEnum):
    """What is wrong with a load-cell converter. The chip repeats a latched fault every second."""

    NONE = 0
    CONVERTER_SILENT = 1
    CONVERTER_STUCK = 2
    CONVERSION_TORN = 3


class AckResult(IntEnum):
    """What became of a command."""

    DONE = 0
    WRONG_BOOT = 1
    UNKNOWN_COMMAND = 2
    BAD_VALUE = 3


_HELLO = Struct("<IIBBBI")


@dataclass(frozen=True, slots=True)
class Hello:
    """Who the chip is: sent at boot and in answer to HELLO_REQUEST.

    schema_hash: hash of this dictionary as the chip was built with
    boot_nonce: new at every start of the chip
    reset_cause: why it started
    last_command: sequence of the last command executed in this boot; 0: none
    channels: load-cell converters, numbered from 0
    sample_rate_millihertz: nominal conversions a second and channel, in thousandths
    firmware_version: for people
    """

    TYPE: ClassVar[int] = 0x01

    schema_hash: int
    boot_nonce: int
    reset_cause: ResetCause
    last_command: int
    channels: int
    sample_rate_millihertz: int
    firmware_version: str

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _HELLO,
            self.schema_hash,
            self.boot_nonce,
            self.reset_cause,
            self.last_command,
            self.channels,
            self.sample_rate_millihertz,
        ) + write_text(self.firmware_version)

    @classmethod
    def decode(cls, payload: bytes) -> Hello:
        """The message in `payload`; WireError when it is none."""
        values, rest = unpack_start(_HELLO, payload)
        return cls(
            schema_hash=values[0],
            boot_nonce=values[1],
            reset_cause=member(ResetCause, values[2]),
            last_command=values[3],
            channels=values[4],
            sample_rate_millihertz=values[5],
            firmware_version=read_text(rest),
        )


_SAMPLES = Struct("<QIBH")


@dataclass(frozen=True, slots=True)
class Samples:
    """Consecutive conversions of one channel. Unacknowledged: the sequence byte shows lost frames.

    first_us: chip time when the first conversion was read
    interval_us: chip time between two conversions of this batch
    channel: converter, from 0
    overruns: conversions the chip had to throw away since boot, modulo 65536
    counts: raw conversions, oldest first
    """

    TYPE: ClassVar[int] = 0x02

    first_us: int
    interval_us: int
    channel: int
    overruns: int
    counts: tuple[int, ...]

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _SAMPLES,
            self.first_us,
            self.interval_us,
            self.channel,
            self.overruns,
        ) + write_i32s(self.counts)

    @classmethod
    def decode(cls, payload: bytes) -> Samples:
        """The message in `payload`; WireError when it is none."""
        values, rest = unpack_start(_SAMPLES, payload)
        return cls(
            first_us=values[0],
            interval_us=values[1],
            channel=values[2],
            overruns=values[3],
            counts=read_i32s(rest),
        )


_FAULT = Struct("<BB")


@dataclass(frozen=True, slots=True)
class Fault:
    """A converter's latched fault, or NONE when trusted again. While it lasts, no samples come.

    channel: converter, from 0
    code: what is wrong
    """

    TYPE: ClassVar[int] = 0x03

    channel: int
    code: FaultCode

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _FAULT,
            self.channel,
            self.code,
        )

    @classmethod
    def decode(cls, payload: bytes) -> Fault:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_FAULT, payload)
        return cls(
            channel=values[0],
            code=member(FaultCode, values[1]),
        )


_ACK = Struct("<BB")


@dataclass(frozen=True, slots=True)
class Ack:
    """Answer to every command. One seen before (same boot, same sequence) is not executed again.

    command_sequence: the sequence byte of the command
    result: what became of it
    """

    TYPE: ClassVar[int] = 0x04

    command_sequence: int
    result: AckResult

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _ACK,
            self.command_sequence,
            self.result,
        )

    @classmethod
    def decode(cls, payload: bytes) -> Ack:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_ACK, payload)
        return cls(
            command_sequence=values[0],
            result=member(AckResult, values[1]),
        )


_HELLO_REQUEST = Struct("<I")


@dataclass(frozen=True, slots=True)
class HelloRequest:
    """Asks for HELLO. Sent with sequence 0 until answered; no command, never acknowledged.

    schema_hash: hash of the dictionary the host was built with
    """

    TYPE: ClassVar[int] = 0x40

    schema_hash: int

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _HELLO_REQUEST,
            self.schema_hash,
        )

    @classmethod
    def decode(cls, payload: bytes) -> HelloRequest:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_HELLO_REQUEST, payload)
        return cls(
            schema_hash=values[0],
        )


_START_STREAM = Struct("<IB")


@dataclass(frozen=True, slots=True)
class StartStream:
    """Command: send SAMPLES from now on.

    boot_nonce: the boot this command is meant for; the link fills it in
    batch: conversions a frame, 1 to 16
    """

    TYPE: ClassVar[int] = 0x41

    boot_nonce: int = field(default=0, kw_only=True)
    batch: int

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _START_STREAM,
            self.boot_nonce,
            self.batch,
        )

    @classmethod
    def decode(cls, payload: bytes) -> StartStream:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_START_STREAM, payload)
        return cls(
            boot_nonce=values[0],
            batch=values[1],
        )


_STOP_STREAM = Struct("<I")


@dataclass(frozen=True, slots=True)
class StopStream:
    """Command: send no more SAMPLES.

    boot_nonce: the boot this command is meant for; the link fills it in
    """

    TYPE: ClassVar[int] = 0x42

    boot_nonce: int = field(default=0, kw_only=True)

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _STOP_STREAM,
            self.boot_nonce,
        )

    @classmethod
    def decode(cls, payload: bytes) -> StopStream:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_STOP_STREAM, payload)
        return cls(
            boot_nonce=values[0],
        )


_SET_LIGHT = Struct("<IBBB")


@dataclass(frozen=True, slots=True)
class SetLight:
    """Command: colour of the light ring until the next SET_LIGHT.

    boot_nonce: the boot this command is meant for; the link fills it in
    red: 0 to 255
    green: 0 to 255
    blue: 0 to 255
    """

    TYPE: ClassVar[int] = 0x43

    boot_nonce: int = field(default=0, kw_only=True)
    red: int
    green: int
    blue: int

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _SET_LIGHT,
            self.boot_nonce,
            self.red,
            self.green,
            self.blue,
        )

    @classmethod
    def decode(cls, payload: bytes) -> SetLight:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_SET_LIGHT, payload)
        return cls(
            boot_nonce=values[0],
            red=values[1],
            green=values[2],
            blue=values[3],
        )


_BEEP = Struct("<IHH")


@dataclass(frozen=True, slots=True)
class Beep:
    """Command: one tone of the buzzer.

    boot_nonce: the boot this command is meant for; the link fills it in
    frequency_hz: 100 to 8000
    duration_ms: 1 to 2000
    """

    TYPE: ClassVar[int] = 0x44

    boot_nonce: int = field(default=0, kw_only=True)
    frequency_hz: int
    duration_ms: int

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _BEEP,
            self.boot_nonce,
            self.frequency_hz,
            self.duration_ms,
        )

    @classmethod
    def decode(cls, payload: bytes) -> Beep:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_BEEP, payload)
        return cls(
            boot_nonce=values[0],
            frequency_hz=values[1],
            duration_ms=values[2],
        )


FromChip = Hello | Samples | Fault | Ack
ToChip = HelloRequest | StartStream | StopStream | SetLight | Beep
Command = StartStream | StopStream | SetLight | Beep

FROM_CHIP: dict[int, type[FromChip]] = {
    Hello.TYPE: Hello,
    Samples.TYPE: Samples,
    Fault.TYPE: Fault,
    Ack.TYPE: Ack,
}
TO_CHIP: dict[int, type[ToChip]] = {
    HelloRequest.TYPE: HelloRequest,
    StartStream.TYPE: StartStream,
    StopStream.TYPE: StopStream,
    SetLight.TYPE: SetLight,
    Beep.TYPE: Beep,
}
