"""Makes throw-away certificates for a broker and its clients; never for a real store."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class Authority:
    """Signs certificates and writes them, as NAME.pem and NAME.key, into one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("test authority")
        self._write("ca", self._key, self._signed("test authority", self._key, authority=True))

    def issue(self, name: str) -> None:
        """Write a certificate for a common name, valid on 127.0.0.1 for a day."""
        key = ec.generate_private_key(ec.SECP256R1())
        self._write(name, key, self._signed(name, key, authority=False))

    def _signed(
        self, name: str, key: ec.EllipticCurvePrivateKey, *, authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        address = x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _write(self, name: str, key: ec.EllipticCurvePrivateKey, made: x509.Certificate) -> None:
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self.folder / f"{name}.key").write_bytes(secret)
        (self.folder / f"{name}.pem").write_bytes(made.public_bytes(pem))


def _named(common_name: str) -> x509.Name:
    """Return a name that is a common name only."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
