"""The store's commands about what carts are told, and trust: orders, settings, files, denials.

Each works on files alone; a running service needs no telling. It must never print a secret.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from pathlib import Path

from msgspec import json

from cart import arguments
from cart.contract.fleet import Setting
from cart.contract.goods import TRUSTED_SETTINGS
from cart.contract.lines import ContractError
from cart.contract.names import FILE_NAME
from cart.core.settings import wrong_with
from store import entrance, rotation, show
from store.asked import AUTHORITY as FOLDER
from store.asked import TRUST, Command, check_cart, utc_ms
from store.authority import Authority
from store.clips import ClipDesk
from store.configs import CartConfig, Configs
from store.database import open_existing
from store.denials import denials
from store.keys import Signer, signer_of
from store.news import Fleet
from store.orders import BY_HAND, Orders
from store.provisioning import Provisioning
from store.role_keys import TrustFileError
from store.trusted import ROLES, ROOT_NAME, Repository

STANDARD_INPUT = Path("/dev/stdin")
TARGET = re.compile(FILE_NAME)
SWITCHES = {"true": True, "false": False}
SETTING = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def add_commands(command: Command) -> None:
    """Declare the commands; `command` makes a parser."""
    entrance.add_commands(command)
    _add_orders(command)
    sign = command("sign", sign_file)
    sign.add_argument("target", type=_target, help="models/NAME or configuration/NAME")
    sign.add_argument("file", type=arguments.file, help="the file that is the newest from now on")
    rotate = command("rotate", rotate_keys)
    rotate.add_argument("roles", nargs="+", choices=ROLES, metavar="ROLE", help=", ".join(ROLES))
    rotate.add_argument("--root-key", type=arguments.file, help="root.pem, where it was taken away")
    look = command("denials", show_denials, has_data=False)
    look.add_argument("log", type=_log, help="the broker's log; - for standard input, as it comes")
    look.add_argument("--tenant", type=arguments.name, required=True, help="the chain")
    look.add_argument("--store", type=arguments.name, required=True, help="the store of the chain")
    look.add_argument("--json", action="store_true", help="one JSON object a line")


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
    config.add_argument("--json", action="store_true", help="one JSON object a line")
    config.add_argument("--key", type=arguments.file, help="the service's --key, if it has one")


def fleet_of(data: Path, signer: Signer) -> Fleet:
    """The desks of a store's folder; without an authority nobody new comes in."""
    has_authority = (data / FOLDER / "ca.key").exists()
    provisioning = Provisioning(Authority(data / FOLDER), utc_ms) if has_authority else None
    return Fleet(
        provisioning,
        Orders(data, signer, utc_ms),
        Repository(data / TRUST),
        Configs(data, signer),
        clips=ClipDesk(data, signer, utc_ms),
    )


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
    if options.json:
        _say(json.encode(row).decode())
    else:
        show.print_rows(_settings_of(known), f"settings of {known.cart}", as_json=False)
    return 0


def _settings_of(known: CartConfig) -> list[dict[str, object]]:
    """What is wanted of each setting, what the cart says, and why it refused it."""
    wanted, reported = known.desired.settings, known.reported
    says = {} if reported is None else reported.settings
    refused = {} if reported is None else reported.refused
    return [
        {"setting": name, "wanted": wanted.get(name), "cart_says": says.get(name),
         "refused": refused.get(name)}
        for name in sorted({*wanted, *says, *refused})
    ]  # fmt: skip


def _check_room(options: argparse.Namespace, configs: Configs) -> None:
    """A cart that gets its first settings stands in the signed list from then on."""
    if configs.of(options.cart) is None:
        carts = {options.cart, *(known.cart for known in configs.all())}
        names = [TRUSTED_SETTINGS + cart for cart in sorted(carts)]
        Repository(options.data / TRUST).check_room(names)


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


def sign_file(options: argparse.Namespace) -> int:
    """Sign a model or a configuration as the newest: carts fetch it from `store clips`."""
    Repository(options.data / TRUST).give(options.target, options.file.read_bytes())
    _say(f"{options.target}: carts take it at their next: python -m cart fetch --config FILE")
    return 0


def rotate_keys(options: argparse.Namespace) -> int:
    """Give roles of the signed metadata new keys, for a lost one too; carts that run follow."""
    folder: Path = options.data / TRUST
    if not (folder / ROOT_NAME).is_file():
        raise TrustFileError(f"{folder / ROOT_NAME}: not there; bring it back from a backup")
    version = rotation.rotate(Repository(folder), options.roles, options.root_key)
    _say(f"{folder}: version {version} of {ROOT_NAME}, for new carts; back up the folder")
    if "root" in options.roles:
        _say(f"{folder / 'root.pem'} is the root's new key: take it away; the old one is worthless")
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
