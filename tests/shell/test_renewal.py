"""Renewing a certificate: the old pair serves until the new one works, and comes back if not."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cart.contract.fleet import CertificateAnswer
from cart.contract.lines import ContractError
from cart.shell.config import BrokerConfig
from cart.shell.renewal import ASK_MS, Renewal
from store.authority import Authority, now_utc
from store.provisioning import Provisioning

VERSION_3 = bytes.fromhex("a003020102")


class Cart:
    """A cart with a pair in one file, and the store's side of renewals."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "authority")
        self.authority.equip("cart-1", folder)
        self.pair = folder / "cart.pem"
        key = (folder / "cart-1.key").read_bytes()
        self.pair.write_bytes(key + (folder / "cart-1.pem").read_bytes())
        self.broker = BrokerConfig("127.0.0.1", 8883, folder / "ca.pem", self.pair, self.pair)
        self.renewal = Renewal("cart-1", self.broker)
        self.provisioning = Provisioning(self.authority, lambda: 0)

    def answer(self, now_ms: int) -> CertificateAnswer:
        """What the store says to the request of now."""
        asked = self.renewal.to_ask(now_ms)
        assert asked
        return self.provisioning.answer("cart-1", asked)


@pytest.fixture
def cart(tmp_path: Path) -> Cart:
    """A cart that is enrolled."""
    return Cart(tmp_path)


def test_the_new_pair_is_tried_then_kept(cart: Cart) -> None:
    """Until the broker lets the new pair in, the file is the old one."""
    before = cart.pair.read_bytes()
    assert cart.renewal.to_ask(0) is None
    cart.renewal.want()
    trial = cart.renewal.take(cart.answer(0))
    assert trial
    assert trial.certificate == trial.key != cart.pair
    assert cart.pair.read_bytes() == before
    assert cart.renewal.came_up() == cart.broker.endpoint()
    assert cart.pair.read_bytes() != before
    assert cart.renewal.to_ask(ASK_MS) is None


def test_a_pair_that_fails_is_dropped(cart: Cart) -> None:
    """The old pair goes on, and another one is asked for later, with another key."""
    before = cart.pair.read_bytes()
    cart.renewal.want()
    first = cart.answer(0)
    assert cart.renewal.take(first)
    assert cart.renewal.went_down() == cart.broker.endpoint()
    assert cart.pair.read_bytes() == before
    assert cart.renewal.to_ask(ASK_MS) is None
    assert cart.answer(2 * ASK_MS).request_sha256 != first.request_sha256


def test_what_is_not_for_us_changes_nothing(cart: Cart, tmp_path: Path) -> None:
    """A refusal, another authority's certificate, one for another request or of a version
    that is none is refused aloud."""
    before = cart.pair.read_bytes()
    stranger = Provisioning(Authority(tmp_path / "strange"), lambda: 0)
    stranger._authority.equip("cart-1", tmp_path / "strange")
    for number, wrong in enumerate(("refused", "authority", "request", "version"), 1):
        cart.renewal.want()
        asked = cart.renewal.to_ask(number * 10 * ASK_MS)
        assert asked
        good = cart.provisioning.answer("cart-1", asked)
        answers = {
            "refused": CertificateAnswer(good.request_sha256, reason="no"),
            "authority": stranger.answer("cart-1", asked),
            "request": CertificateAnswer("0" * 64, good.certificate),
            "version": CertificateAnswer(good.request_sha256, of_no_version(good.certificate)),
        }
        with pytest.raises(ContractError, match="CertificateAnswer"):
            cart.renewal.take(answers[wrong])
        assert cart.renewal.came_up() is None
    assert cart.pair.read_bytes() == before


def of_no_version(certificate: str) -> str:
    """The same, of version 35."""
    der = x509.load_pem_x509_certificate(certificate.encode()).public_bytes(Encoding.DER)
    return ssl.DER_cert_to_PEM_cert(der.replace(VERSION_3, VERSION_3[:-1] + b"\x22"))


def test_it_renews_before_the_end(cart: Cart) -> None:
    """Nothing is asked for in the first two thirds of a certificate's time."""
    end = x509.load_pem_x509_certificate(cart.pair.read_bytes()).not_valid_after_utc
    cart.renewal.check(round(now_utc().timestamp() * 1_000))
    assert cart.renewal.to_ask(0) is None
    cart.renewal.check(round((end - timedelta(days=29)).timestamp() * 1_000))
    assert cart.renewal.to_ask(0)


def test_two_files_cannot_be_replaced_at_once(tmp_path: Path) -> None:
    """Where key and certificate are two files, a renewal is refused with what to do."""
    Authority(tmp_path / "authority").equip("cart-1", tmp_path)
    files = (tmp_path / "ca.pem", tmp_path / "cart-1.pem", tmp_path / "cart-1.key")
    with pytest.raises(ContractError, match="name one file"):
        Renewal("cart-1", BrokerConfig("127.0.0.1", 8883, *files)).want()
