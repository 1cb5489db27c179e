"""Takes in what the store publishes beside its catalog: recalls, deals, aisles.

Each is signed, numbered and whole; what is older than what is known changes nothing. It waits for
its hour in memory, and what holds stays on the disk: a recall outlives a restart without a store.
It must never decide what may be sold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cart.contract.goods import BODIES, Deals, Planogram, Published, Recalls
from cart.contract.lines import ContractError, encode
from cart.contract.lines import decode as decode_json
from cart.contract.signing import published_text
from cart.contract.store import decode
from cart.core.catalog import CatalogError
from cart.core.observations import AislesCame, DealsCame, RecallsCame
from cart.files import replace_file
from cart.shell.newest import Newest
from cart.shell.store_catalog import StoreKey

Told = AislesCame | DealsCame | RecallsCame
KINDS: dict[str, tuple[type[Published], Callable[[int, Any], Told]]] = {
    "recall": (Recalls, lambda version, rows: RecallsCame(0, version, rows)),
    "deals": (Deals, lambda version, rows: DealsCame(0, version, rows)),
    "planogram": (Planogram, lambda version, rows: AislesCame(0, version, rows)),
}


class PublishedIntake:
    """That of one cart of the store named; what holds is kept in `folder`."""

    def __init__(
        self, tenant: str, store: str, key: StoreKey, folder: Path, newest: Newest
    ) -> None:
        self._names = (tenant, store)
        self._key = key
        self._folder = folder
        self._newest = newest
        self._versions = dict.fromkeys(KINDS, 0)
        self._waiting: dict[str, Published] = {}

    def restore(self) -> Iterator[Told | CatalogError]:
        """What held when the cart was stopped, and of each kind that can't be read, why."""
        for name, (kind, _) in KINDS.items():
            try:
                kept = self._checked(name, decode(kind, self._path(name).read_bytes()))
                told = self._read(name, kept)
            except FileNotFoundError:
                continue
            except (OSError, ContractError) as error:
                yield CatalogError(f"{self._path(name)}: {error}; remove it")
                continue
            self._may_be_used(name, kept)  # it holds until something newer does
            self._versions[name] = kept.version
            yield told

    def came(self, name: str, payload: bytes, now_utc_ms: int) -> Told | None:
        """Take what was published; what the mind is to hear, if it holds by now. Raises
        ContractError or CatalogError."""
        published = self._checked(name, decode(KINDS[name][0], payload))
        known = self._waiting.get(name)
        if published.version > (self._versions[name] if known is None else known.version):
            self._waiting[name] = published
            self._may_be_used(name, published)
        return next(self.time_passed(now_utc_ms), None)

    def time_passed(self, now_utc_ms: int) -> Iterator[Told]:
        """What has come to its hour. Raises CatalogError."""
        for name, published in list(self._waiting.items()):
            if published.effective_utc_ms <= now_utc_ms and self._may_be_used(name, published):
                del self._waiting[name]
                told = self._read(name, published)
                try:
                    replace_file(self._path(name), encode(published))
                except OSError as error:
                    raise CatalogError(f"{self._path(name)}: {error}; make room") from error
                self._versions[name] = published.version
                yield told

    def _checked(self, name: str, published: Published) -> Published:
        text = published_text(*self._names, published)
        if not self._key.has_signed(text, published.signature):
            raise ContractError(f"{name}: not signed by this store")
        return published

    def _may_be_used(self, name: str, published: Published) -> bool:
        return self._newest.publishes(name, published_text(*self._names, published))

    def _read(self, name: str, published: Published) -> Told:
        kind, told = KINDS[name]
        rows = decode_json(BODIES[kind], bytes(published.body), f"{name}: body")
        return told(published.version, rows)

    def _path(self, name: str) -> Path:
        return self._folder / f"published.{name}"
