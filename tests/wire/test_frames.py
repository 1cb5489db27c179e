"""The codec: what goes in comes out, and what is damaged does not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import frames, messages
from firmware_bridge.frames import Frame, FrameReader, WireError

BYTE = st.integers(0, 255)
FRAMES = st.builds(Frame, BYTE, BYTE, st.binary(max_size=frames.PAYLOAD_BYTES_MAX))
U16, U32 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1)
I16, U64 = st.integers(-(2**15), 2**15 - 1), st.integers(0, 2**64 - 1)
MESSAGES = st.one_of(
    st.builds(
        messages.Hello,
        U32,
        U32,
        st.sampled_from(messages.ResetCause),
        BYTE,
        BYTE,
        U32,
        st.text(max_size=20),
    ),
    st.builds(
        messages.Samples,
        U64,
        U32,
        BYTE,
        U16,
        st.lists(st.integers(-(2**31), 2**31 - 1), max_size=16).map(tuple),
    ),
    st.builds(messages.Fault, BYTE, st.sampled_from(messages.FaultCode), refused=U16),
    st.builds(messages.Motion, U64, I16, I16, I16, U16, U16),
    st.builds(messages.Environment, U64, U16, I16),
    st.builds(messages.Ack, BYTE, st.sampled_from(messages.AckResult)),
    st.builds(messages.HelloRequest, U32),
    st.builds(messages.StartStream, BYTE, boot_nonce=U32),
    st.builds(messages.StopStream, boot_nonce=U32),
    st.builds(messages.SetLight, BYTE, BYTE, BYTE, boot_nonce=U32),
    st.builds(messages.Beep, U16, U16, boot_nonce=U32),
    st.builds(messages.SetWheelLock, BYTE, boot_nonce=U32),
    st.builds(messages.Restart, boot_nonce=U32),
)


@given(st.lists(FRAMES), st.integers(1, 40))
def test_any_frames_in_any_pieces_come_out_as_they_went_in(sent: list[Frame], piece: int) -> None:
    """Cutting the stream anywhere changes nothing."""
    stream = b"".join(frames.encode(frame) for frame in sent)
    reader = FrameReader()
    got = [
        frame
        for start in range(0, len(stream), piece)
        for frame in reader.feed(stream[start : start + piece])
    ]
    assert got == sent
    assert reader.bad == 0


@given(FRAMES, st.data())
def test_a_damaged_frame_never_comes_out(frame: Frame, data: st.DataObject) -> None:
    """One bent byte is a bad frame, never another frame, and the next frame is unharmed."""
    wire = bytearray(frames.encode(frame))
    place = data.draw(st.integers(1, len(wire) - 2))
    wire[place] ^= data.draw(st.integers(1, 255))
    reader = FrameReader()
    got = reader.feed(bytes(wire) + frames.encode(frame))
    assert got == [frame]
    assert reader.bad >= 1


@given(st.binary(max_size=500), FRAMES)
def test_junk_before_a_frame_costs_only_the_junk(junk: bytes, frame: Frame) -> None:
    """Whatever came before, a whole frame after it is read."""
    assert FrameReader().feed(junk + frames.encode(frame))[-1] == frame


def test_the_reader_keeps_no_more_than_one_frame() -> None:
    """A megabyte without a delimiter is one bad frame and takes no memory."""
    reader = FrameReader()
    dice = random.Random(5)
    for _ in range(1000):
        assert reader.feed(dice.randbytes(1000).replace(b"\0", b"\1")) == []
        assert len(reader._partial) <= frames.STUFFED_BYTES_MAX
    assert reader.feed(frames.encode(Frame(2, 7, b"ok"))) == [Frame(2, 7, b"ok")]
    assert reader.bad == 1


def test_a_payload_that_is_too_long_is_refused() -> None:
    """Nobody can put a frame on the wire that the other side would have to drop."""
    with pytest.raises(WireError, match="97 bytes; at most 96"):
        frames.encode(Frame(1, 1, bytes(97)))


def test_a_known_frame_has_known_bytes() -> None:
    """The frame "123456789": its checksum is the published check value 0x6F91, low byte first."""
    frame = Frame(ord("1"), ord("2"), b"3456789")
    assert frames.encode(frame) == b"\0\x0c123456789\x91\x6f\0"


@given(MESSAGES)
def test_every_message_survives_its_own_bytes(message: messages.FromChip | messages.ToChip) -> None:
    """decode(encode(m)) == m for all messages of the dictionary."""
    assert type(message).decode(message.encode()) == message


@given(st.sampled_from([*messages.FROM_CHIP.values(), *messages.TO_CHIP.values()]), st.binary())
def test_a_payload_is_a_message_or_a_wire_error(
    kind: type[messages.FromChip | messages.ToChip], payload: bytes
) -> None:
    """Decoding any bytes gives a message that encodes to them, or WireError; nothing else."""
    try:
        message = kind.decode(payload)
    except WireError:
        return
    assert message.encode() == payload


def test_a_value_that_does_not_fit_is_refused() -> None:
    """A colour of 300 is the caller's mistake and says so."""
    with pytest.raises(WireError, match="does not fit"):
        messages.SetLight(300, 0, 0).encode()
