"""What the store says unasked: recalls, deals, aisles, the catalog, credits, settings, orders.

Each look finds what commands have put into the database since the last one; over a new connection,
and each day, all of it is said again: what a broker keeps expires after a week. It must never wait:
a large catalog comes after the small change to it. Nor may it keep waiting: a look only reads, and
writes only after it has found what to write.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from cart.contract.goods import (
    TRUSTED_CATALOG,
    TRUSTED_PUBLISHED,
    TRUSTED_SETTINGS,
    trust_word,
)
from cart.contract.signing import config_text, published_text
from cart.contract.store import Packet, packet
from store import catalogs, counter, disputes, moving, published
from store.archive import Daily
from store.clips import ClipDesk
from store.configs import Configs
from store.database import reading, transaction
from store.keys import Signer
from store.orders import Orders
from store.papers import Papers
from store.provisioning import Provisioning
from store.role_keys import TrustFileError
from store.trusted import Files, Repository

RELEASE_MS = 30 * 86_400_000  # a cart with a flat battery may come back late
MOVED_EVERY_MS = 2_000
DAY_MS = 86_400_000
DELTAS_KEPT = 20  # what a cart that comes back may have missed; one that missed more takes it whole

log = logging.getLogger(__name__)


class Fleet(NamedTuple):
    """The desks for carts as machines: who comes in, and what they are ordered to do."""

    provisioning: Provisioning | None = None
    orders: Orders | None = None
    repository: Repository | None = None
    configs: Configs | None = None
    daily: Daily | None = None
    clips: ClipDesk | None = None
    papers: Papers | None = None


class News:
    """One service's. `utc_ms` is the wall clock."""

    def __init__(
        self,
        database: Connection,
        signer: Signer,
        names: tuple[str, str],
        fleet: Fleet,
        utc_ms: Callable[[], int],
    ) -> None:
        self._database = database
        self._signer = signer
        self._names = names
        self._fleet = fleet
        self._utc_ms = utc_ms
        self._unnamed: dict[str, bytes] = {}
        self._trouble = ""
        self.begin_anew()

    def begin_anew(self) -> None:
        """The connection is new, or the day: say everything again."""
        self._began_utc_ms = self._utc_ms()
        self._published = ""
        self._head: tuple[Packet, ...] = ()
        self._is_head_due = False
        self._told_trust: Files = ()
        self._told_version: int | None = None
        self._told_credit = 0
        self._told_tables: dict[str, int] = {}
        self._told_configs: dict[str, int] = {}
        self._told_moves_ms = 0

    def greeted(self, cart: str, is_told_retained: bool) -> None:
        """A cart came: its open orders are due. Over a broker that may keep what is retained on
        another node, all but the pieces of the catalog, which it asks for, is said once more;
        several that come together hear it once."""
        if self._fleet.orders is not None:
            self._fleet.orders.greeted(cart)
        if is_told_retained:
            return
        self._told_tables, self._told_trust, self._is_head_due = {}, (), True
        self._told_configs.pop(cart, None)

    def looks(self) -> tuple[Callable[[], list[Packet]], ...]:
        """What to look for, in this order, each with transactions of its own. They raise
        OSError."""
        if abs(self._utc_ms() - self._began_utc_ms) >= DAY_MS:  # it may be set back
            self.begin_anew()
        read = (self._tables, self._deltas, self._catalog, self._credits)
        found = (partial(self._read, look) for look in read)
        return (*found, self._moves, self._settings, self._orders)

    def _read(self, look: Callable[[], Iterator[Packet]]) -> list[Packet]:
        with reading(self._database):
            return list(look())

    def _tables(self) -> Iterator[Packet]:
        """A recall first of all; the carts wait for none of what names it as the newest."""
        told = {**self._told_tables}  # a look that fails has told nothing
        now_ms = self._utc_ms()
        new = list(published.news(self._database, self._signer, self._names, told, now_ms))
        yield from (packet(kind, each, *self._names) for kind, each in new)
        yield from self._named(
            {TRUSTED_PUBLISHED + kind: published_text(*self._names, each) for kind, each in new}
        )
        self._told_tables = told

    def _deltas(self) -> Iterator[Packet]:
        found = catalogs.deltas(self._database, self._told_version or 0)
        if self._told_version is None:
            found = found[-DELTAS_KEPT:]
        for waiting in found:
            delta = catalogs.signed_delta(waiting, self._signer, *self._names)
            yield packet("catalog_delta", delta, *self._names, version=str(waiting.version))
        newest = max([self._told_version or 0, *(waiting.version for waiting in found)])
        self._told_version = newest

    def _catalog(self) -> Iterator[Packet]:
        newest = catalogs.newest_sha256(self._database, self._utc_ms())
        if newest in {"", self._published}:
            yield from self._trust()
            if self._is_head_due:
                yield from self._head
            self._is_head_due = False
            return
        # Before the catalog: what the carts are to take for the newest.
        data = catalogs.data_of(self._database, newest)
        yield from self._named({TRUSTED_CATALOG: data})
        for piece in catalogs.packets(self._database, self._signer, *self._names, newest):
            self._head = (piece,)  # the last one is
            yield piece
        if self._published:
            yield from catalogs.forget_packets(self._database, *self._names, self._published)
        self._published = newest

    def _named(self, texts: dict[str, bytes]) -> Iterator[Packet]:
        """Name these in the metadata, where there is any, and say it."""
        if texts:
            self._unnamed.update(texts)
            yield from self._trust()

    def _trust(self) -> Iterator[Packet]:
        """The metadata of today. While it can't be signed all else is said all the same, and what
        stands signed; what is new is named as soon as it can."""
        repository = self._fleet.repository
        if repository is None:
            return
        try:
            files = repository.newest(self._unnamed)
            self._unnamed, trouble = {}, ""
        except (OSError, TrustFileError) as error:
            trouble = str(error)
            files = self._standing(repository)
        if trouble not in {"", self._trouble}:
            log.critical("no metadata signed: %s", trouble)
        self._trouble = trouble
        if files != self._told_trust:
            self._told_trust = files
            for file, data in files:
                yield packet("trust", data, *self._names, file=trust_word(file))

    def _standing(self, repository: Repository) -> Files:
        """What is signed as it should be, though no more can be; else nothing new is said."""
        try:
            return repository.files()
        except (OSError, TrustFileError):
            return self._told_trust

    def _credits(self) -> Iterator[Packet]:
        for cart, credit in disputes.untold(self._database, self._told_credit):
            yield packet("credit", credit, *self._names, cart=cart)
            self._told_credit = max(self._told_credit, credit.number)

    def _moves(self) -> list[Packet]:
        """Trips that a person moved, until the new cart has opened them; the old one forgets."""
        now_ms = self._utc_ms()
        is_time = abs(now_ms - self._told_moves_ms) >= MOVED_EVERY_MS  # it may be set back
        if is_time:
            self._told_moves_ms = now_ms
        with reading(self._database):
            is_arriving = is_time and bool(moving.arriving(self._database, now_ms))
            is_untold = moving.is_untold(self._database)
        if not (is_arriving or is_untold):
            return []
        with transaction(self._database):
            self._release()
            return list(self._brought(now_ms)) if is_arriving else []

    def _brought(self, now_ms: int) -> Iterator[Packet]:
        for cart, grant in counter.moved(self._database, self._signer, now_ms):
            yield packet("pair_grant", grant, *self._names, cart=cart)

    def _release(self) -> None:
        for cart, trip_id in moving.untold(self._database):
            if self._fleet.orders is not None:
                self._fleet.orders.add(cart, "release", {"trip_id": trip_id}, RELEASE_MS)

    def _settings(self) -> list[Packet]:
        told, texts, found = {**self._told_configs}, {}, []
        for config in () if self._fleet.configs is None else self._fleet.configs.all():
            cart, desired = config.cart, config.desired
            if desired.version > told.get(cart, 0):
                told[cart] = desired.version
                texts[TRUSTED_SETTINGS + cart] = config_text(cart, desired)
                found.append(packet("config", desired, *self._names, cart=cart))
        found.extend(self._named(texts))
        self._told_configs = told
        return found

    def _orders(self) -> list[Packet]:
        orders = () if self._fleet.orders is None else self._fleet.orders.to_send()
        return [packet("command", each.command, *self._names, cart=each.cart) for each in orders]
