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
SCHEMA_HASH = 0x6FD2484D
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
    CONVERTER_SATURATED = 4


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
    """Rows of conversions, in each one of every healthy converter. Not acknowledged.

    first_us: chip time when the first row was complete
    interval_us: chip time between two rows of this batch
    channels: bit n: converter n is in every row; a faulty one is left out
    overruns: rows the chip had to throw away since boot, modulo 65536
    counts: raw conversions, oldest row first, in a row the lowest channel first
    """

    TYPE: ClassVar[int] = 0x02

    first_us: int
    interval_us: int
    channels: int
    overruns: int
    counts: tuple[int, ...]

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _SAMPLES,
            self.first_us,
            self.interval_us,
            self.channels,
            self.overruns,
        ) + write_i32s(self.counts)

    @classmethod
    def decode(cls, payload: bytes) -> Samples:
        """The message in `payload`; WireError when it is none."""
        values, rest = unpack_start(_SAMPLES, payload)
        return cls(
            first_us=values[0],
            interval_us=values[1],
            channels=values[2],
            overruns=values[3],
            counts=read_i32s(rest),
        )


_FAULT = Struct("<BBH")


@dataclass(frozen=True, slots=True)
class Fault:
    """A converter's latched fault, or NONE when trusted again. SAMPLES come without it meanwhile.

    channel: converter, from 0
    code: what is wrong
    refused: conversions of it refused since boot, modulo 65536
    """

    TYPE: ClassVar[int] = 0x03

    channel: int
    code: FaultCode
    refused: int = field(default=0, kw_only=True)

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _FAULT,
            self.channel,
            self.code,
            self.refused,
        )

    @classmethod
    def decode(cls, payload: bytes) -> Fault:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_FAULT, payload)
        return cls(
            channel=values[0],
            code=member(FaultCode, values[1]),
            refused=values[2],
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


_MOTION = Struct("<QhhhHH")


@dataclass(frozen=True, slots=True)
class Motion:
    """How the cart moves and leans, 20 times a second beside the SAMPLES, if it can tell.

    at_us: chip time of the newest reading
    x_milli_g: acceleration to the front, gravity included
    y_milli_g: acceleration to the left
    z_milli_g: acceleration upwards: 1000 at rest on a level floor
    motion_milli_g: largest change of one axis since the last MOTION
    tilt_permille: slope of the floor at rest: horizontal over vertical
    """

    TYPE: ClassVar[int] = 0x05

    at_us: int
    x_milli_g: int
    y_milli_g: int
    z_milli_g: int
    motion_milli_g: int
    tilt_permille: int

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _MOTION,
            self.at_us,
            self.x_milli_g,
            self.y_milli_g,
            self.z_milli_g,
            self.motion_milli_g,
            self.tilt_permille,
        )

    @classmethod
    def decode(cls, payload: bytes) -> Motion:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_MOTION, payload)
        return cls(
            at_us=values[0],
            x_milli_g=values[1],
            y_milli_g=values[2],
            z_milli_g=values[3],
            motion_milli_g=values[4],
            tilt_permille=values[5],
        )


_ENVIRONMENT = Struct("<QHh")


@dataclass(frozen=True, slots=True)
class Environment:
    """Supply and temperature, once a second beside the SAMPLES.

    at_us: chip time of the readings
    battery_mv: voltage of the battery; 0: not measured
    temperature_centi_c: at the load cells; -32768: not measured
    """

    TYPE: ClassVar[int] = 0x06

    at_us: int
    battery_mv: int
    temperature_centi_c: int

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _ENVIRONMENT,
            self.at_us,
            self.battery_mv,
            self.temperature_centi_c,
        )

    @classmethod
    def decode(cls, payload: bytes) -> Environment:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_ENVIRONMENT, payload)
        return cls(
            at_us=values[0],
            battery_mv=values[1],
            temperature_centi_c=values[2],
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
    batch: rows a frame, 1 to 16; rows times channels at most 20
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
    """Command: colour of the light ring until the next SET_LIGHT; dark at the start.

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


_SET_WHEEL_LOCK = Struct("<IB")


@dataclass(frozen=True, slots=True)
class SetWheelLock:
    """Command: lock or free the wheels until the next SET_WHEEL_LOCK; free at the start.

    boot_nonce: the boot this command is meant for; the link fills it in
    locked: 1 locked, 0 free
    """

    TYPE: ClassVar[int] = 0x45

    boot_nonce: int = field(default=0, kw_only=True)
    locked: int

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _SET_WHEEL_LOCK,
            self.boot_nonce,
            self.locked,
        )

    @classmethod
    def decode(cls, payload: bytes) -> SetWheelLock:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_SET_WHEEL_LOCK, payload)
        return cls(
            boot_nonce=values[0],
            locked=values[1],
        )


_RESTART = Struct("<I")


@dataclass(frozen=True, slots=True)
class Restart:
    """Command: start anew, by no longer feeding the watchdog. The next HELLO says WATCHDOG.

    boot_nonce: the boot this command is meant for; the link fills it in
    """

    TYPE: ClassVar[int] = 0x46

    boot_nonce: int = field(default=0, kw_only=True)

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            _RESTART,
            self.boot_nonce,
        )

    @classmethod
    def decode(cls, payload: bytes) -> Restart:
        """The message in `payload`; WireError when it is none."""
        values = unpack(_RESTART, payload)
        return cls(
            boot_nonce=values[0],
        )


FromChip = Hello | Samples | Fault | Ack | Motion | Environment
ToChip = HelloRequest | StartStream | StopStream | SetLight | Beep | SetWheelLock | Restart
Command = StartStream | StopStream | SetLight | Beep | SetWheelLock | Restart

FROM_CHIP: dict[int, type[FromChip]] = {
    Hello.TYPE: Hello,
    Samples.TYPE: Samples,
    Fault.TYPE: Fault,
    Ack.TYPE: Ack,
    Motion.TYPE: Motion,
    Environment.TYPE: Environment,
}
TO_CHIP: dict[int, type[ToChip]] = {
    HelloRequest.TYPE: HelloRequest,
    StartStream.TYPE: StartStream,
    StopStream.TYPE: StopStream,
    SetLight.TYPE: SetLight,
    Beep.TYPE: Beep,
    SetWheelLock.TYPE: SetWheelLock,
    Restart.TYPE: Restart,
}
