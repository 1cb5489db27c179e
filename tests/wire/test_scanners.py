"""What every scanner of the table must do, and what is its own.

A new scanner is a row in `SCANNERS` and a way to send here; the conformance tests then hold for it.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cart.core.observations import InputRefused, ScanSeen
from cart.shell.clock import monotonic_ms
from cart.shell.config import ScannerConfig
from cart.shell.inbox import Inbox
from cart.shell.scanner_sense import ScannerSense
from firmware_bridge.port import PortLost
from firmware_bridge.scanners import SCANNERS, UnknownScannerError, open_scanner, open_stream
from firmware_bridge.scanners.base import CODE_BYTES_MAX, Read, Refused, ScannerEvent
from firmware_bridge.scanners.wedge import PLAIN, SHIFTED
from firmware_bridge.streams import DeviceFile
from tests.waiting import serving, until

SHIFT, ENTER, TAB, CTRL, ALT, META, F4, DELETE = 42, 28, 15, 29, 56, 125, 62, 111
KEY_OF: dict[str, tuple[int, ...]] = {char: (code,) for code, char in PLAIN.items()}
KEY_OF |= {char: (SHIFT, code) for code, char in SHIFTED.items() if char not in KEY_OF}
MILLION = 1_000_000


def key_event(code: int, value: int, at_us: int = 0, kind: int = 1) -> bytes:
    """One event of a Linux input device; 0 released, 1 pressed."""
    return struct.pack("<qqHHi", 1_700_000_000 + at_us // 10**6, at_us % 10**6, kind, code, value)


def chord(*codes: int, at_us: int = 0) -> bytes:
    """Keys pressed together, with the events between keys that every device sends."""
    presses = [key_event(code, 1, at_us) for code in codes]
    releases = [key_event(code, 0, at_us) for code in reversed(codes)]
    return b"".join([key_event(4, code, at_us, kind=4) for code in codes] + presses + releases)


def typed(text: str) -> bytes:
    """A code typed by a keyboard wedge, and Enter."""
    return b"".join(chord(*KEY_OF[char]) for char in text) + chord(ENTER)


def reported(text: str) -> bytes:
    """A code in reports of a USB point-of-sale scanner; "]E0" and its like go in front."""
    code = text.encode()
    identifier, code = (
        (code[:3], code[3:]) if text[:1] == "]" and len(code) > 2 else (bytes(3), code)
    )
    parts = [code[start : start + 56] for start in range(0, len(code), 56)] or [b""]
    return b"".join(
        struct.pack("<BB3s56s2xB", 2, len(part), identifier, part, number < len(parts))
        for number, part in enumerate(parts, 1)
    )


SENT: dict[str, Callable[[str], bytes]] = {
    "keyboard": typed,
    "serial": lambda text: text.encode() + b"\r\n",
    "usb-hid-pos": reported,
}


@pytest.fixture(params=sorted(SCANNERS))
def name(request: pytest.FixtureRequest) -> str:
    """Each scanner in turn."""
    scanner: str = request.param
    return scanner


def test_each_scanner_has_its_peer() -> None:
    """No scanner stays without this test."""
    assert set(SENT) == set(SCANNERS)


def test_codes_are_read_with_their_identifier(name: str) -> None:
    """Digits, an AIM identifier, a web address, a code of several reports, an empty one."""
    codes = ["9520000000011", "]E09520000000011", "https://id.gs1.org/01/09520123456788", "A" * 200]
    stream = b"".join(SENT[name](code) for code in [*codes, ""])
    assert open_scanner(name).receive(stream) == [Read(code) for code in codes]


@given(st.lists(st.text("0123456789AZaz]-./ ", max_size=150), max_size=6), st.integers(1, 99))
def test_reads_do_not_depend_on_the_pieces(codes: list[str], size: int) -> None:
    """However the device's bytes are cut, the same reads come out."""
    for name, send in SENT.items():
        stream = b"".join(send(code) for code in codes)
        scanner = open_scanner(name)
        if name == "usb-hid-pos":
            size *= 64  # the kernel never cuts a report
        pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
        got = [event for piece in pieces for event in scanner.receive(piece)]
        assert got == [Read(code) for code in codes if code], name


@pytest.mark.parametrize("size", [CODE_BYTES_MAX + 1, 10_000])
def test_a_code_that_is_too_long_is_refused_once(name: str, size: int) -> None:
    """Ten kilobytes are one refusal that says what to do, and the next code is read."""
    scanner = open_scanner(name)
    stream = SENT[name]("9" * size) + SENT[name]("9520000000011")
    pieces = [stream[start : start + 64] for start in range(0, len(stream), 64)]
    refused, read = (event for piece in pieces for event in scanner.receive(piece))
    assert isinstance(refused, Refused)
    assert "4296 bytes" in refused.reason
    assert read == Read("9520000000011")
    (longest,) = open_scanner(name).receive(SENT[name]("9" * CODE_BYTES_MAX))
    assert longest == Read("9" * CODE_BYTES_MAX)


def test_junk_in_a_long_code_costs_that_code_only() -> None:
    """A stream that slips in the middle of a code that is too long: the next code is read."""
    scanner = open_scanner("usb-hid-pos")
    (refused,) = scanner.receive(reported("9" * 10_000)[: 64 * 100] + b"\xff" * 3)
    assert isinstance(refused, Refused)
    assert scanner.receive(reported("9520000000011")) == [Read("9520000000011")]


@pytest.mark.parametrize("kept", [1, 30, 63])
def test_a_report_that_was_cut_is_refused(kept: int) -> None:
    """It is not put together with the next one, nor does it vanish."""
    scanner = open_scanner("usb-hid-pos")
    (refused,) = scanner.receive(reported("4006381333931")[:kept])
    assert isinstance(refused, Refused)
    assert "no whole report" in refused.reason
    assert scanner.receive(reported("9520000000011")) == [Read("9520000000011")]


def test_two_codes_of_a_usb_scanner_never_become_one() -> None:
    """A code whose rest never came: refused when another symbology follows, or nothing for long."""
    half = reported("]E0" + "1" * 90)[:64]
    scanner = open_scanner("usb-hid-pos")
    refused, read = scanner.receive(half + reported("]C19520000000011"))
    assert isinstance(refused, Refused)
    assert "in the middle of a code" in refused.reason
    assert read == Read("]C19520000000011")
    assert scanner.receive(half) == []
    quiet = [event for _ in range(100) for event in scanner.receive(b"")]
    assert quiet == [refused]
    assert scanner.receive(reported("]E09520000000011")) == [Read("]E09520000000011")]
    short = bytearray(reported("]E012345"))
    short[-1] = 1  # goes on, though it had room
    assert isinstance(scanner.receive(bytes(short))[0], Refused)


@given(st.lists(st.binary(max_size=80) | st.sampled_from(["4006381333931", "]E0952"]), max_size=8))
def test_no_report_of_a_usb_scanner_invents_a_code(said: list[bytes | str]) -> None:
    """Whatever bytes come between good reports: what is read was sent as it stands."""
    pieces = [reported(part) if isinstance(part, str) else part for part in said]
    stream, scanner = b"".join(pieces), open_scanner("usb-hid-pos")
    events = [event for piece in pieces for event in scanner.receive(piece)]
    assert all(event.text.encode() in stream for event in events if isinstance(event, Read))


def test_a_million_random_bytes_do_no_harm(name: str) -> None:
    """No exception, nothing that is too long; once the junk has passed, codes are read again."""
    scanner, dice = open_scanner(name), random.Random(8)
    events: list[ScannerEvent] = []
    for _ in range(MILLION // 4_000):
        events += scanner.receive(dice.randbytes(4_000))
    reads = [event for event in events if isinstance(event, Read)]
    assert all(len(read.text) <= CODE_BYTES_MAX for read in reads)
    if name != "serial":  # lines have no shape by which junk could be told
        assert not reads
    later = scanner.receive(SENT[name]("") + SENT[name]("1") + SENT[name]("9520000000011"))
    assert later[-1] == Read("9520000000011")


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ((CTRL, 30), "Ctrl"),
        ((ALT, F4), "Alt"),
        ((META, 19), "Meta"),
        ((F4,), "F4"),
        ((1,), "Esc"),
        ((DELETE,), "key 111"),
    ],
)
def test_a_code_that_commands_the_computer_is_refused(keys: tuple[int, ...], word: str) -> None:
    """Said at once, and nothing of that code is read; the next code is."""
    scanner = open_scanner("keyboard")
    (refused,) = scanner.receive(chord(*KEY_OF["1"]) + chord(*keys))
    assert isinstance(refused, Refused)
    assert f"presses {word}" in refused.reason
    assert scanner.receive(typed("xterm") + typed("9520000000011")) == [Read("9520000000011")]


def test_a_refused_code_needs_no_end() -> None:
    """After a pause the next code is read, whether or not the one before was ended."""
    scanner = open_scanner("keyboard")
    later = b"".join(chord(*KEY_OF[char], at_us=3_000_000) for char in "42")
    assert isinstance(scanner.receive(chord(CTRL, 30))[0], Refused)
    assert scanner.receive(later + chord(TAB, at_us=3_000_001)) == [Read("42")]
    half = chord(*KEY_OF["7"], at_us=4_000_000)
    (refused,) = scanner.receive(half + chord(ENTER, at_us=9_000_000))
    assert isinstance(refused, Refused)
    assert "in the middle of a code" in refused.reason


@pytest.mark.parametrize("before", ["", "400638"])
def test_keys_that_the_computer_lost_make_no_code(before: str) -> None:
    """SYN_DROPPED: what is left is refused until the next end, and the next code is read."""
    scanner = open_scanner("keyboard")
    begun = b"".join(chord(*KEY_OF[char]) for char in before)
    (refused,) = scanner.receive(begun + key_event(3, 0, kind=0))
    assert isinstance(refused, Refused)
    assert "lost" in refused.reason
    assert scanner.receive(typed("333931") + typed("95200")) == [Read("95200")]


def test_a_shift_whose_release_was_lost_is_not_held() -> None:
    """After SYN_DROPPED no key counts as pressed."""
    scanner = open_scanner("keyboard")
    scanner.receive(key_event(SHIFT, 1) + key_event(3, 0, kind=0) + chord(ENTER))
    assert scanner.receive(typed("42")) == [Read("42")]


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x08", "\x7f"])
def test_a_code_with_control_characters_is_refused(character: str) -> None:
    """No good's code holds them; those that separate the fields of a code are let through."""
    for name in ("serial", "usb-hid-pos"):
        (refused,) = open_scanner(name).receive(SENT[name](f"95{character}2"))
        assert isinstance(refused, Refused)
        assert "control characters" in refused.reason
        parted = "]d2010952\x1d17\x1e\x04"
        assert open_scanner(name).receive(SENT[name](parted)) == [Read(parted)]


def test_a_held_key_types_once() -> None:
    """The repeats of a key that is held are no digits."""
    one = KEY_OF["1"][0]
    held = key_event(one, 1) + key_event(one, 2) * 5 + key_event(one, 0)
    assert open_scanner("keyboard").receive(held + chord(ENTER)) == [Read("1")]


def test_a_code_that_is_no_text_is_refused() -> None:
    """Bytes that are no UTF-8, from a scanner that sends bytes."""
    for name, stream in (("serial", b"\xff\xfe\r"), ("usb-hid-pos", reported("x"))):
        broken = stream.replace(b"x", b"\xff")
        (refused,) = open_scanner(name).receive(broken)
        assert isinstance(refused, Refused)
        assert "no text" in refused.reason


@pytest.mark.parametrize("name", sorted(set(SCANNERS) - {"serial"}))
def test_a_cart_reads_a_scanner_that_is_no_port(name: str, tmp_path: Path) -> None:
    """The sense of cartd over a device file: a code, and for a wedge a command that is refused."""
    path, inbox = tmp_path / "device", Inbox(monotonic_ms)
    os.mkfifo(path)
    sense = ScannerSense(ScannerConfig(path, driver=name), inbox, monotonic_ms)
    heard: list[object] = []

    def hears(kind: type) -> bool:
        heard.extend(inbox.take(20))
        return any(isinstance(observation, kind) for observation in heard)

    with serving(sense.serve, sense.stop), path.open("wb", buffering=0) as device:
        device.write(SENT[name]("9520000000011"))
        until(lambda: hears(ScanSeen), "the code")
        if name == "keyboard":
            device.write(chord(CTRL, ALT, DELETE))
            until(lambda: hears(InputRefused), "the refusal")
    assert next(o.text for o in heard if isinstance(o, ScanSeen)) == "9520000000011"


def test_a_scanner_that_is_not_there_is_said(name: str, tmp_path: Path) -> None:
    """PortLost names the path; an unknown driver is named with those there are."""
    with pytest.raises(PortLost, match="nowhere"):
        open_stream(name, str(tmp_path / "nowhere"), 115_200)
    with pytest.raises(UnknownScannerError, match="'abacus': choose from keyboard, serial"):
        open_scanner("abacus")


def test_a_device_that_others_read_too_is_no_scanner() -> None:
    """A character device that can't be had alone (here: no keyboard at all) is refused."""
    with pytest.raises(PortLost, match="cannot be had alone"):
        DeviceFile("/dev/null", grab=True)
