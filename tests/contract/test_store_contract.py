"""The store contract: one table, readable both ways, and its documents are what the code says."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cart.__main__ import main
from cart.contract import asyncapi
from cart.contract.broker import acl_text
from cart.contract.fleet import Command, DesiredConfig
from cart.contract.goods import BODIES, CatalogHead, Deals, Planogram, Published
from cart.contract.lines import ContractError
from cart.contract.signing import (
    command_text,
    config_text,
    grant_text,
    head_text,
    published_text,
)
from cart.contract.store import (
    BATCH_MAX,
    BY_NAME,
    CHANNELS,
    PAYLOAD_BYTES_MAX,
    Channel,
    EventBatch,
    PairGrant,
    decode,
    packet,
    parse,
    topic_of,
)
from cart.core.events import Event, TripOpened
from cart.core.value import Value

NAMES = {"cart": "cart-1", "app": "app-ann", "sha256": "ab" * 32, "number": "0", "version": "8",
         "claim": "claim-1", "file": "targets.json"}  # fmt: skip
SAMPLES_FOLDER = Path(__file__).parent / "samples"
# CHANNEL.N.json: the Nth form of a channel's message, as it was sent once. These decode for ever.
KEPT_SAMPLES = sorted(SAMPLES_FOLDER.glob("*.json"))
SAMPLES = {path.name.split(".")[0]: path.read_text(encoding="utf-8").strip()
           for path in KEPT_SAMPLES}  # fmt: skip
ROW = '{"seq":1,"event":{"kind":"trip_opened","t_ms":1,"trip_id":"t"},"hash":"' + "0" * 64 + '"}'
MESSAGES = [channel for channel in CHANNELS if channel.message is not None]


def message_of(channel: Channel) -> type[Value]:
    """What a channel carries that carries messages."""
    assert channel.message is not None
    return channel.message


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_topics_read_back(channel: Channel) -> None:
    """Every topic that is made is recognised, with the names that stand in it."""
    topic = topic_of(channel.name, "acme", "store-1", **NAMES)
    address = parse(topic)
    assert address.channel == channel
    assert address.names == {name: NAMES[name] for name in address.names}


@pytest.mark.parametrize(
    "topic",
    ["", "sc/1/a/b", "sc/2/a/b/store/state", "sc/1/a/b/cart//state", "sc/1/a/b/cart/x/y/state",
     "sc/1/a/b/cart/+/state", "sc/1/a/b/cart/#", "sc/1/a/b/cart/x\n/state"],
)  # fmt: skip
def test_foreign_topics_are_refused(topic: str) -> None:
    """What is no channel, or names nobody, is one clear error."""
    with pytest.raises(ContractError, match="not a channel"):
        parse(topic)


@pytest.mark.parametrize("path", KEPT_SAMPLES, ids=lambda path: path.stem)
def test_kept_samples_decode(path: Path) -> None:
    """A message as it was once sent decodes, with a field of the future in it, too."""
    channel = BY_NAME[path.name.split(".")[0]]
    kind = message_of(channel)
    sample = path.read_bytes().strip()
    message = decode(kind, sample)
    newer = sample[:-1] + b',"field_of_the_future":[1]}'
    assert decode(kind, newer) == message
    sent = packet(channel.name, message, "acme", "store-1", **NAMES)
    assert decode(kind, sent.payload) == message
    assert (sent.retain, sent.expiry_s, sent.qos) == (
        channel.retain,
        channel.expiry_s,
        channel.qos,
    )


def test_every_message_has_a_kept_sample() -> None:
    """Whoever adds a message keeps a sample of it."""
    assert set(SAMPLES) == {channel.name for channel in MESSAGES}


@pytest.mark.parametrize("name", ["catalog_delta", "deals", "recall", "planogram"])
def test_the_kept_bodies_decode(name: str) -> None:
    """What is published travels as it was written, and reads as its kind says."""
    published = decode(Published, SAMPLES[name].encode())
    kind = message_of(BY_NAME[name])
    assert issubclass(kind, Published)
    assert msgspec.json.decode(published.body, type=BODIES[kind]) is not None


def test_a_claim_is_nobody_else() -> None:
    """Under a claim's name nobody speaks as a cart or as a shopper's app."""
    for topic in ("cart/claim-1/up/ev", "cart/claim-1/state", "app/claim-1/up/pair"):
        with pytest.raises(ContractError, match="not a channel"):
            parse(f"sc/1/acme/store-1/{topic}")
    assert parse("sc/1/acme/store-1/prov/claim-1/csr").names == {"claim": "claim-1"}


def test_an_app_is_no_cart_and_a_cart_no_app() -> None:
    """Under an app's name nobody speaks as a cart, under a cart's nobody as an app; nor is either
    the store's service."""
    for topic in ("cart/app-ann/up/birth", "cart/store-7/up/ev", "app/cart-1/up/pair"):
        with pytest.raises(ContractError, match="not a channel"):
            parse(f"sc/1/acme/store-1/{topic}")
    assert parse("sc/1/acme/store-1/app/app-ann/up/pair").names == {"app": "app-ann"}
    assert parse("sc/1/acme/store-1/cart/apple/up/ev").names == {"cart": "apple"}


def test_the_access_list_is_the_table() -> None:
    """Each channel has one line: who speaks writes it, who listens reads it, under its own name."""
    lines = acl_text().splitlines()
    for channel in CHANNELS:
        access = "read" if channel.direction == "down" else "write"
        topic = re.sub(r"{(cart|app|claim)}", "%u", channel.topic)
        line = f"pattern {access} sc/1/@TENANT@/@STORE@/{re.sub(r'{[a-z0-9]+}', '+', topic)}"
        assert lines.count(line) == 1
    assert sum(line.startswith("pattern ") for line in lines) == len(CHANNELS)


@pytest.mark.parametrize("channel", MESSAGES, ids=lambda channel: channel.name)
def test_samples_fit_the_document(channel: Channel) -> None:
    """The generated schemas accept what the programs send."""
    schemas = {"components": asyncapi.document()["components"]}
    name = message_of(channel).__name__
    schema = {"$ref": f"#/components/schemas/{name}", **msgspec.to_builtins(schemas)}
    Draft202012Validator(schema).validate(msgspec.json.decode(SAMPLES[channel.name]))


@pytest.mark.parametrize("channel", MESSAGES, ids=lambda channel: channel.name)
@given(data=st.data())
def test_damaged_payloads_are_refused_or_read(channel: Channel, data: st.DataObject) -> None:
    """Cut or changed bytes give a message or a ContractError, never anything else."""
    sample = SAMPLES[channel.name].encode()
    cut = data.draw(st.integers(0, len(sample)))
    junk = data.draw(st.binary(max_size=8))
    kind = message_of(channel)
    with suppress(ContractError):
        message = decode(kind, sample[:cut] + junk + sample[cut + len(junk) :])
        assert isinstance(message, kind)


def test_limits_hold() -> None:
    """Too many rows, or too many bytes, are refused by name."""
    rows = ",".join([ROW] * (BATCH_MAX + 1))
    with pytest.raises(ContractError, match="entries"):
        decode(EventBatch, f'{{"epoch":1,"entries":[{rows}]}}'.encode())
    with pytest.raises(ContractError, match="at most"):
        decode(EventBatch, b" " * (PAYLOAD_BYTES_MAX + 1))


@pytest.mark.parametrize("channel", ["pair_grant", "catalog_head"])
def test_no_name_ends_in_a_new_line(channel: str) -> None:
    """A signed text has one line a value, so a value with a new line is refused when read."""
    kind = message_of(BY_NAME[channel])
    for name, value in msgspec.json.decode(SAMPLES[channel]).items():
        if isinstance(value, str) and name != "signature":
            longer = SAMPLES[channel].replace(f'"{value}"', f'"{value}\\n"')
            with pytest.raises(ContractError, match=name):
                decode(kind, longer.encode())


def test_a_row_stays_byte_for_byte() -> None:
    """An event keeps its bytes, so its hash still holds after a journey through older software."""
    event = b'{"kind":"trip_opened",  "t_ms":1,"trip_id":"t","new":1}'
    row = b'{"seq":1,"event":' + event + b',"hash":"' + b"0" * 64 + b'"}'
    batch = decode(EventBatch, b'{"epoch":1,"entries":[' + row + b"]}")
    assert bytes(batch.entries[0].event) == event
    assert msgspec.json.decode(batch.entries[0].event, type=Event) == TripOpened(1, "t")


def test_every_field_is_signed() -> None:
    """A signed text changes with each value it covers, and with what it is for."""
    head = decode(CatalogHead, SAMPLES["catalog_head"].encode())
    grant = decode(PairGrant, SAMPLES["pair_grant"].encode())
    changes: dict[str, Any] = {"version": 2, "sha256": "cd" * 32, "size_bytes": 8, "chunks": 2,
                               "pieces": ("ef" * 32,)}  # fmt: skip
    heads = [msgspec.structs.replace(head, **{name: new}) for name, new in changes.items()]
    texts = {head_text("a", "b", each) for each in (head, *heads)}
    texts |= {head_text("b", "a", head), head_text("a", "c", head)}
    assert len(texts) == len(changes) + 3
    given = {"nonce": "nonce-0002", "trip_id": "u", "shopper": "bob", "member": True,
             "expires_utc_ms": 2}  # fmt: skip
    grants = [msgspec.structs.replace(grant, **{name: new}) for name, new in given.items()]
    texts = {grant_text("c", each) for each in (grant, *grants)} | {grant_text("d", grant)}
    assert len(texts) == len(given) + 2


def test_every_order_is_signed() -> None:
    """The signed text of a command, of settings and of what is published covers each value."""
    command = decode(Command, SAMPLES["command"].encode())
    config = decode(DesiredConfig, SAMPLES["config"].encode())
    deals = decode(Deals, SAMPLES["deals"].encode())
    replace = msgspec.structs.replace
    texts = [
        command_text("c", command),
        command_text("d", command),
        command_text("c", replace(command, cmd_id="c-2")),
        command_text("c", replace(command, action="lock")),
        command_text("c", replace(command, expires_utc_ms=6)),
        command_text("c", replace(command, arguments={})),
        config_text("c", config),
        config_text("d", config),
        config_text("c", replace(config, version=4)),
        config_text("c", replace(config, settings={"volume": 8})),
        published_text("a", "b", deals),
        published_text("b", "a", deals),
        published_text("a", "b", replace(deals, version=3)),
        published_text("a", "b", replace(deals, effective_utc_ms=3)),
        published_text("a", "b", replace(deals, body=msgspec.Raw(b"[1]"))),
        published_text("a", "b", decode(Planogram, SAMPLES["deals"].encode())),
    ]
    assert len(set(texts)) == len(texts)


def test_documents_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--check names what is stale and exits 1; after writing it is content."""
    arguments = ["contract", "--docs", str(tmp_path / "docs")]
    assert main([*arguments, "--check"]) == 1
    assert "event.schema.json is stale" in capsys.readouterr().err
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0
    written = (tmp_path / "docs" / "asyncapi.yaml").read_text()
    assert all(f"  {channel.name}:\n" in written for channel in CHANNELS)
    for name in asyncapi.SCHEMAS:
        schema = msgspec.json.decode(
            (tmp_path / "docs" / "schemas" / f"{name}.schema.json").read_bytes()
        )
        Draft202012Validator.check_schema(schema)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    """No $ref of the AsyncAPI document is dead."""
    document = asyncapi.document()
    for reference in references(document):
        node: Any = document
        for key in reference.removeprefix("#/").split("/"):
            node = node[key]


def references(node: object) -> list[str]:
    """Every $ref below a node."""
    if isinstance(node, dict):
        here = [node["$ref"]] if "$ref" in node else []
        return here + [found for child in node.values() for found in references(child)]
    if isinstance(node, list | tuple):
        return [found for child in node for found in references(child)]
    return []
