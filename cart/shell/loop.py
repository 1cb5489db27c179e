"""The core loop: the one place where observations become state, facts, effects and pictures.

    inbox -> recorder -> mind.step -> journal (durable) -> state -> effects -> screen

Nothing is shown or done before the journal has it. When the disk takes no more, the loop keeps the
turn, says so on the screen and tries again; what waits behind it stays in the inbox. It must never
decide anything: that is the mind's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from cart.contract.screen import NoticeView, Snapshot
from cart.contract.view import snapshot
from cart.core import mind
from cart.core.effects import Effect
from cart.core.events import Event
from cart.core.notices import NOTICES
from cart.core.observations import AnyObservation, Tick
from cart.shell.guard import Beat
from cart.shell.inbox import Inbox
from cart.shell.journal import Journal, JournalFull

IDLE_MS = 250
RETRY_MS = 500
TROUBLE_TOLD_MS = 15_000
STORAGE_TROUBLE = NoticeView("storage_trouble", NOTICES["storage_trouble"].priority)

Perform = Callable[[Any], None]
log = logging.getLogger(__name__)


class CoreLoop:
    """Owns the mind's state. `record`, `show`, `grew` and the effects are what it may call.

    `effects` holds one function for each kind of effect; `grew()` says that the journal did."""

    def __init__(
        self,
        inbox: Inbox,
        journal: Journal,
        record: Callable[[AnyObservation], None],
        show: Callable[[Snapshot], None],
        grew: Callable[[], None],
        effects: Mapping[type[Effect], Perform],
    ) -> None:
        self._inbox = inbox
        self._journal = journal
        self._record = record
        self._show = show
        self._grew = grew
        self._effects = effects
        self._state = mind.initial()
        self._shown: Snapshot | None = None
        self._revision = 0
        self._trouble_until_ms: int | None = None

    def run(self, beat: Beat) -> None:
        """Think until the inbox is closed."""
        while not self._inbox.closed:
            beat()
            self.think(self._inbox.take(IDLE_MS), beat)

    def think(self, observations: Iterable[AnyObservation], beat: Beat) -> None:
        """Think about observations in their order, then show once what they changed."""
        cause_ms: int | None = None
        for observation in observations:
            self._record(observation)
            if not self._turn(observation, beat):
                return
            if cause_ms is None and not isinstance(observation, Tick):
                cause_ms = observation.t_ms
        now_ms = self._state.t_ms
        self._show_changes(now_ms if cause_ms is None else cause_ms)

    def _turn(self, observation: AnyObservation, beat: Beat) -> bool:
        """One step of the mind, durable before anything is seen of it; False: the cart stops."""
        self._begin(observation.t_ms)
        turn = mind.step(self._state, observation)
        if not self._commit(turn.events, beat):
            return False
        self._state = turn.state
        if turn.events:
            self._grew()
        for effect in turn.effects:
            self._effects[type(effect)](effect)
        return True

    def _begin(self, t_ms: int) -> None:
        if self._revision == 0:
            # Starting at the time lets revisions grow over restarts, for screens that stay.
            self._revision = t_ms
            if self._journal.trouble:
                self._trouble_until_ms = t_ms + TROUBLE_TOLD_MS
        elif self._trouble_until_ms is not None and t_ms >= self._trouble_until_ms:
            self._trouble_until_ms = None

    def _commit(self, events: tuple[Event, ...], beat: Beat) -> bool:
        """Commit the events of a turn, however long it takes; False when the cart stops first."""
        told_ms = self._trouble_until_ms
        while True:
            try:
                self._journal.append(events)
            except JournalFull as error:
                log.warning("journal_refused events=%d: %s", len(events), error)
                self._trouble_until_ms = self._state.t_ms + TROUBLE_TOLD_MS
                self._show_changes(self._state.t_ms)
                beat()
                if self._inbox.wait_closed(RETRY_MS):
                    return False
            else:
                self._trouble_until_ms = told_ms
                return True

    def _show_changes(self, cause_ms: int) -> None:
        view = snapshot(self._state, revision=0, cause_ms=0)
        if self._trouble_until_ms is not None:
            view = replace(view, notices=(STORAGE_TROUBLE, *view.notices))
        if view != self._shown:
            self._shown = view
            self._revision += 1
            self._show(replace(view, revision=self._revision, cause_ms=cause_ms))
