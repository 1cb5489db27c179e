"""The store's certificate authority, as files in one folder: its key, what it signed, what it took
back.

A certificate says a common name and nothing else about its holder: the name is the MQTT user name,
the client id and the cart. Keys of others are never made or seen here, except for programs of this
house (broker, service, claims) whose files are written for their owner alone.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cart.files import alone, replace_file
from store.keys import KeyFileError

AUTHORITY_DAYS = 3_650
CART_DAYS = 90
SKEW = timedelta(hours=1)
Loaded = TypeVar("Loaded")
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
ISSUED = re.compile(r"(.+)-([0-9a-f]+)[.]pem")
CURVES = ("secp256r1", "secp384r1")
# What RFC 5280 asks of an authority, and Python from 3.13 on insists on.
SIGNS = x509.KeyUsage(
    key_cert_sign=True, crl_sign=True, digital_signature=False, content_commitment=False,
    key_encipherment=False, data_encipherment=False, key_agreement=False,
    encipher_only=False, decipher_only=False,
)  # fmt: skip
Use = Literal["client", "server"]
USES = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}

log = logging.getLogger(__name__)


class AuthorityError(ValueError):
    """A certificate is not given or not taken back; the text says why and what to do."""


def now_utc() -> datetime:
    """The wall clock, which certificates go by."""
    return datetime.now(UTC)


class Authority:
    """The authority in `folder`, made if there is none. `clock` is injected for tests of time."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = now_utc) -> None:
        self.folder = folder
        self._clock = clock
        for each in (folder, folder / "issued"):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(folder):
            if not (folder / "ca.key").exists():
                self._begin()
        self._key = _key_of(folder / "ca.key")
        self.certificate = _in_pem(folder / "ca.pem", x509.load_pem_x509_certificate)

    @property
    def pem(self) -> bytes:
        """The authority's own certificate, which everybody gets."""
        return self.certificate.public_bytes(Encoding.PEM)

    def sign(
        self,
        name: str,
        public_key: ec.EllipticCurvePublicKey,
        use: Use = "client",
        valid: timedelta = timedelta(days=CART_DAYS),
        hosts: Sequence[str] = (),
    ) -> bytes:
        """A certificate for a name and a key, as PEM; kept in `issued/`. Raises AuthorityError."""
        if not NAME.fullmatch(name):
            raise AuthorityError(f"{name!r}: up to 64 letters, digits, _ . -")
        now = self._clock()
        builder = _builder(_named(name), public_key, now - SKEW, now + valid)
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        signed = (
            builder.issuer_name(self.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([USES[use]]), critical=False)
            .add_extension(_signed_by(self._key), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = signed.public_bytes(Encoding.PEM)
        # Before anybody has it, and to stay: what is not listed here can't be taken back.
        replace_file(self.folder / "issued" / f"{name}-{signed.serial_number:x}.pem", pem)
        return pem

    def sign_request(self, name: str, request: bytes) -> bytes:
        """A client's certificate for the key of a signing request (PEM). Raises AuthorityError.

        What the request asks for besides its key is not granted: the name is the authority's."""
        try:
            asked = x509.load_pem_x509_csr(request)
            key, is_its_own = asked.public_key(), asked.is_signature_valid
            names = _common_names(asked.subject)
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
            raise AuthorityError(f"no signing request that can be read: {error}") from error
        if not is_its_own:
            raise AuthorityError("the request is not signed by its own key")
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in CURVES:
            raise AuthorityError(f"the key is none of {', '.join(CURVES)}; make one of these")
        if names not in ([], [name]):
            raise AuthorityError("the request is for another name")
        return self.sign(name, key)

    def equip(
        self, name: str, folder: Path, use: Use = "client", hosts: Sequence[str] = ()
    ) -> None:
        """Write NAME.pem, NAME.key and ca.pem for a program of this house."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        replace_file(folder / f"{name}.key", pem_of(key))
        (folder / f"{name}.pem").write_bytes(self.sign(name, key.public_key(), use, hosts=hosts))
        (folder / "ca.pem").write_bytes(self.pem)

    def renewed(self, old: x509.Certificate, *, at_once: bool = False) -> x509.Certificate | None:
        """The newest certificate of a program of this house for the name and key of an old one,
        signed now in the last third of its time; None: not given here, or taken back. A clock
        that is behind signs nothing."""
        names = [name for name in _common_names(old.subject) if NAME.fullmatch(name)]
        with alone(self.folder):  # nobody is taken back meanwhile
            known = {entry.serial_number for entry in self.revoked()}
            every = [each for name in names for each in self.issued(name)]
            given = [each for each in every if each.public_key() == old.public_key()]
            if not given or any(each.serial_number in known for each in given):
                return None
            now = self._clock()
            begun = [each for each in given if each.not_valid_before_utc <= now] or given
            newest = max(begun, key=lambda each: each.not_valid_after_utc)
            if not at_once and now < renew_at(newest):
                return newest
            return x509.load_pem_x509_certificate(self._again(names[0], newest))

    def _again(self, name: str, old: x509.Certificate) -> bytes:
        """The same for as long again, from now on."""
        key, extensions = old.public_key(), old.extensions
        assert isinstance(key, ec.EllipticCurvePublicKey), "it was given here"
        uses = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        use: Use = "server" if USES["server"] in uses else "client"
        hosts: list[str] = []
        with suppress(x509.ExtensionNotFound):
            found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            hosts = [str(each.value) for each in found]
        return self.sign(name, key, use, hosts=hosts)

    def renew_list(self) -> None:
        """Write the list of what was taken back for as long again."""
        with alone(self.folder):
            self._write_revoked({entry.serial_number for entry in self.revoked()})

    def issued(self, name: str) -> list[x509.Certificate]:
        """Every certificate that was given under a name; one that can't be read is passed by."""
        certificates = []
        for path in sorted((self.folder / "issued").glob(f"{name}-*.pem")):
            try:
                certificates.append(_in_pem(path, x509.load_pem_x509_certificate))
            except AuthorityError as error:
                log.error("passed by: %s", error)  # noqa: TRY400 - its file is all there is to know
        return [each for each in certificates if _common_names(each.subject) == [name]]

    def given_to(self, name: str) -> set[int]:
        """The numbers of all that was given under a name, as its files are called."""
        return {number for whose, number in self._numbers(name) if whose == name}

    def revoke(self, name: str, *others: str) -> int:
        """Take back every certificate of a name, and of others; how many were new in the list.

        Raises AuthorityError if there is none."""
        with alone(self.folder):
            serials = {number for every in (name, *others) for number in self.given_to(every)}
            if not serials:
                raise AuthorityError(f"{name}: no certificate was given under this name")
            known = {entry.serial_number for entry in self.revoked()}
            self._write_revoked(known | serials)
        return len(serials - known)

    def revoked(self) -> list[x509.RevokedCertificate]:
        """What was taken back."""
        return list(_in_pem(self.folder / "crl.pem", x509.load_pem_x509_crl))

    @property
    def changed_ns(self) -> tuple[int, int, int]:
        """When something was given last, and taken back; and which file says so, for two of them
        within one tick of the disk's clock."""
        given, taken_back = (self.folder / "issued").stat(), (self.folder / "crl.pem").stat()
        return given.st_mtime_ns, taken_back.st_mtime_ns, taken_back.st_ino

    def is_revoked(self, name: str) -> bool:
        """Whether every certificate of a name was taken back."""
        known = {entry.serial_number for entry in self.revoked()}
        given = self.given_to(name)
        return bool(given) and given <= known

    def revoked_names(self) -> set[str]:
        """Every name whose certificates were all taken back."""
        known = {entry.serial_number for entry in self.revoked()}
        given = self._numbers("*")
        good = {name for name, serial_number in given if serial_number not in known}
        return {name for name, _ in given} - good

    def _numbers(self, names: str) -> list[tuple[str, int]]:
        """Whose certificates, and which, as their files are called."""
        paths = (self.folder / "issued").glob(f"{names}-*.pem")
        found = (ISSUED.fullmatch(path.name) for path in paths)
        return [(each[1], int(each[2], 16)) for each in found if each]

    def _begin(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name, now = _named("dashcart authority"), self._clock()
        made = (
            _builder(name, key.public_key(), now - SKEW, now + timedelta(days=AUTHORITY_DAYS))
            .issuer_name(name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(SIGNS, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        (self.folder / "ca.pem").write_bytes(made.public_bytes(Encoding.PEM))
        self.certificate, self._key = made, key
        self._write_revoked(set())
        replace_file(self.folder / "ca.key", pem_of(key))  # last: now it is whole

    def _write_revoked(self, serials: set[int]) -> None:
        """Write the list anew. A stale list shuts everybody out, so it lives as we do."""
        now = self._clock()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - SKEW)
            .next_update(now + timedelta(days=AUTHORITY_DAYS))
            .add_extension(_signed_by(self._key), critical=False)
            .add_extension(x509.CRLNumber(round(now.timestamp())), critical=False)
        )
        for serial in sorted(serials):
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(serial)
                .revocation_date(now - SKEW)
                .build()
            )
        signed = builder.sign(self._key, hashes.SHA256())
        replace_file(self.folder / "crl.pem", signed.public_bytes(Encoding.PEM))


def pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM, not encrypted: its file is its owner's alone."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def renew_at(certificate: x509.Certificate) -> datetime:
    """When two thirds of its time are over."""
    end = certificate.not_valid_after_utc
    return end - (end - certificate.not_valid_before_utc) / 3


def _in_pem(path: Path, load: Callable[[bytes], Loaded]) -> Loaded:
    """What is in a file of the authority. Raises AuthorityError."""
    try:
        return load(path.read_bytes())
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not what it was in PEM"
        raise AuthorityError(f"{path}: {why}; bring it back from a backup") from error


def _key_of(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}; bring back the authority's key") from error
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{path}: no private key in PEM; bring back the authority's") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyFileError(f"{path}: not a key of this authority; bring it back")
    return key


def _builder(
    name: x509.Name, key: ec.EllipticCurvePublicKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )


def _signed_by(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _common_names(name: x509.Name) -> list[str]:
    return [str(each.value) for each in name.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
