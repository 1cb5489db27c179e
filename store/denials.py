"""What the broker turned away, read from mosquitto's log: one row a denial, and how many of each.

mosquitto says "granted" to a subscription that its access list then starves, and drops a forged
last will without a word; so the log's own "subscribe" and "will" lines are judged here by the same
table as the access list. It must never change the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cart.contract.store import CHANNELS, ROOT, Channel
from cart.core.value import Value

REFUSALS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("publish", re.compile(r"Denied PUBLISH from (?P<who>\S+) \(.*?'(?P<what>[^']*)'")),
    # An end without a farewell is no refusal.
    ("tls", re.compile(r"OpenSSL Error\[\d+\]: (?P<what>(?!.*unexpected eof).*)")),
    ("tls", re.compile(r"Client connection from \S+ failed: (?P<what>(?!.*unexpected eof).*)")),
    ("oversize", re.compile(r"Client (?P<who>\S+) disconnected due to (?P<what>oversize packet)")),
    ("protocol", re.compile(r"Client (?P<who>\S+) disconnected due to (?P<what>protocol error)")),
    ("protocol", re.compile(r"(?P<what>Invalid .*) (?:from|in) (?P<who>\S+)")),
    ("login", re.compile(r"Client (?P<who>\S+) (?P<what>disconnected, not authori[sz]ed)")),
)
# Whose will was listed: it needs no line that holds an address.
WELCOMED = re.compile(r"Sending CONNACK to (?P<who>\S+) ")
WILL = re.compile(r"Will message specified")
SUBSCRIBED = re.compile(r"(?:^|: )(?P<who>[^\s:]+) [012] (?P<what>.+)$")
LISTED = re.compile(r"(?:^|: )\t(?P<what>\S+)")


class Denial(Value):
    """One thing refused: `kind` is publish, subscribe, will, tls, oversize, protocol or login."""

    kind: str
    who: str
    what: str


def denials(lines: Iterable[str], tenant: str, store: str) -> Iterator[Denial]:
    """Every refusal in a log of the broker, in order. The store's own service is never refused."""
    will, is_listed_next = "", False
    for raw in lines:
        line = raw.rstrip("\n")
        if is_listed_next and (listed := LISTED.search(line)):
            will, is_listed_next = listed["what"], False
        elif welcomed := WELCOMED.search(line):
            if will and not may(welcomed["who"], "write", will, tenant, store):
                yield Denial("will", welcomed["who"], will)
            will = ""
        elif WILL.search(line):
            is_listed_next = True
        elif asked := SUBSCRIBED.search(line):
            if not may(asked["who"], "read", asked["what"], tenant, store):
                yield Denial("subscribe", asked["who"], asked["what"])
        else:
            yield from _refused(line)


def may(who: str, access: str, topic: str, tenant: str, store: str) -> bool:
    """Whether the access list gives all of a topic, or of a filter, to somebody."""
    if who == f"store-{store}":
        return True
    root = ROOT.format(tenant=tenant, store=store)
    given = [root + _own(channel, who) for channel in CHANNELS if _access(channel) == access]
    return any(_covers(allowed.split("/"), topic.split("/")) for allowed in given)


def _refused(line: str) -> Iterator[Denial]:
    for kind, pattern in REFUSALS:
        if found := pattern.search(line):
            parts = found.groupdict()
            yield Denial(kind, parts.get("who") or "", parts["what"][:200])
            return


def _access(channel: Channel) -> str:
    return "read" if channel.direction == "down" else "write"


def _own(channel: Channel, who: str) -> str:
    return re.sub(r"{\w+}", "+", re.sub(r"{(cart|app|claim)}", lambda _: who, channel.topic))


def _covers(allowed: list[str], asked: list[str]) -> bool:
    """Whether a filter lies within one that is allowed: "+" stands for one level of anything."""
    return len(allowed) == len(asked) and all(
        have == want or (have == "+" and want != "#")
        for have, want in zip(allowed, asked, strict=True)
    )
