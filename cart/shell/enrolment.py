"""`python -m cart enrol`: turn a claim of the store into this cart's certificate, once.

The cart makes its key, asks with the claim's certificate, and writes what it gets where its
configuration says. It must never send a key, and never run beside cartd's own connection.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from random import SystemRandom

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cart import mqtt
from cart.contract.fleet import CertificateAnswer
from cart.contract.lines import ContractError
from cart.contract.store import decode, packet, topic_of
from cart.shell.clock import monotonic_ms
from cart.shell.config import BrokerConfig, Config, ConfigError, read
from cart.shell.identity import Identity

ANSWER_MS_MAX = 30_000
ASK_MS = 2_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `python -m cart enrol` takes."""
    parser.add_argument("--config", type=Path, required=True, help="the cart's TOML file")
    parser.add_argument("--claim", type=Path, required=True, help="from: python -m store claim")


def run(arguments: argparse.Namespace) -> int:
    """Enrol; 1 and one line on stderr when the store gives no certificate."""
    try:
        config = read(arguments.config)
        broker = config.broker
        if broker is None or not (broker.ca and broker.certificate):
            raise ConfigError(f"{arguments.config}: enrolling needs broker.ca and .certificate")
        if broker.certificate != broker.key:
            raise ConfigError(
                f"{arguments.config}: name one file in broker.certificate and broker.key"
            )
        enrol(config, broker, arguments.claim)
    except (ConfigError, ContractError, OSError) as error:
        sys.stderr.write(f"cart: {error}\n")
        return 1
    sys.stdout.write(f"{config.cart_id} has its certificate in {broker.certificate}\n")
    return 0


def enrol(config: Config, broker: BrokerConfig, claim: Path) -> None:
    """Ask the store under the claim's name. Raises ContractError, OSError or ConfigError."""
    assert broker.ca, "who enrols will trust an authority"
    assert broker.certificate, "and keeps a certificate"
    name, authority = _claim(claim)
    identity = Identity(config.cart_id, broker.certificate)
    answer = _ask(config, broker, claim, name, identity)
    identity.take(answer, authority)
    broker.ca.write_bytes(authority)
    identity.adopt()


def _ask(
    config: Config, broker: BrokerConfig, claim: Path, name: str, identity: Identity
) -> CertificateAnswer:
    names = (config.tenant, config.store)
    asked = packet("csr", identity.request(), *names, claim=name)
    connection = mqtt.Connection(
        mqtt.Endpoint(broker.host, broker.port, claim, claim, claim),
        name,
        [topic_of("cert", *names, claim=name)],
        monotonic_ms,
        SystemRandom(),
    )
    end_ms, ask_ms, reason = monotonic_ms() + ANSWER_MS_MAX, 0, "no answer"
    with closing(connection):
        while (now_ms := monotonic_ms()) < end_ms:
            for happening in connection.poll(100):
                match happening:
                    case mqtt.Incoming(payload=payload):
                        return decode(CertificateAnswer, payload)
                    case mqtt.Changed(up=False, reason=why):
                        reason = why
            if connection.up and now_ms >= ask_ms:
                connection.publish(asked)
                ask_ms = now_ms + ASK_MS
    raise ContractError(f"the store gave no certificate: {reason}; make a new claim and try again")


def _claim(path: Path) -> tuple[str, bytes]:
    """A claim's name, and the authority it comes with."""
    try:
        own, authority = x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError as error:
        raise ConfigError(f"{path}: not a claim of the store: {error}") from error
    (name,) = own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value), authority.public_bytes(Encoding.PEM)
