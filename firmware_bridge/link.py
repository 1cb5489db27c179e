"""The conversation with the chip, without a wire and without a clock: bytes in, events out.

The link asks for HELLO until it is answered, compares the dictionary's hash, and only then
believes a word of the rest:

    ASKING --HELLO, same hash--> UP            HELLO with another nonce: UP again (the chip reset)
    ASKING --HELLO, other hash--> REFUSED      only another HELLO leads out
    UP --silence--> ASKING

Commands go one at a time and are repeated until acknowledged: a chip executes one
(boot nonce, sequence) once. One that grows too old is given up: nobody wants the wheels locked an
hour after he asked. Streams are not acknowledged; lost frames are counted by the sequence
byte. Nothing that comes over the wire raises: what is no message is counted in `bad_frames`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum

from firmware_bridge import frames, messages
from firmware_bridge.frames import Frame, FrameReader, WireError
from firmware_bridge.messages import AckResult, Command, FromChip, Hello

HELLO_EVERY_MS = 250
SILENCE_MS = 1000
RETRY_AFTER_MS = 200
TRIES_MAX = 5
QUEUE_MAX = 32
COMMAND_LIFE_MS = 5000


class LinkState(Enum):
    """Where the conversation stands."""

    ASKING = "asking"
    UP = "up"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The chip speaks our dictionary. `reset`: it has started anew since it was last up."""

    hello: Hello
    reset: bool


@dataclass(frozen=True, slots=True)
class LinkDown:
    """Nothing believable came for `SILENCE_MS`, or nothing at all since the start.

    `noise`: more bytes came in a row than a frame can have, and no frame was among them."""

    noise: bool = False


@dataclass(frozen=True, slots=True)
class SchemaMismatch:
    """The chip was built with another dictionary: one of the two sides must be updated."""

    ours: int
    theirs: int
    firmware_version: str


@dataclass(frozen=True, slots=True)
class Received:
    """One message of the stream: Samples or Fault."""

    message: FromChip


@dataclass(frozen=True, slots=True)
class GapSeen:
    """`frames` frames from the chip never arrived, or arrived broken (at most 255 a gap)."""

    frames: int


@dataclass(frozen=True, slots=True)
class CommandDone:
    """The chip answered this command; `result` says whether it obeyed."""

    command: Command
    result: AckResult


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """Given up: repeated `TRIES_MAX` times without an answer, or older than `COMMAND_LIFE_MS`."""

    command: Command


LinkEvent = LinkUp | LinkDown | SchemaMismatch | Received | GapSeen | CommandDone | CommandFailed


@dataclass(slots=True)
class _Pending:
    command: Command
    asked_ms: int
    sequence: int = 0
    tries: int = 0
    due_ms: int = 0


class Link:
    """One conversation with one chip. Times are the caller's monotonic milliseconds."""

    def __init__(self) -> None:
        self.state = LinkState.ASKING
        self._reader = FrameReader()
        self._bad_messages = 0
        self._nonce: int | None = None
        self._chip_sequence: int | None = None
        self._command_sequence = 0
        self._queue: deque[_Pending] = deque()
        self._pending: _Pending | None = None
        self._ask_due_ms: int | None = None
        self._heard_ms: int | None = None
        self._down_told = False
        self._unframed_bytes = 0

    @property
    def bad_frames(self) -> int:
        """Pieces of the byte stream that were no message of the dictionary."""
        return self._reader.bad + self._bad_messages

    def send(self, command: Command, now_ms: int) -> bool:
        """Queue a command; False when the queue is full. WireError when a value cannot fit."""
        command.encode()
        if len(self._queue) >= QUEUE_MAX:
            return False
        self._queue.append(_Pending(command, now_ms))
        return True

    def disconnected(self) -> None:
        """The port went: forget half a frame, ask anew when it is back. The queue is kept."""
        self._reader = _renewed(self._reader)
        self._ask_anew()
        self._heard_ms = None
        self._down_told = False
        self._unframed_bytes = 0

    def receive(self, data: bytes, now_ms: int) -> list[LinkEvent]:
        """What `data` means. Call it at least every 100 ms, also with nothing: silence counts."""
        events: list[LinkEvent] = []
        if self._heard_ms is None:
            self._heard_ms = now_ms
        good = self._reader.feed(data)
        self._unframed_bytes = 0 if good else self._unframed_bytes + len(data)
        for frame in good:
            events += self._take(frame, now_ms)
        if now_ms - self._heard_ms >= SILENCE_MS and not self._down_told:
            self._ask_anew()
            self._down_told = True
            events.append(LinkDown(noise=self._unframed_bytes > frames.STUFFED_BYTES_MAX))
        return events + self._given_up(now_ms)

    def to_send(self, now_ms: int) -> bytes:
        """Bytes to write now: the question for HELLO, or the next or repeated command."""
        if self.state is not LinkState.UP:
            if self._ask_due_ms is not None and now_ms < self._ask_due_ms:
                return b""
            self._ask_due_ms = now_ms + HELLO_EVERY_MS
            return _encode(messages.HelloRequest(messages.SCHEMA_HASH), 0)
        if self._pending is None and self._queue:
            self._command_sequence = self._command_sequence % 255 + 1
            self._pending = self._queue.popleft()
            self._pending.sequence, self._pending.due_ms = self._command_sequence, now_ms
        if self._pending is None or now_ms < self._pending.due_ms:
            return b""
        if self._pending.tries >= TRIES_MAX:
            return b""
        self._pending.tries += 1
        self._pending.due_ms = now_ms + RETRY_AFTER_MS
        assert self._nonce is not None, "the link is up only after a HELLO"
        return _encode(
            replace(self._pending.command, boot_nonce=self._nonce), self._pending.sequence
        )

    def _take(self, frame: Frame, now_ms: int) -> list[LinkEvent]:
        try:
            message = _decode(frame)
        except WireError:
            self._bad_messages += 1
            return []
        if isinstance(message, Hello):
            return self._greet(message, frame.sequence, now_ms)
        if self.state is not LinkState.UP:
            return []
        self._heard_ms = now_ms
        events = self._gap(frame.sequence)
        if isinstance(message, messages.Ack):
            return events + self._acknowledged(message)
        return [*events, Received(message)]

    def _greet(self, hello: Hello, sequence: int, now_ms: int) -> list[LinkEvent]:
        self._heard_ms = now_ms
        self._down_told = False
        if hello.schema_hash != messages.SCHEMA_HASH:
            told = self.state is LinkState.REFUSED
            self.state = LinkState.REFUSED
            mismatch = SchemaMismatch(
                messages.SCHEMA_HASH, hello.schema_hash, hello.firmware_version
            )
            return [] if told else [mismatch]
        if self.state is LinkState.UP and hello.boot_nonce == self._nonce:
            return self._gap(sequence)  # the answer to a question asked twice
        same_boot = hello.boot_nonce == self._nonce
        reset = self._nonce is not None and not same_boot
        events = self._gap(sequence) if same_boot else []
        self._chip_sequence = sequence
        self._nonce = hello.boot_nonce
        self.state = LinkState.UP
        if not same_boot:
            self._address_anew(hello.last_command)
        return [*events, LinkUp(hello, reset)]

    def _address_anew(self, last_command: int) -> None:
        """A chip that started anew has forgotten: what was not acknowledged goes to it again."""
        self._command_sequence = last_command
        if self._pending:
            self._queue.appendleft(_Pending(self._pending.command, self._pending.asked_ms))
            self._pending = None

    def _gap(self, sequence: int) -> list[LinkEvent]:
        before, self._chip_sequence = self._chip_sequence, sequence
        lost = 0 if before is None else (sequence - before - 1) % 256
        return [GapSeen(lost)] if lost else []

    def _acknowledged(self, ack: messages.Ack) -> list[LinkEvent]:
        pending = self._pending
        if pending is None or ack.command_sequence != pending.sequence:
            return []  # the answer to a repeated command that was answered already
        if ack.result is AckResult.WRONG_BOOT:
            self._ask_anew()
            return []
        self._pending = None
        return [CommandDone(pending.command, ack.result)]

    def _given_up(self, now_ms: int) -> list[LinkEvent]:
        failed: list[LinkEvent] = []
        pending = self._pending
        if pending and (
            (pending.tries >= TRIES_MAX and now_ms >= pending.due_ms)
            or now_ms - pending.asked_ms > COMMAND_LIFE_MS
        ):
            failed.append(CommandFailed(pending.command))
            self._pending = None
        while self._queue and now_ms - self._queue[0].asked_ms > COMMAND_LIFE_MS:
            failed.append(CommandFailed(self._queue.popleft().command))
        return failed

    def _ask_anew(self) -> None:
        self.state = LinkState.ASKING
        self._ask_due_ms = None


def _decode(frame: Frame) -> FromChip:
    kind = messages.FROM_CHIP.get(frame.type)
    if kind is None:
        raise WireError(f"unknown message type {frame.type:#x}")
    return kind.decode(frame.payload)


def _encode(message: messages.ToChip, sequence: int) -> bytes:
    return frames.encode(Frame(message.TYPE, sequence, message.encode()))


def _renewed(reader: FrameReader) -> FrameReader:
    fresh = FrameReader()
    fresh.bad = reader.bad
    return fresh
