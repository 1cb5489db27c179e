"""The attempts, as tables: who tries what, and where the refusal must show.

An attempt gives back what it got hold of ("" for nothing) and whether it was told so in an answer.
Whoever adds a channel to the contract adds an attempt on it: the first table is made from CHANNELS.
"""

from __future__ import annotations

import queue
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Literal, NamedTuple

import msgspec
from paho.mqtt.enums import MQTTProtocolVersion

from cart.contract.fleet import CertificateRequest
from cart.contract.store import CHANNELS, PAYLOAD_BYTES_MAX, ROOT, Channel, PairClaim, PayRequest
from rig.hostile.intruder import GONE, Intruder, Papers, tls_context
from rig.hostile.site import APP, HOSTILE, SHOPPER, STORE, TENANT, VICTIM, Site, batch

Seen = Literal["broker", "store", "cart", "answer"]
HERE = ROOT.format(tenant=TENANT, store=STORE)
DENIED = 135
REFUSED_FROM = 128
NAMES = {"cart": VICTIM, "app": "app-bob", "claim": VICTIM, "sha256": "ab" * 32, "number": "0",
         "version": "2", "file": "targets.json"}  # fmt: skip


class Result(NamedTuple):
    """What was got ("": nothing), and whether the broker or the store said no in an answer."""

    got: str = ""
    told: bool = False


class Attempt(NamedTuple):
    """One try. `still`: nothing but it moves meanwhile, so all of the loot must stay the same."""

    kind: str
    name: str
    seen: Seen
    run: Callable[[Site], Result]
    still: bool = True


def attempts() -> Iterator[Attempt]:
    """Every attempt by somebody who has not the store's own papers."""
    yield from _bad_papers()
    yield from _foreign_topics()
    yield from _wildcards()
    yield from _forged_wills()
    yield from _malformed()
    yield from _replays()


def _bad_papers() -> Iterator[Attempt]:
    for name in ("", "strange", "old", "young", "thief", "broker"):
        yield Attempt("papers", name or "none", "broker", _let_in(name))
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        yield Attempt("downgrade", version.name, "broker", _old_tls(version))
    yield Attempt("downgrade", "plain text", "broker", _plain)
    yield Attempt("downgrade", "not TLS at all", "broker", _noise)
    for protocol in (MQTTProtocolVersion.MQTTv31, MQTTProtocolVersion.MQTTv311):
        topic = f"{HERE}cart/{VICTIM}/up/ev"
        yield Attempt(
            "downgrade", f"{protocol.name} publish", "broker", _publish(HOSTILE, topic, protocol)
        )


def _let_in(name: str) -> Callable[[Site], Result]:
    def run(site: Site) -> Result:
        papers = Papers(VICTIM, site.broker.certificates, name)
        with Intruder(papers, site.broker.port) as intruder:
            return Result(f"{name or 'nobody'} is let in" if intruder.accepted else "")

    return run


def _old_tls(version: ssl.TLSVersion) -> Callable[[Site], Result]:
    def run(site: Site) -> Result:
        folder = site.broker.certificates
        context = tls_context(Papers(VICTIM, folder, VICTIM, tls=version), folder)
        with socket.create_connection(("127.0.0.1", site.broker.port), timeout=5) as wire:
            try:
                with context.wrap_socket(wire, server_hostname="127.0.0.1") as spoken:
                    return Result(f"{spoken.version()} is spoken")
            except OSError:
                return Result()

    return run


def _plain(site: Site) -> Result:
    with Intruder(Papers(VICTIM), site.broker.port) as intruder:
        return Result("plain text is spoken" if intruder.accepted else "")


def _noise(site: Site) -> Result:
    with socket.create_connection(("127.0.0.1", site.broker.port), timeout=5) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with suppress(OSError):
            wire.recv(64)  # an alert of TLS, or nothing
    return Result()


def _foreign_topics() -> Iterator[Attempt]:
    for channel in CHANNELS:
        topic = HERE + channel.topic.format_map(NAMES)
        yield Attempt(
            "foreign topic", f"cart to {channel.name}", "broker", _publish(HOSTILE, topic)
        )
    for topic in (
        "app/app-bob/up/pair",
        f"app/{APP}/up/pay",
        f"cart/{VICTIM}/up/ev",
        "store/state",
    ):
        yield Attempt("foreign topic", f"app to {topic}", "broker", _publish(APP, HERE + topic))
    for topic in (f"prov/{VICTIM}/csr", f"cart/{VICTIM}/up/ev", "store/recall", "prov/x/cert"):
        yield Attempt(
            "foreign topic", f"claim to {topic}", "broker", _publish("claim", HERE + topic)
        )
    for topic in ("sc/1/other/store-1/store/state", "sc/2/acme/store-1/store/state", "$SYS/x"):
        yield Attempt("foreign topic", topic, "broker", _publish(HOSTILE, topic))


def _publish(
    who: str, topic: str, protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5
) -> Callable[[Site], Result]:
    def run(site: Site) -> Result:
        papers = msgspec.structs.replace(site.papers(who), protocol=protocol)
        with Intruder(papers, site.broker.port) as intruder:
            assert intruder.accepted, f"{who} has good papers"
            code = intruder.say(topic, b"{}")
        modern = protocol is MQTTProtocolVersion.MQTTv5
        # Older versions have no word for no: there only the loot and the broker's log tell.
        got = f"the broker takes it: {code}" if modern and code not in (DENIED, GONE) else ""
        return Result(got, told=code == DENIED)

    return run


WILDCARDS = (
    "#", "+/#", "sc/#", "sc/1/#", "sc/+/+/+/#", f"{HERE}#", f"{HERE}cart/#",
    f"{HERE}cart/+/down/#", f"{HERE}cart/{VICTIM}/#", f"{HERE}cart/{VICTIM}/down/ack",
    f"{HERE}cart/+/up/ev", f"{HERE}cart/{VICTIM}/up/ev", f"{HERE}+/+/+/+", f"{HERE}app/#",
    f"{HERE}prov/#", "$SYS/#", f"$share/g/{HERE}cart/+/up/ev",
)  # fmt: skip


def _wildcards() -> Iterator[Attempt]:
    for topic_filter in WILDCARDS:
        yield Attempt("wildcard", topic_filter, "broker", _eavesdrop(topic_filter), still=False)


def _eavesdrop(topic_filter: str) -> Callable[[Site], Result]:
    def run(site: Site) -> Result:
        own = (f"{HERE}cart/{HOSTILE}/", f"{HERE}store/")
        with Intruder(site.papers(HOSTILE), site.broker.port) as intruder:
            intruder.listen(topic_filter)
            site.traffic()
            stolen = []
            with suppress(queue.Empty):
                while True:
                    topic, _ = intruder.heard.get(timeout=0.2)
                    stolen += [] if topic.startswith(own) else [topic]
        return Result(f"it hears {stolen[0]}" if stolen else "")

    return run


WILLS = (
    f"{HERE}cart/{VICTIM}/state", f"{HERE}store/state", f"{HERE}cart/{VICTIM}/down/ack",
    f"{HERE}cart/{VICTIM}/down/cmd", f"{HERE}cart/{VICTIM}/up/ev", f"{HERE}store/catalog/head",
    f"{HERE}app/app-bob/up/pair",
)  # fmt: skip


def _forged_wills() -> Iterator[Attempt]:
    for topic in WILLS:
        yield Attempt("forged will", topic, "broker", _will(topic))


def _will(topic: str) -> Callable[[Site], Result]:
    def run(site: Site) -> Result:
        payload = b'{"boot_id":"x","svc_boot":"x","online":false}'
        intruder = Intruder(site.papers(HOSTILE), site.broker.port, will=(topic, payload))
        intruder.die()
        return Result()

    return run


# Of each channel that the service reads, what is no message of it.
READ_BY_STORE = ("birth", "cart_state", "events", "pair_offer", "pay_request", "command_state")
JUNK = {
    "cut": b'{"epoch":1,"entr',
    "not text": b"\xff\xfe\x00{",
    "other types": b'{"epoch":"one","boot_id":7,"nonce":[],"trip_id":{},"cmd_id":0}',
    "deep": b"[" * 5_000,
    "too long": b" " * (PAYLOAD_BYTES_MAX + 1),
}


def _malformed() -> Iterator[Attempt]:
    for channel in (each for each in CHANNELS if each.name in READ_BY_STORE):
        for what, payload in JUNK.items():
            yield Attempt("malformed", f"{channel.name}: {what}", "store", _junk(channel, payload))
    yield Attempt("oversize", "a packet of 300 kB", "broker", _oversize)


def _junk(channel: Channel, payload: bytes) -> Callable[[Site], Result]:
    def run(site: Site) -> Result:
        topic = HERE + channel.topic.format(cart=HOSTILE)
        with Intruder(site.papers(HOSTILE), site.broker.port) as intruder:
            intruder.say(topic, payload)
        return Result()

    return run


def _oversize(site: Site) -> Result:
    with Intruder(site.papers(HOSTILE), site.broker.port) as intruder:
        code = intruder.say(f"{HERE}cart/{HOSTILE}/up/ev", b"x" * 300_000)
    return Result("the broker takes it" if 0 <= code < REFUSED_FROM else "")


def _replays() -> Iterator[Attempt]:
    """What somebody with own good papers may try with things seen elsewhere or used before."""
    yield Attempt("replay", "the victim's rows under an own name, chain cut", "answer", _rows)
    yield Attempt("replay", "paying for the victim's trip", "answer", _pay)
    yield Attempt("replay", "a claim for another cart's name", "answer", _other_name)
    for name, shopper, nonce in (
        ("pairing for another shopper", "bob", "nonce-0001"),
        ("pairing with an invented code", SHOPPER, "nonce-invented"),
    ):
        asked = PairClaim(VICTIM, nonce, shopper)
        yield Attempt("replay", name, "store", _claim(asked))


def _rows(site: Site) -> Result:
    """Rows that do not follow from what the store has of this cart: refused in the answer."""
    good = batch("trip-hostile")
    torn = msgspec.structs.replace(good, entries=good.entries[1:])
    reply = _ask(site, HOSTILE, "up/ev", torn, "down/ack")
    told = msgspec.json.decode(reply)
    return Result("" if told["upto_seq"] == 0 else "stored", told=told["need_from"] == 1)


def _pay(site: Site) -> Result:
    asked = PayRequest("trip-victim", 1, 0, 1, 1)
    with Intruder(site.papers(HOSTILE), site.broker.port) as intruder:
        intruder.listen(f"{HERE}cart/{HOSTILE}/down/pay")
        intruder.say(f"{HERE}cart/{HOSTILE}/up/pay", msgspec.json.encode(asked))
        heard = intruder.heard
        try:
            _, reply = heard.get(timeout=1.0)
        except queue.Empty:  # the store waits for rows that this cart never had
            return Result(told=True)
    outcome = msgspec.json.decode(reply)["outcome"]
    return Result("paid" if outcome == "settled" else "", told=True)


def _other_name(site: Site) -> Result:
    asked = CertificateRequest(site.foreign_request)
    reply = _ask(site, "claim", "csr", asked, "cert", root=f"{HERE}prov/{site.claim}/")
    told = msgspec.json.decode(reply)
    return Result(told.get("certificate", ""), told=bool(told.get("reason")))


def _claim(asked: PairClaim) -> Callable[[Site], Result]:
    def run(site: Site) -> Result:
        with Intruder(site.papers(APP), site.broker.port) as intruder:
            intruder.say(f"{HERE}app/{APP}/up/pair", msgspec.json.encode(asked))
        return Result()

    return run


def _ask(
    site: Site, who: str, say: str, message: msgspec.Struct, hear: str, root: str = ""
) -> bytes:
    root = root or f"{HERE}cart/{who}/"
    with Intruder(site.papers(who), site.broker.port) as intruder:
        intruder.listen(root + hear)
        intruder.say(root + say, msgspec.json.encode(message))
        return intruder.hear(root + hear)
