"""The store's commands about who may come in: equip a broker, let a cart or an app in, put one out.

Each works on files alone; a running service needs no telling. It must never print a secret, nor
make or see the key of a cart or an app.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import pwd
import re
import shutil
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from cart import arguments
from cart.contract.broker import acl_text, filled, mosquitto_text
from cart.contract.store import BROKER, SERVICE_PREFIX, app_of
from cart.files import replace_file
from store.access import NAME as ACCESS_LIST
from store.access import AccessList
from store.asked import AUTHORITY as FOLDER
from store.asked import Command, utc_ms
from store.authority import Authority, AuthorityError, now_utc
from store.papers import BROKER_PAPER, LISTS, TRUST_ROOT, end_of, renew
from store.provisioning import Provisioning
from store.show import print_rows

HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9a-fA-F:.]{2,45}")
PAPERS = "service"  # what the service shows the broker, in DATA
BROKER_FILES = ("broker.key", BROKER_PAPER, "ca.pem", "crl.pem", ACCESS_LIST, "dashcart.conf")
EVERYWHERE = "0.0.0.0"  # noqa: S104 - a broker is there for carts


def add_commands(command: Command) -> None:
    """Declare the commands; `command` makes a parser."""
    name = arguments.name
    broker = command("broker", equip_broker)
    broker.add_argument("--tenant", type=name, required=True, help="the chain")
    broker.add_argument("--store", type=name, required=True, help="the store of the chain")
    broker.add_argument(
        "--host", type=_host, action="append", required=True, help="a name carts know it by"
    )
    broker.add_argument("--address", type=_address, default=EVERYWHERE, help="where it listens")
    broker.add_argument("--port", type=arguments.whole(1, 65_535), default=8_883, help="there")
    broker.add_argument(
        "--user", type=name, default="mosquitto", help="whom it becomes where root starts it"
    )
    broker.add_argument(
        "--out", type=arguments.folder, required=True, help="folder for the broker's files"
    )
    claim = command("claim", make_claim)
    claim.add_argument("cart", type=name, help="the id of the new cart")
    claim.add_argument(
        "--out", type=arguments.new_file, required=True, help="file to carry to the cart"
    )
    app = command("app", certify_app)
    app.add_argument("shopper", type=name, help="the pseudonym: the app's name without app-")
    app.add_argument(
        "--request", type=arguments.file, required=True, help="the app's signing request (CSR, PEM)"
    )
    app.add_argument(
        "--out", type=arguments.new_file, required=True, help="file to give to the app"
    )
    for given in (claim, app):
        given.add_argument(
            "--broker-restarted",
            action="store_true",
            help="it was taken back, and the broker has restarted with the new crl.pem since",
        )
    revoke = command("revoke", take_back)
    revoke.add_argument("name", type=name, help="of a cart, a claim or an app")
    certificates = command("certificates", show_certificates)
    certificates.add_argument(
        "--renew", action="store_true", help="first, all but the authority's own, for the same keys"
    )
    certificates.add_argument("--json", action="store_true", help="one JSON object a line")


def equip_broker(options: argparse.Namespace) -> int:
    """Write a mosquitto's certificates and configuration into a folder, the service's into DATA."""
    _check_user(options.user)
    authority, out = Authority(options.data / FOLDER), options.out.resolve()
    service, papers = f"{SERVICE_PREFIX}{options.store}", options.data / PAPERS
    is_ours = not out.exists() or (out / BROKER_FILES[-1]).exists()
    authority.equip(BROKER, out, "server", options.host)
    (authority.folder / BROKER_PAPER).write_bytes((out / BROKER_PAPER).read_bytes())
    authority.equip(service, papers)
    (out / "crl.pem").write_bytes((authority.folder / "crl.pem").read_bytes())
    words = {
        "PORT": str(options.port), "ADDRESS": options.address, "CERTIFICATES": str(out),
        "ACL": str(out / ACCESS_LIST), "STORE_SERVICE": service,
        "TENANT": options.tenant, "STORE": options.store, "USER": options.user,
    }  # fmt: skip
    access = AccessList(authority, Provisioning(authority, utc_ms))
    (out / ACCESS_LIST).write_bytes(access.begin(filled(acl_text(), words)))
    (out / "dashcart.conf").write_text(filled(mosquitto_text(), words), encoding="utf-8")
    if os.geteuid() == 0:
        for path in (*(out / name for name in BROKER_FILES), *([out] if is_ours else [])):
            shutil.chown(path, options.user)
    _say(f"{out}: for mosquitto -c dashcart.conf; the service shows {papers / service}.pem")
    return 0


def _check_user(name: str) -> None:
    """Only root can give files away, and to somebody who is there."""
    try:
        pwd.getpwnam(name)
    except KeyError as error:
        if os.geteuid() == 0:
            text = f"no user {name} here; install mosquitto, or name its user with --user"
            raise AuthorityError(text) from error


def make_claim(options: argparse.Namespace) -> int:
    """Make a file that gives one new cart its certificate, once, within a day."""
    authority = _there(options.data / FOLDER)
    provisioning = Provisioning(authority, utc_ms)
    restarted: bool = options.broker_restarted
    claim = provisioning.new_claim(options.cart, broker_restarted=restarted)
    replace_file(options.out, claim)
    _let_in_again(AccessList(authority, provisioning), options.cart)
    _say(f"{options.out}: on the cart: python -m cart enrol --config FILE --claim THIS")
    return 0


def certify_app(options: argparse.Namespace) -> int:
    """Give a shopper's app the certificate for a key that it has made, for ninety days."""
    authority, name = _there(options.data / FOLDER), app_of(options.shopper)
    provisioning = Provisioning(authority, utc_ms)
    request, restarted = options.request.read_bytes(), bool(options.broker_restarted)
    replace_file(options.out, provisioning.certify_app(name, request, broker_restarted=restarted))
    _let_in_again(AccessList(authority, provisioning), name)
    _say(f"{options.out}: for {name}, with the authority's behind it; no key is in it")
    return 0


def _let_in_again(access: AccessList, name: str) -> None:
    if access.renew():
        _say(f"copy {access.path} to the broker and send it SIGHUP: {name} may come again")


def _there(folder: Path) -> Authority:
    """The authority of a store that has one. Raises AuthorityError."""
    if not (folder / "ca.key").is_file():
        raise AuthorityError(f"{folder}: no authority; begin one with: python -m store broker")
    return Authority(folder)


def take_back(options: argparse.Namespace) -> int:
    """Revoke every certificate of a name, and a cart's claims; who serves here knows at once."""
    authority = _there(options.data / FOLDER)
    provisioning = Provisioning(authority, utc_ms)
    count = provisioning.take_back(options.name)
    access = AccessList(authority, provisioning)
    access.renew()
    crl = authority.folder / "crl.pem"
    how = (
        f"copy {crl} and {access.path} to the broker and send it SIGHUP"
        if access.path.is_file()
        else f"copy {crl} to the broker and restart it: for SIGHUP to shut out who"
        " is connected, too, it needs an access list of: python -m store broker"
    )
    _say(f"{count} taken back; {how}")
    return 0


def show_certificates(options: argparse.Namespace) -> int:
    """Show when the certificates of authority, broker and service end; a running service renews."""
    folder: Path = options.data / FOLDER
    if options.renew:
        _renew(_there(folder), options.data / PAPERS)
    paths = [
        *(folder / name for name in (*LISTS, BROKER_PAPER)),
        *_of_services(options.data / PAPERS),
        options.data / TRUST_ROOT,
    ]
    rows = [
        {"file": str(path.relative_to(options.data)), "ends": end_of(path).date().isoformat(),
         "days_left": (end_of(path) - now_utc()).days}
        for path in paths if path.is_file()
    ]  # fmt: skip
    if not rows:
        advice = "no authority here; begin with: python -m store broker"
        raise AuthorityError(f"{options.data}: {advice}")
    print_rows(rows, "certificates", as_json=options.json)
    if options.renew and not options.json:
        _say(f"copy {BROKER_PAPER} and crl.pem of {folder} to the broker and send it SIGHUP")
    return 0


def _renew(authority: Authority, papers: Path) -> None:
    authority.renew_list()
    broker = authority.folder / BROKER_PAPER
    given = sorted(authority.issued(BROKER), key=lambda each: each.not_valid_after_utc)
    if given and not broker.is_file():  # an older store kept it at the broker alone
        broker.write_bytes(given[-1].public_bytes(Encoding.PEM))
    for path in (broker, *_of_services(papers)):
        if not renew(authority, path, at_once=True):
            raise AuthorityError(f"{path}: taken back, or not given here: python -m store broker")


def _of_services(papers: Path) -> list[Path]:
    return sorted(papers.glob(f"{SERVICE_PREFIX}*.pem"))


def _address(text: str) -> str:
    """Where a broker may listen: an address of this machine."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: write an IP address") from error


def _host(text: str) -> str:
    """A host as it stands in a certificate."""
    if not HOST.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: write a host's name or its IP address")
    return text


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
