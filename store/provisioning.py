"""Lets a new cart in: a claim, used once, turns the key that the cart made into a certificate.

A claim is a short-lived certificate whose name opens the two topics of `prov/{claim}` and nothing
else. The same request again gets the same certificate, in case the answer was lost; any other is
refused. A cart that has a certificate renews it under its own name. Whoever a claim was given for
is in the list of carts, and nobody else speaks as one. Who is taken back comes in again by a claim
made after that. It must never make a cart's key.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from cart.contract.fleet import CertificateAnswer, CertificateRequest
from cart.contract.lines import ContractError
from cart.contract.store import (
    BROKER,
    CLAIM_PREFIX,
    RESERVED,
    ROOT,
    SERVICE_PREFIX,
    is_reserved,
)
from cart.core.value import Value
from cart.files import alone, replace_file
from store.authority import NAME, Authority, AuthorityError, pem_of
from store.kept import Kept

NAME_LEVEL = ROOT.count("/") + 1  # behind the kind of who it is
CLAIM_VALID = timedelta(hours=24)

log = logging.getLogger(__name__)


class Claim(Value):
    """What a claim is for, until when, and the one request it was used for ("": none yet)."""

    cart: str
    expires_utc_ms: int
    request_sha256: str = ""
    certificate: str = ""


class Provisioning:
    """Claims and renewals under one authority. `utc_ms` is the wall clock."""

    def __init__(self, authority: Authority, utc_ms: Callable[[], int]) -> None:
        self._authority = authority
        self._utc_ms = utc_ms
        self._kept = Kept(Claim)
        self._folder = authority.folder / "claims"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._carts = authority.folder / "carts"
        self._carts.mkdir(mode=0o700, exist_ok=True)
        self._list_claimed()
        self._revoked: dict[str, bool] = {}
        self._changed_ns = (0, 0, 0)

    def register(self, cart: str) -> None:
        """Let a name speak as a cart; its certificate comes another way. Raises AuthorityError."""
        if not NAME.fullmatch(cart) or is_reserved(cart):
            raise AuthorityError(
                f"{cart!r}: up to 64 letters, digits, _ . - but not {BROKER}, and none of"
                f" {', '.join(RESERVED)} first"
            )
        (self._carts / f"{cart}.cart").touch(mode=0o600)

    def check_sender(self, names: Mapping[str, str]) -> None:
        """Whoever was not let in as a cart is none, and an app that was taken back is none; `names`
        are those of a topic. Raises ContractError."""
        try:
            is_strange = "cart" in names and not self.is_cart(names["cart"])
            is_out = "app" in names and self.is_revoked(names["app"])
        except (OSError, ValueError) as error:
            raise ContractError(f"who may speak can't be read: {error}") from error
        if is_strange:
            raise ContractError("no cart of this store; let it in with: python -m store claim")
        if is_out:
            raise ContractError("the app's certificate was taken back")

    def known_in(self, topic: str) -> str:
        """The cart, claim or service that a topic names; "" where it may be a shopper's name."""
        name = (topic.split("/")[NAME_LEVEL:] or [""])[0]
        if not NAME.fullmatch(name):
            return ""
        is_program = name.startswith((CLAIM_PREFIX, SERVICE_PREFIX))
        return name if is_program or (self._carts / f"{name}.cart").is_file() else ""

    def is_cart(self, name: str) -> bool:
        """Whether somebody of this name may speak as a cart: it is listed, and not taken back."""
        return (self._carts / f"{name}.cart").is_file() and not self.is_revoked(name)

    def is_revoked(self, name: str) -> bool:
        """Whether a name was taken back: its broker may not have noticed yet.

        Asked for every message, so certificates are read again only after something changed."""
        changed_ns = self._authority.changed_ns
        if changed_ns != self._changed_ns:
            self._changed_ns = changed_ns
            self._revoked.clear()
        if name not in self._revoked:
            self._revoked[name] = self._authority.is_revoked(name)
        return self._revoked[name]

    def take_back(self, name: str) -> int:
        """Revoke all certificates of a name, and the claims that would give a cart another; how
        many there were. Raises AuthorityError if there is none."""
        return self._authority.revoke(name, *self._claims_for(name))

    def shut_out(self) -> set[str]:
        """Who may neither say nor hear anything: taken back, and not let in again by a claim since,
        which ends with the name that it is for."""
        out = self._authority.revoked_names()
        again = {
            claim.cart
            for name, claim in self._claims().items()
            if name not in out and claim.expires_utc_ms >= self._utc_ms()
        }
        return out - again

    def new_claim(self, cart: str, *, broker_restarted: bool = False) -> bytes:
        """A claim for a cart: its key, certificate and the authority's, as one PEM file.

        A broker says who speaks by name alone. So a name that was taken back is given again only
        once `broker_restarted` promises that its old connection has ended. Raises AuthorityError.
        """
        self._check_given_again(cart, broker_restarted=broker_restarted)
        self.register(cart)
        name = CLAIM_PREFIX + secrets.token_hex(8)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._authority.sign(name, key.public_key(), valid=CLAIM_VALID)
        expires_utc_ms = self._utc_ms() + CLAIM_VALID // timedelta(milliseconds=1)
        self._keep(name, Claim(cart, expires_utc_ms))
        return pem_of(key) + certificate + self._authority.pem

    def certify_app(self, name: str, request: bytes, *, broker_restarted: bool = False) -> bytes:
        """The certificate for the key of an app's signing request, and the authority's, as PEM; the
        app renews it as a cart does. Raises AuthorityError."""
        self._check_given_again(name, broker_restarted=broker_restarted)
        return self._authority.sign_request(name, request) + self._authority.pem

    def _check_given_again(self, name: str, *, broker_restarted: bool) -> None:
        if self._authority.is_revoked(name) and not broker_restarted:
            raise AuthorityError(
                f"{name} was taken back, and who holds its old certificate may still be connected:"
                f" copy {self._authority.folder / 'crl.pem'} to the broker, restart the broker,"
                " and say it again with --broker-restarted"
            )

    def carts(self) -> set[str]:
        """Every name that was let in as a cart."""
        return {path.stem for path in self._carts.glob("*.cart")}

    def answer(self, claimant: str, asked: CertificateRequest) -> CertificateAnswer:
        """The certificate for a request, or why there is none; safe to ask again."""
        sha256 = hashlib.sha256(asked.request.encode()).hexdigest()
        try:
            with alone(self._authority.folder):  # nobody is taken back meanwhile
                certificate = self._certificate(claimant, asked.request.encode(), sha256)
        except AuthorityError as error:
            return CertificateAnswer(sha256, reason=str(error)[:300])
        except OSError as error:
            log.critical("no certificate is given now: %s", error)
            return CertificateAnswer(sha256, reason="the authority can't be written now; ask again")
        return CertificateAnswer(sha256, certificate, self._authority.pem.decode())

    def _certificate(self, claimant: str, request: bytes, sha256: str) -> str:
        if self._authority.is_revoked(claimant):  # its broker may not have noticed yet
            raise AuthorityError("this name was taken back; make a claim: python -m store claim")
        if not claimant.startswith(CLAIM_PREFIX):
            if not self._authority.given_to(claimant):
                raise AuthorityError("this name has no certificate to renew; use a claim")
            return self._authority.sign_request(claimant, request).decode()
        claim = self._claim(claimant)
        if claim.request_sha256 == sha256:
            return claim.certificate
        if claim.request_sha256:
            raise AuthorityError("this claim was used; make a new one: python -m store claim")
        certificate = self._authority.sign_request(claim.cart, request).decode()
        used = msgspec.structs.replace(claim, request_sha256=sha256, certificate=certificate)
        self._keep(claimant, used)
        return certificate

    def _list_claimed(self) -> None:
        """An older store gave claims and kept no list."""
        for claim in self._claims().values():
            if not is_reserved(claim.cart):
                self.register(claim.cart)

    def _claims_for(self, cart: str) -> list[str]:
        return [name for name, claim in self._claims().items() if claim.cart == cart]

    def _claims(self) -> dict[str, Claim]:
        found = ((path.stem, self._kept.read(path)) for path in self._folder.glob("*.json"))
        return {name: claim for name, claim in found if claim is not None}

    def _claim(self, name: str) -> Claim:
        claim = self._kept.read(self._path(name))
        if claim is None:
            raise AuthorityError("this store gave no such claim: python -m store claim")
        if self._utc_ms() > claim.expires_utc_ms:
            raise AuthorityError("this claim is too old; make a new one: python -m store claim")
        return claim

    def _keep(self, name: str, claim: Claim) -> None:
        replace_file(self._path(name), msgspec.json.encode(claim))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"
