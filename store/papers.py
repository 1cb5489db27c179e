"""What ends, and when: certificates of broker, service, HTTPS door and authority; the root role.

Where the authority lies beside it, each program renews its own in place and lays the broker's
beside `crl.pem`; keys stay as they are, so one file changes at a time. What is left for a person
is said each day. It must never touch a key, nor renew what was taken back.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tuf.api.metadata import Metadata
from tuf.api.serialization import DeserializationError

from cart import mqtt
from cart.contract.store import BROKER
from cart.files import replace_file
from store.asked import AUTHORITY, TRUST
from store.authority import Authority, now_utc
from store.trusted import ROOT_NAME

LOOK_EVERY, SAY_EVERY = timedelta(hours=1), timedelta(days=1)
AHEAD, AHEAD_OF_ALL = timedelta(days=30), timedelta(days=180)
PROBE_S_MAX = 2
BROKER_PAPER = f"{BROKER}.pem"
LISTS = ("ca.pem", "crl.pem")
TRUST_ROOT = Path(TRUST) / ROOT_NAME
BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)
RENEW = "python -m store certificates --renew"
# X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python has no name for.
NO_CHECK_TIME = ssl.VerifyFlags(0x20_0000)

log = logging.getLogger(__name__)


class Papers:
    """Those that one program shows (`own`) and is shown by its broker (`shown`).

    `folder` is the authority's; without its key there is only warning. `ca` is its certificate
    where there is no such folder."""

    def __init__(
        self,
        folder: Path,
        own: Path,
        shown: Callable[[], x509.Certificate] | None = None,
        ca: Path | None = None,
        clock: Callable[[], datetime] = now_utc,
    ) -> None:
        self._folder = folder
        self._ca = ca
        self._own = own
        self._shown = shown
        self._clock = clock
        self._authority = Authority(folder, clock) if (folder / "ca.key").is_file() else None
        self._looked: datetime | None = None
        self._said: dict[str, datetime] = {}

    def look_hourly(self) -> None:
        """Renew what is due, and say what a person has to do; what fails comes again."""
        now = self._clock()
        if self._looked is not None and abs(now - self._looked) < LOOK_EVERY:
            return
        self._looked = now
        for look in (self._look_at_own, self._look_at_broker, self._look_at_authority):
            try:
                look()
            except (OSError, ValueError) as error:  # one odd file does not end the service
                log.critical("certificates: %s", error)

    def _look_at_own(self) -> None:
        how = f"where the authority lies: {RENEW}; bring the new one here"
        if self._authority is not None:
            try:
                renew(self._authority, self._own)
            except OSError as error:
                how = f"not renewed here: {error}; {how}"
        self._warn(str(self._own), end_of(self._own), how)

    def _look_at_broker(self) -> None:
        if self._shown is None:
            return
        try:
            shown = self._shown()
        except OSError:  # the connection says why
            return
        fresh = self._authority and self._authority.renewed(shown)
        how = f"renew it where it was given, such as by: {RENEW}"
        if fresh:
            paper, pem = self._folder / BROKER_PAPER, fresh.public_bytes(Encoding.PEM)
            if not paper.is_file() or paper.read_bytes() != pem:
                replace_file(paper, pem)
            how = f"copy {paper} to the broker and send it SIGHUP (mosquitto)"
        self._warn("the broker's certificate", shown.not_valid_after_utc, how)

    def _look_at_authority(self) -> None:
        how = 'then nobody comes in: deploy/README.md, "When the authority ends"'
        here = [path for name in LISTS if (path := self._folder / name).is_file()]
        for path in here or ([self._ca] if self._ca else []):
            self._warn(str(path), end_of(path), how, AHEAD_OF_ALL)
        if (root := self._folder.parent / TRUST_ROOT).is_file():
            how = "then carts take nothing new: python -m store rotate root"
            self._warn(str(root), end_of(root), how, AHEAD_OF_ALL)

    def _warn(self, what: str, end: datetime, how: str, ahead: timedelta = AHEAD) -> None:
        now = self._clock()
        said = self._said.get(what)
        if end - now < ahead and (said is None or abs(now - said) >= SAY_EVERY):
            self._said[what] = now
            log.warning("%s: ends %s, days left: %d; %s", what, end.date(), (end - now).days, how)


def papers_of(data: Path, endpoint: mqtt.Endpoint) -> Papers | None:
    """Those of a store's service in the folder `data`; none where it shows none."""
    if endpoint.certificate is None:
        return None
    return Papers(data / AUTHORITY, endpoint.certificate, partial(shown_by, endpoint), endpoint.ca)


def renew(authority: Authority, path: Path, *, at_once: bool = False) -> bool:
    """Put the newest certificate for its key into a file, which keeps its owner, its mode and all
    else that is in it; whether there is one. Raises OSError or ValueError."""
    data = path.read_bytes()
    fresh = authority.renewed(x509.load_pem_x509_certificate(data), at_once=at_once)
    if fresh is None:
        return False
    pem = fresh.public_bytes(Encoding.PEM)
    if (new := BLOCK.sub(lambda _: pem, data, count=1)) != data:
        replace_file(path, new, like=path.stat())
        log.info("%s: renewed until %s", path, fresh.not_valid_after_utc.date())
    return True


def end_of(path: Path) -> datetime:
    """When a certificate ends, a list of those that were taken back, or signed metadata. Raises
    OSError."""
    data = path.read_bytes()
    try:
        if path.suffix == ".json":
            return Metadata.from_bytes(data).signed.expires
        if b"BEGIN X509 CRL" in data:
            return x509.load_pem_x509_crl(data).next_update_utc or datetime.max.replace(tzinfo=UTC)
        return x509.load_pem_x509_certificate(data).not_valid_after_utc
    except (ValueError, DeserializationError) as error:
        raise OSError(f"{path}: no certificate in PEM, nor metadata ({error})") from error


def shown_by(endpoint: mqtt.Endpoint) -> x509.Certificate:
    """What a broker shows at this moment, also one that has ended: that is why we ask.

    It is known by the authority and its host name all the same. Raises OSError."""
    context = mqtt.tls_context(endpoint)
    context.verify_flags |= NO_CHECK_TIME
    ends = (endpoint.host, endpoint.port)
    with (
        socket.create_connection(ends, PROBE_S_MAX) as wire,
        context.wrap_socket(wire, server_hostname=endpoint.host) as guarded,
    ):
        shown = guarded.getpeercert(binary_form=True)
    assert shown, "who shows none does not get here"
    return x509.load_der_x509_certificate(shown)
