"""How the store wants its carts set, and how each says it is: one file a cart, beside the database.

A person's command and the running service share the files, as they do for orders. It must never
send what it did not sign for that cart.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import json
from msgspec.structs import replace

from cart.contract.fleet import DesiredConfig, ReportedConfig, Settings
from cart.contract.lines import ContractError
from cart.contract.signing import config_text
from cart.core.value import Value
from cart.files import alone, replace_file
from store.catalogs import LEAP_MAX
from store.kept import Kept
from store.keys import Signer

FOLDER = "configs"


class CartConfig(Value):
    """One cart's: what is wanted, and what it has said last."""

    cart: str
    desired: DesiredConfig
    reported: ReportedConfig | None = None


class Configs:
    """Those in a store's folder of data."""

    def __init__(self, data: Path, signer: Signer) -> None:
        self._folder = data / FOLDER
        self._signer = signer
        self._kept = Kept(CartConfig)
        self._read: dict[str, tuple[tuple[int, int], CartConfig | None]] = {}
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def want(self, cart: str, changes: Settings) -> CartConfig:
        """Change settings of a cart, the others stay; the running service sends them."""
        with alone(self._folder):
            return self._want(cart, changes)

    def _want(self, cart: str, changes: Settings) -> CartConfig:
        known = self.of(cart)
        before = {} if known is None else known.desired.settings
        version = _newest_known(known) + 1
        bare = DesiredConfig(version, {**before, **changes}, "")
        signed = replace(bare, signature=self._signer.sign(config_text(cart, bare)))
        reported = None if known is None else known.reported
        return self._keep(CartConfig(cart, signed, reported))

    def of(self, cart: str) -> CartConfig | None:
        """What is known of a cart; None if it was never told how to be set.

        Raises ContractError for what can't be read: begun anew, its versions would be old ones."""
        path = self._path(cart)
        known = self._kept.read(path)
        if known is None and path.exists():
            raise ContractError(f"{path}: can't be read; bring back what it was")
        return known

    def all(self) -> Iterator[CartConfig]:
        """Every cart's, by name; only those files are read that were replaced since last time."""
        with os.scandir(self._folder) as found:
            files = sorted(
                (each.path, each.stat()) for each in found if each.name.endswith(".json")
            )
        for path, stat in files:
            # From before it is read: what is replaced meanwhile is read once more, not left out.
            stamp = (stat.st_ino, stat.st_mtime_ns)
            if path not in self._read or self._read[path][0] != stamp:
                self._read[path] = (stamp, self._kept.read(Path(path)))
            config = self._read[path][1]
            if config is not None:
                yield config

    def heard(self, cart: str, reported: ReportedConfig) -> None:
        """A cart says how it is set; of one that was never told nothing is kept."""
        with alone(self._folder):
            known = self.of(cart)
            if known is not None and known.reported != reported:
                self._keep(replace(known, reported=reported))

    def _keep(self, config: CartConfig) -> CartConfig:
        replace_file(self._path(config.cart), json.encode(config))
        return config

    def _path(self, cart: str) -> Path:
        return self._folder / f"{cart}.json"


def _newest_known(known: CartConfig | None) -> int:
    """What the cart says is above what is wanted where the folder was brought back from a backup;
    no cart can make it leap without end."""
    if known is None:
        return 0
    wanted, told = known.desired.version, known.reported.version if known.reported else 0
    return max(wanted, told) if told <= wanted + LEAP_MAX else wanted
