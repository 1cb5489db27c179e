"""The store's commands about who may come in: equip a broker, let a cart in, put one out, look.

Each works on files alone; a running service needs no telling. It must never print a secret.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import pwd
import re
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

from msgspec import json

from cart import arguments
from cart.contract.broker import acl_text, filled, mosquitto_text
from cart.contract.fleet import Setting
from cart.contract.goods import TRUSTED_SETTINGS
from cart.contract.lines import ContractError
from cart.contract.names import FILE_NAME
from cart.contract.store import SERVICE_PREFIX
from cart.core.settings import wrong_with
from cart.files import replace_file
from store.access import NAME as ACCESS_LIST
from store.access import AccessList
from store.asked import AUTHORITY as FOLDER
from store.asked import Command, check_cart
from store.authority import Authority, AuthorityError
from store.clips import ClipDesk
from store.configs import Configs
from store.database import open_existing
from store.denials import denials
from store.keys import Signer, signer_of
from store.news import Fleet
from store.orders import BY_HAND, Orders
from store.provisioning import Provisioning
from store.trusted import Repository

STANDARD_INPUT = Path("/dev/stdin")
TARGET = re.compile(FILE_NAME)
HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9a-fA-F:.]{2,45}")
SWITCHES = {"true": True, "false": False}
SETTING = re.compile(r"[A-Za-z0-9_.-]{1,64}")
PAPERS = "service"  # what the service shows the broker, in DATA
BROKER_FILES = ("broker.key", "broker.pem", "ca.pem", "crl.pem", ACCESS_LIST, "dashcart.conf")
EVERYWHERE = "0.0.0.0"  # noqa: S104 - a broker is there for carts


def add_commands(command: Command) -> None:
    """Declare the commands; `command` makes a parser."""
    _add_entrance(command)
    _add_orders(command)
    sign = command("sign", sign_file)
    sign.add_argument("target", type=_target, help="models/NAME or configuration/NAME")
    sign.add_argument("file", type=arguments.file, help="the file that is the newest from now on")
    look = command("denials", show_denials, has_data=False)
    look.add_argument("log", type=_log, help="the broker's log; - for standard input, as it comes")
    look.add_argument("--tenant", type=arguments.name, required=True, help="the chain")
    look.add_argument("--store", type=arguments.name, required=True, help="the store of the chain")
    look.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_entrance(command: Command) -> None:
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
        "--broker-restarted",
        action="store_true",
        help="the cart was taken back, and the broker has restarted with the new crl.pem since",
    )
    claim.add_argument(
        "--out", type=arguments.new_file, required=True, help="file to carry to the cart"
    )
    revoke = command("revoke", take_back)
    revoke.add_argument("name", type=name, help="of a cart, a claim or an app")


def _add_orders(command: Command) -> None:
    name = arguments.name
    order = command("order", order_cart)
    order.add_argument("cart", type=name, help="the id of the cart")
    order.add_argument("action", choices=BY_HAND, help="what it shall do")
    order.add_argument("--key", type=arguments.file, help="the service's --key, if it has one")
    orders = command("orders", show_orders)
    orders.add_argument("--json", action="store_true", help="one JSON object a line")
    config = command("config", set_cart)
    config.add_argument("cart", type=name, help="the id of the cart")
    config.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=_setting,
        dest="settings",
        help="one setting; without any it only shows them",
    )
    config.add_argument("--key", type=arguments.file, help="the service's --key, if it has one")


def fleet_of(data: Path, signer: Signer) -> Fleet:
    """The desks of a store's folder; without an authority nobody new comes in."""
    has_authority = (data / FOLDER / "ca.key").exists()
    provisioning = Provisioning(Authority(data / FOLDER), utc_ms) if has_authority else None
    return Fleet(
        provisioning,
        Orders(data, signer, utc_ms),
        Repository(data / "trust"),
        Configs(data, signer),
        clips=ClipDesk(data, signer, utc_ms),
    )


def equip_broker(options: argparse.Namespace) -> int:
    """Write a mosquitto's certificates and configuration into a folder, the service's into DATA."""
    _check_user(options.user)
    authority, out = Authority(options.data / FOLDER), options.out.resolve()
    service, papers = f"{SERVICE_PREFIX}{options.store}", options.data / PAPERS
    is_ours = not out.exists() or (out / BROKER_FILES[-1]).exists()
    authority.equip("broker", out, "server", options.host)
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
    authority = Authority(options.data / FOLDER)
    provisioning = Provisioning(authority, utc_ms)
    restarted: bool = options.broker_restarted
    claim = provisioning.new_claim(options.cart, broker_restarted=restarted)
    replace_file(options.out, claim)
    access = AccessList(authority, provisioning)
    if access.renew():
        _say(f"copy {access.path} to the broker and send it SIGHUP: {options.cart} may come again")
    _say(f"{options.out}: on the cart: python -m cart enrol --config FILE --claim THIS")
    return 0


def take_back(options: argparse.Namespace) -> int:
    """Revoke every certificate of a name, and a cart's claims; who serves here knows at once."""
    folder = options.data / FOLDER
    if not (folder / "ca.key").is_file():
        raise AuthorityError(f"{folder}: no authority; begin one with: python -m store broker")
    authority = Authority(folder)
    provisioning = Provisioning(authority, utc_ms)
    count = provisioning.take_back(options.name)
    access = AccessList(authority, provisioning)
    access.renew()
    how = (
        f"copy {folder / 'crl.pem'} and {access.path} to the broker and send it SIGHUP"
        if access.path.is_file()
        else f"copy {folder / 'crl.pem'} to the broker and restart it: for SIGHUP to shut out who"
        " is connected, too, it needs an access list of: python -m store broker"
    )
    _say(f"{count} taken back; {how}")
    return 0


def order_cart(options: argparse.Namespace) -> int:
    """Order something of a cart, once; the running service sends it until the cart answers."""
    check_cart(options)
    orders = Orders(options.data, signer_of(options.data, options.key), utc_ms)
    _say(orders.add(options.cart, options.action).command.cmd_id)
    return 0


def show_orders(options: argparse.Namespace) -> int:
    """Show what was ordered of the carts, and how it went."""
    open_existing(options.data, options.database).close()
    for order in Orders(options.data, signer_of(options.data), utc_ms).all():
        row = {
            "cmd_id": order.command.cmd_id, "cart": order.cart, "action": order.command.action,
            "status": order.status, "detail": order.detail,
        }  # fmt: skip
        _say(
            json.encode(row).decode() if options.json else arguments.plain("  ".join(row.values()))
        )
    return 0


def set_cart(options: argparse.Namespace) -> int:
    """Set a cart, and show how it is to be set, how it is, and what it refused."""
    check_cart(options)
    configs = Configs(options.data, signer_of(options.data, options.key))
    if options.settings:
        _check_room(options, configs)
        configs.want(options.cart, dict(options.settings))
    known = configs.of(options.cart)
    if known is None:
        raise ContractError(f"{options.cart} was never set; set it with --set NAME=VALUE")
    reported = known.reported
    row = {
        "cart": known.cart, "version": known.desired.version, "desired": known.desired.settings,
        "reported_version": 0 if reported is None else reported.version,
        "reported": {} if reported is None else reported.settings,
        "refused": {} if reported is None else reported.refused,
    }  # fmt: skip
    _say(json.encode(row).decode())
    return 0


def _check_room(options: argparse.Namespace, configs: Configs) -> None:
    """A cart that gets its first settings stands in the signed list from then on."""
    if configs.of(options.cart) is None:
        carts = {options.cart, *(known.cart for known in configs.all())}
        names = [TRUSTED_SETTINGS + cart for cart in sorted(carts)]
        Repository(options.data / "trust").check_room(names)


def _setting(text: str) -> tuple[str, Setting]:
    """A setting as a person writes it: a switch, a whole number, or a word."""
    name, equals, value = text.partition("=")
    if not equals or not SETTING.fullmatch(name):
        raise argparse.ArgumentTypeError(f"{text!r}: write NAME=VALUE")
    number = int(value) if re.fullmatch(r"-?[0-9]{1,12}", value) else value
    meant = SWITCHES.get(value, number)
    if wrong := wrong_with(name, meant):
        raise argparse.ArgumentTypeError(f"{text!r}: {wrong}")
    return name, meant


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


def sign_file(options: argparse.Namespace) -> int:
    """Sign a model or a configuration as the newest: carts fetch it from `store clips`."""
    Repository(options.data / "trust").give(options.target, options.file.read_bytes())
    _say(f"{options.target}: carts take it at their next: python -m cart fetch --config FILE")
    return 0


def show_denials(options: argparse.Namespace) -> int:
    """Show what the broker turned away, and how often."""
    counts: Counter[tuple[str, str, str]] = Counter()
    with options.log.open(encoding="utf-8", errors="replace") as lines:
        for each in denials(lines, options.tenant, options.store):
            counts[each.kind, each.who, each.what] += 1
            if options.json:
                _say(json.encode(each).decode())
                sys.stdout.flush()
    for (kind, who, what), count in () if options.json else counts.items():
        _say(arguments.plain(f"{count:6}  {kind:9}  {who:20}  {what}"))
    return 0


def _log(text: str) -> Path:
    return STANDARD_INPUT if text == "-" else arguments.file(text)


def _target(text: str) -> str:
    if not TARGET.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: write models/NAME or configuration/NAME")
    return text


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def utc_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000
