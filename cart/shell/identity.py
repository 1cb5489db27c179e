"""The cart's identity on disk: a key it made itself, and the certificate the store gave for it.

Both stand in one PEM file that is replaced at once, so a power cut leaves the old pair or the new.
A key whose request is still open waits beside it: the same request is sent again, since a claim is
good for one only. The key never leaves this folder.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from cart.contract.fleet import CertificateAnswer, CertificateRequest
from cart.contract.lines import ContractError
from cart.files import replace_file, sync_folder


class Identity:
    """One cart's name and its PEM file `path` (certificate and key together)."""

    def __init__(self, name: str, path: Path) -> None:
        self.path = path
        self.fresh = path.with_name(path.name + ".new")
        self._open_request = path.with_name(path.name + ".request")
        self._name = name

    def renew_utc_ms(self) -> int:
        """When two thirds of the certificate's time are over, by the wall clock."""
        own = x509.load_pem_x509_certificate(self.path.read_bytes())
        begin, end = own.not_valid_before_utc.timestamp(), own.not_valid_after_utc.timestamp()
        return round((begin + 2 * (end - begin) / 3) * 1_000)

    def request(self) -> CertificateRequest:
        """The open request, or a new one with a key made now."""
        if not self._open_request.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)])
            asked = x509.CertificateSigningRequestBuilder().subject_name(subject)
            pem = asked.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
            secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            replace_file(self._open_request, secret + pem)
        text = self._open_request.read_text(encoding="ascii")
        return CertificateRequest(text[text.index("-----BEGIN CERTIFICATE REQUEST") :])

    def take(self, answer: CertificateAnswer, authority: bytes | None) -> None:
        """Check the certificate of the open request and write the new pair to `fresh`.

        `authority` is the one known (PEM); None trusts the answer's, once, under a claim. Raises
        ContractError, and then nothing has changed."""
        request = self.request().request.encode()
        if answer.request_sha256 != hashlib.sha256(request).hexdigest():
            raise ContractError("CertificateAnswer: not for the request of this cart")
        if not answer.certificate:
            raise ContractError(f"CertificateAnswer: refused: {answer.reason}")
        self._check(answer.certificate.encode(), authority or answer.authority.encode())
        key = load_pem_private_key(self._open_request.read_bytes(), password=None)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        replace_file(self.fresh, secret + answer.certificate.encode())

    def adopt(self) -> None:
        """The new pair works: from now on it is the only one."""
        self.fresh.replace(self.path)
        self._open_request.unlink(missing_ok=True)
        sync_folder(self.path.parent)

    def drop(self) -> None:
        """The new pair does not work: the old one stays, and the next request is a new one."""
        self.fresh.unlink(missing_ok=True)
        self._open_request.unlink(missing_ok=True)

    def _check(self, certificate: bytes, authority: bytes) -> None:
        try:
            given = x509.load_pem_x509_certificate(certificate)
            given.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
        except (ValueError, TypeError, InvalidSignature, x509.InvalidVersion) as error:
            raise ContractError(
                f"CertificateAnswer: not signed by this store's authority ({error})"
            ) from error
        names = [str(n.value) for n in given.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        key = load_pem_private_key(self._open_request.read_bytes(), password=None)
        if names != [self._name] or _public(given.public_key()) != _public(key.public_key()):
            raise ContractError("CertificateAnswer: not for this cart's name and key")


def _public(key: object) -> bytes:
    assert hasattr(key, "public_bytes"), "a public key"
    made: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return made
