"""Whatever comes in malformed is one named error, soon and in little memory: every decoder of the
contract, of catalogs and of codes."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from cart.contract import screen, senses
from cart.contract.lines import ContractError, LineBuffer
from cart.contract.lines import decode as decode_line
from cart.contract.store import CHANNELS, PAYLOAD_BYTES_MAX, Channel, decode, parse, topic_of
from cart.core.catalog import CatalogError, CatalogIndex, parse_catalog
from cart.core.codes import meaning
from cart.core.observations import AnyObservation
from tests.data import ROOT
from tests.mutations import MUTATIONS, mutated, refuse_or_read

KEPT = Path(__file__).parent / "samples"
SAMPLES = {path.stem: path.read_bytes().strip() for path in sorted(KEPT.glob("*.json"))}
MESSAGES = [channel for channel in CHANNELS if channel.message is not None]
EXAMPLE = ROOT / "docs" / "schemas" / "example"
CATALOG = (EXAMPLE / "catalog.json").read_bytes()
OBSERVATIONS = (EXAMPLE / "observations.jsonl").read_bytes().splitlines()
LINES: dict[str, tuple[Any, list[bytes]]] = {
    "snapshot": (screen.Snapshot, (ROOT / "tests/ui/snapshots.jsonl").read_bytes().splitlines()),
    "observation": (AnyObservation, OBSERVATIONS),
    "intent": (screen.Intent, [b'{"kind":"help"}', b'{"kind":"pay"}', *OBSERVATIONS]),
    "of the eyes": (senses.EyesMessage, [
        b'{"kind":"code_read","text":"09520000000011","symbology":"EAN13","sensed_ms":5}',
        b'{"kind":"alive"}', *OBSERVATIONS,
    ]),
    "to the eyes": (senses.ToEyesMessage, [
        b'{"kind":"known_codes","codes":["09520000000011"]}',
        b'{"kind":"keep_clip","reason":"doubted_line","sensed_ms":5}',
    ]),
}  # fmt: skip
CODES = [
    b"09520000000011", b"4011", b"04210009", b"2012345678906",
    b"]C101095200000000111722113010AB\x1d",
    b"https://id.gs1.org/01/09520000000011/10/AB?17=221130", b"\x1d0109520000000011392 0199",
    b"8110106141416543213500110000310123196000", b"]d2010952000000001130",
]  # fmt: skip
SYMBOLOGIES = ("", "EAN13", "UPCA", "EAN8", "UPCE", "ITF14", "ITF", "DATABAR", "DATABAR_EXP",
               "CODE128", "QR", "DATAMATRIX", "]E0", "]zz", "\0")  # fmt: skip


@pytest.mark.parametrize("channel", MESSAGES, ids=lambda channel: channel.name)
def test_every_message_is_read_or_refused(channel: Channel) -> None:
    """Of the store's wire; mutations of all its kept samples."""
    assert channel.message is not None
    samples = [data for stem, data in SAMPLES.items() if stem.split(".")[0] == channel.name]
    refuse_or_read(partial(decode, channel.message), samples, (ContractError,))


@pytest.mark.parametrize("what", LINES)
def test_every_line_is_read_or_refused(what: str) -> None:
    """Of the local sockets, and of recorded trips."""
    kind, samples = LINES[what]
    refuse_or_read(lambda data: decode_line(kind, data, what), samples, (ContractError,))


def test_a_stream_of_anything_holds_little() -> None:
    """Lines of any length, in pieces of any length: none above the bound comes out or is held."""
    random, buffer, bytes_max = Random(1), LineBuffer(1_000), 1_000
    for _ in range(10 * MUTATIONS):
        data = random.choice((b"x" * 5_000, b"\n", mutated(random, OBSERVATIONS), b"\n" * 300))
        assert all(0 < len(line) <= bytes_max for line in buffer.feed(data))
        assert len(buffer._held) <= bytes_max
    buffer.feed(b"\n")
    assert buffer.feed(b"whole\n") == [b"whole"]


def test_every_topic_is_a_channel_or_refused() -> None:
    """Topics come as text; what is no channel of version 1 is said so."""
    names = dict.fromkeys(("cart", "app", "shopper", "claim", "file"), "a-1")
    topics = [
        topic_of(channel.name, "acme", "s", sha256="ab" * 32, number="0", version="8", **names)
        for channel in CHANNELS
    ]
    samples = [topic.encode() for topic in topics]
    refuse_or_read(lambda data: parse(data.decode("utf-8", "replace")), samples, (ContractError,))


def test_every_catalog_is_read_or_refused() -> None:
    """A catalog with anything wrong names its row, and one that is read can be looked up in."""
    refuse_or_read(lambda data: CatalogIndex(parse_catalog(data)), [CATALOG], (CatalogError,))


def test_every_scanned_text_means_something() -> None:
    """Whatever a scanner sends under any symbology has a meaning, if only that it is no code."""
    index = CatalogIndex(parse_catalog(CATALOG))
    random = Random(2)

    def scan(data: bytes) -> None:
        text = data.decode("utf-8", random.choice(("replace", "surrogateescape")))
        found = meaning(text, random.choice(SYMBOLOGIES), index, date(2026, 11, 23))
        assert msgspec.json.encode(found)

    for seed in range(10):
        refuse_or_read(scan, CODES, (), seed)


@pytest.mark.parametrize(
    "data",
    [b"[" * PAYLOAD_BYTES_MAX, b'{"a":' * (PAYLOAD_BYTES_MAX // 5), b"9" * PAYLOAD_BYTES_MAX,
     b'{"boot_id":"' + b"\\u0041" * (PAYLOAD_BYTES_MAX // 6 - 9) + b'"}',
     b'{"' + b'x":1,"' * (PAYLOAD_BYTES_MAX // 6 - 2) + b'y":1}'],
    ids=["arrays", "objects", "digits", "escapes", "fields"],
)  # fmt: skip
def test_the_longest_payloads_are_soon_refused(data: bytes) -> None:
    """As deep, as large or as many as a message may be, for every message."""
    assert len(data) <= PAYLOAD_BYTES_MAX
    for channel in MESSAGES:
        assert channel.message is not None
        with pytest.raises(ContractError):
            decode(channel.message, data)
