"""A cart that thinks, on a real wire: mind, core loop, journal and link, with hands for senses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, get_args

from cart.core.basket import Basket, fold
from cart.core.effects import Effect, MakePairCode
from cart.core.intents import TouchAction
from cart.core.observations import Booted, LoadChanged, PairCodeMade, ScanSeen, Touch
from cart.shell.clock import monotonic_ms
from cart.shell.guard import Guard
from cart.shell.loop import CoreLoop
from cart.shell.ticker import Ticker
from tests.store.shop import CartLink, Ends
from tests.store.simulated import TO_THE_STORE
from tests.unit.mind_world import GTINS, MASSES_MG
from tests.waiting import DEADLINE_S


class MindedCart(CartLink):
    """One of several carts of a store. `seed` differs from boot to boot and cart to cart."""

    def __init__(self, folder: Path, broker: Ends, public_key: Path, cart: str, seed: int) -> None:
        super().__init__(folder, broker, public_key, cart=cart, seed=seed)
        self._cart, self._codes, self._touches, self.load_mg = cart, 0, 0, 0
        effects: dict[type[Effect], Callable[[Any], None]] = dict.fromkeys(
            get_args(Effect), lambda _: None
        )
        effects |= dict.fromkeys(TO_THE_STORE, self.link.perform)
        effects[MakePairCode] = self._make_code
        self._loop = CoreLoop(
            self.inbox, self.journal, lambda _: None, lambda _: None, self.link.journal_grew,
            effects,
        )  # fmt: skip
        self._ticker = Ticker(self.inbox)
        booted = self.journal.events()
        self.inbox.put(Booted(0, cart, self.journal.epoch, booted, boot_id=f"{seed:08x}"))

    def __enter__(self) -> Self:
        super().__enter__()
        guard = Guard(monotonic_ms)
        self._threads = [
            guard.start(f"core_{self._cart}", self._loop.run),
            guard.start(f"ticker_{self._cart}", self._ticker.serve),
        ]
        return self

    def __exit__(self, *_: object) -> None:
        self._ticker.stop()
        self.link.stop()
        self.inbox.close()
        for thread in self._threads:
            thread.join(DEADLINE_S)
        self.journal.close()

    @property
    def basket(self) -> Basket:
        """What its journal says."""
        return fold(self.journal.events())

    def scan(self, sku: str) -> None:
        """A good is shown to the camera."""
        self.inbox.put(ScanSeen(0, monotonic_ms(), GTINS[sku], "EAN13", "camera"))

    def weigh(self, sku: str) -> None:
        """A good is put in, and the load comes to rest."""
        before_mg, self.load_mg = self.load_mg, self.load_mg + MASSES_MG[sku]
        onset_ms = monotonic_ms()
        self.inbox.put(LoadChanged(0, onset_ms, before_mg, self.load_mg, state="moving"))
        self.inbox.put(LoadChanged(0, onset_ms, before_mg, self.load_mg, onset_ms, 1_000))

    def touch(self, action: TouchAction) -> None:
        """The shopper touches the screen."""
        self._touches += 1
        self.inbox.put(Touch(0, f"touch-{self._touches}", action, "", ""))

    def _make_code(self, _: MakePairCode) -> None:
        self._codes += 1
        self.inbox.put(PairCodeMade(0, f"{self._cart}-nonce-{self._codes}"))
