"""`python -m rig certificates`: a development authority, a broker and carts, ready to use.

`make certs` runs it. It takes the store's own authority, so what works here works in a store. The
keys lie in the open: never use them for a real one.
"""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from cart import arguments as check
from cart.contract.store import BROKER, CLAIM_PREFIX, RESERVED, SERVICE_PREFIX
from rig.broker import Broker, free_port
from store.__main__ import main as store_main
from store.asked import utc_ms
from store.authority import Authority
from store.provisioning import Provisioning

HOSTS = ["127.0.0.1", "localhost"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--out", type=check.folder, default=Path("build/certs"), help="folder to fill"
    )
    parser.add_argument("--tenant", type=check.name, default="acme", help="the chain")
    parser.add_argument(
        "--store", type=check.name, default="store-1", help="the store of the chain"
    )
    parser.add_argument(
        "--port",
        type=check.whole(1, 65_535),
        default=8_883,
        help="where the broker listens, on loopback",
    )
    parser.add_argument(
        "carts",
        type=_guest,
        nargs="*",
        default=["cart-1", "cart-2", "app-ann"],
        help="carts, and app-NAME for apps",
    )


def run(arguments: argparse.Namespace) -> int:
    """Make everything that is missing; what is there is made anew under the same authority."""
    make(arguments.out, arguments.tenant, arguments.store, str(arguments.port), arguments.carts)
    print(f"mosquitto -c {arguments.out}/dashcart.conf")
    return 0


def _guest(text: str) -> str:
    """A cart or an app: no name of the broker, the service or a claim."""
    name = check.name(text)
    if name == BROKER or name.startswith((SERVICE_PREFIX, CLAIM_PREFIX)):
        raise argparse.ArgumentTypeError(f"{text!r}: this name has a meaning of its own")
    return name


def make(folder: Path, tenant: str, store: str, port: str, names: list[str]) -> Authority:
    """A broker on loopback, its service, and a certificate a name, in one folder.

    The authority itself lies in `folder/data/authority`, as in a store's folder of data."""
    hosts = [word for host in HOSTS for word in ("--host", host)]
    options = ["--tenant", tenant, "--store", store, "--port", port, "--address", "127.0.0.1"]
    # Who starts it may enter this folder; the broker's own user may not.
    options += ["--user", getpass.getuser()]
    data = ["--data", str(folder / "data"), "--out", str(folder)]
    status = store_main(["broker", *data, *options, *hosts])
    assert status == 0, "the store's command fails only with a folder that can't be written"
    authority = Authority(folder / "data" / "authority")
    provisioning = Provisioning(authority, utc_ms)
    for name in (f"{SERVICE_PREFIX}{store}", *names):
        authority.equip(name, folder)
        if not name.startswith(RESERVED):
            provisioning.register(name)
    return authority


class GuardedBroker(Broker):
    """A mosquitto as a store runs it: both sides show certificates, the access list is ours.

    `certificates` holds the files; its log is where `store.denials` looks."""

    def __init__(self, folder: Path, tenant: str, store: str, names: list[str]) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self.certificates = folder / "certs"
        self.authority = make(self.certificates, tenant, store, str(self.port), names)
        config = self.certificates / "dashcart.conf"
        self.argv = ("mosquitto", "-c", str(config))
        self.log = self._log = folder / "mosquitto.log"
        self._process = None

    def ends(self, name: str) -> tuple[str, int, Path, Path, Path]:
        """Host, port and the three files of TLS for a name that has a certificate."""
        folder = self.certificates
        files = folder / "ca.pem", folder / f"{name}.pem", folder / f"{name}.key"
        return self.host, self.port, *files
