"""What the broker turned away, as its log tells: lines that mosquitto 2.0.11 wrote."""

from __future__ import annotations

import pytest

from store.denials import Denial, denials, may

ROOT = "sc/1/acme/store-1/"
QUIET = f"""\
1795396450: New client connected from 127.0.0.1:55177 as store-store-1 (p5, c1, k5, u'x').
1795396450: Will message specified (46 bytes) (r1, q1).
1795396450: \t{ROOT}store/state
1795396450: Sending CONNACK to store-store-1 (0, 0)
1795396450: store-store-1 1 {ROOT}cart/+/up/birth
1795396451: New client connected from 127.0.0.1:57849 as cart-1 (p5, c1, k5, u'cart-1').
1795396451: Will message specified (45 bytes) (r1, q1).
1795396451: \t{ROOT}cart/cart-1/state
1795396451: Sending CONNACK to cart-1 (0, 0)
1795396451: cart-1 1 {ROOT}cart/cart-1/down/ack
1795396451: cart-1 1 {ROOT}store/catalog/snap/+/+
1795396451: Received PUBLISH from cart-1 (d0, q1, r0, m1, '{ROOT}cart/cart-1/up/ev', ... (9 bytes))
1795396528: OpenSSL Error[0]: error:0A000126:SSL routines::unexpected eof while reading
"""
FORGED_WILL = f"""\
New client connected from 127.0.0.1:1 as cart-9 (p5, c1, k60, u'cart-9').
1795396600: Will message specified (45 bytes) (r1, q1).
1795396600: \t{ROOT}cart/cart-1/state
1795396600: Sending CONNACK to cart-9 (0, 0)"""


def found(text: str) -> list[Denial]:
    """The refusals in a log."""
    return list(denials(text.splitlines(keepends=True), "acme", "store-1"))


def test_what_is_allowed_is_no_denial() -> None:
    """Good guests, and a connection that just ends, leave no row."""
    assert found(QUIET) == []


@pytest.mark.parametrize(
    ("lines", "denial"),
    [
        (f"Denied PUBLISH from cart-9 (d0, q1, r0, m1, '{ROOT}store/state', ... (2 bytes))",
         Denial("publish", "cart-9", f"{ROOT}store/state")),
        (f"cart-9 1 {ROOT}cart/+/down/#", Denial("subscribe", "cart-9", f"{ROOT}cart/+/down/#")),
        ("cart-9 1 #", Denial("subscribe", "cart-9", "#")),
        ("cart-9 1 foo", Denial("subscribe", "cart-9", "foo")),
        (f"cart-9 1 {ROOT}cart/+/up/ev x",
         Denial("subscribe", "cart-9", f"{ROOT}cart/+/up/ev x")),
        ("Client connection from 127.0.0.1 failed: error:0A000086:SSL routines::no.",
         Denial("tls", "", "error:0A000086:SSL routines::no.")),
        ("OpenSSL Error[0]: error:0A000102:SSL routines::unsupported protocol",
         Denial("tls", "", "error:0A000102:SSL routines::unsupported protocol")),
        (FORGED_WILL,
         Denial("will", "cart-9", f"{ROOT}cart/cart-1/state")),
    ],
)  # fmt: skip
def test_each_refusal_has_a_row(lines: str, denial: Denial) -> None:
    """Whether mosquitto said no, or only starved or silenced somebody."""
    assert found(f"{QUIET}1795396600: {lines}\n") == [denial]


@pytest.mark.parametrize(
    ("access", "topic", "allowed"),
    [
        ("read", "cart/cart-9/down/ack", True),
        ("read", "cart/cart-9/down/#", False),
        ("read", "cart/cart-1/down/ack", False),
        ("read", "store/catalog/snap/+/0", True),
        ("write", "cart/cart-9/up/ev", True),
        ("write", "cart/cart-9/down/ack", False),
        ("write", "prov/cart-9/csr", True),
    ],
)
def test_rights_are_the_table_s(access: str, topic: str, *, allowed: bool) -> None:
    """A filter is allowed if all of it lies in what the access list gives."""
    assert may("cart-9", access, ROOT + topic, "acme", "store-1") is allowed
