"""The link's desk for the journal's rows: greets the store, sends what it lacks, hears how far it
is.

What the store has is a cursor over the journal, moved only by the store's own acknowledgement
(docs/asyncapi.yaml). It must never skip a row, and never forget one that is not acknowledged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from cart import mqtt
from cart.contract.lines import ContractError
from cart.contract.store import Ack, Birth, EventBatch
from cart.core.observations import LinkChanged
from cart.core.value import Value
from cart.shell.clock import Clock
from cart.shell.inbox import Inbox
from cart.shell.journal import Journal, JournalError
from cart.shell.store_outbox import RESEND_MS, Outbox, fitting, is_of_another_journal

RENUMBER_MS_MAX = 60_000
DISOWNED = (
    "the store takes each journal of this cart for another's, however it is numbered: look at"
    " newest_epoch and hash in its answer to a birth (docs/contract.md)"
)

log = logging.getLogger(__name__)


class Renumbering:
    """When our journal may be numbered anew: at once, and where that was no help later and later,
    or a store that is never content would have us send without end."""

    def __init__(self) -> None:
        self.wait_ms = 0  # after the newest one; 0: none was needed
        self._from_ms = 0
        self._is_said = False

    def is_due(self, now_ms: int) -> bool:
        """Whether it may be done now."""
        return now_ms >= self._from_ms

    def done(self, now_ms: int) -> None:
        """It was; the next one waits for twice as long."""
        self.wait_ms = min(max(RESEND_MS, 2 * self.wait_ms), RENUMBER_MS_MAX)
        self._from_ms = now_ms + self.wait_ms

    def in_vain(self) -> str:
        """It was no help: what to say of it; "" if it was said."""
        said, self._is_said = self._is_said, True
        return "" if said else DISOWNED


class RowDesk:
    """One cart's. `publish` sends a message under its channel's name, `birth` makes the greeting,
    `answered` hears the answer to it and when it was said, `refuse` what is not as it should be."""

    def __init__(
        self,
        journal: Journal,
        inbox: Inbox,
        connection: mqtt.Connection,
        clock: Clock,
        publish: Callable[[str, Value], None],
        birth: Callable[[], Birth],
        answered: Callable[[Ack, int], None],
        refuse: Callable[[ContractError], None],
    ) -> None:
        self._journal = journal
        self._inbox = inbox
        self._connection = connection
        self._clock = clock
        self._publish = publish
        self._birth = birth
        self._answered = answered
        self._refuse = refuse
        self._outbox = Outbox(journal.epoch, journal.acked_seq)
        self._store_up = False
        self._greeted = False
        self._online = False
        self._birth_ms = 0
        self._renumbering = Renumbering()

    def store_came(self) -> None:
        """The store's service is there: greet it, once."""
        if not (self._store_up and self._greeted):
            self._store_up = True
            self._greet()

    def store_gone(self) -> None:
        """Send nothing until it is back."""
        # A cluster keeps what is retained on one node, where it grows old: there we greet unasked.
        self._store_up, self._greeted = not self._connection.is_modern, False
        self._tell_online(False)

    def heard(self, ack: Ack) -> None:
        """Take how far the store is. Raises ContractError."""
        now_ms = self._clock()
        journal = self._journal
        if is_of_another_journal(ack, journal.epoch, journal.last_seq, journal.hash_of):
            self._disowned(ack.newest_epoch, now_ms)
            return
        self._outbox.acknowledged(ack, journal.last_seq, now_ms)
        journal.acked(ack.epoch, ack.upto_seq)
        if self._greeted:
            self._tell_online(not self._outbox.is_stuck)
        for row in ack.rejected:
            self._refuse(ContractError(f"the store rejects row {row.seq}: {row.reason}"))
        if ack.utc_ms and not self._greeted and ack.epoch == journal.epoch:
            self._greeting_answered(ack)

    def send(self) -> None:
        """Send what the window takes; greet again where an answer is owed for too long."""
        now_ms = self._clock()
        patience_ms = max(RESEND_MS, self._renumbering.wait_ms)
        if self._store_up and not self._greeted and now_ms - self._birth_ms >= patience_ms:
            self._tell_online(False)
            self._greet()
        elif self._greeted and self._outbox.is_overdue(now_ms):
            self._greet()
        while self._greeted and self._send_batch(now_ms):
            pass

    def _greet(self) -> None:
        """Say who we are and how far; the answer says how far the store is."""
        self._greeted = False
        self._birth_ms = self._clock()
        self._publish("birth", self._birth())
        self._connection.doubt()

    def _disowned(self, newest: int, now_ms: int) -> None:
        """The store takes our journal for another's: number it anew, if that can help by now."""
        if self._renumbering.wait_ms:
            self._greeted = False
            self._tell_online(False)
            if reason := self._renumbering.in_vain():
                self._refuse(ContractError(reason))
        if self._renumbering.is_due(now_ms):
            self._begin_epoch(newest, now_ms)

    def _begin_epoch(self, newest: int, now_ms: int) -> None:
        """Number our journal anew and send it from its first row."""
        try:
            self._journal.begin_epoch(newest + 1)
        except JournalError as error:
            log.warning("offline until the journal can be numbered anew: %s", error)
            return
        log.error("the store knows another journal of this cart: now epoch %d", newest + 1)
        self._renumbering.done(now_ms)
        self._outbox = Outbox(newest + 1, 0)
        self._greet()

    def _greeting_answered(self, ack: Ack) -> None:
        self._answered(ack, self._birth_ms)
        self._greeted = True
        self._renumbering = Renumbering()
        self._outbox.rewind()
        if self._outbox.trouble:
            self._refuse(ContractError(self._outbox.trouble))
        self._tell_online(not self._outbox.is_stuck)

    def _send_batch(self, now_ms: int) -> bool:
        after, count = self._outbox.next_rows(self._journal.last_seq, now_ms)
        if not count:
            return False
        entries = fitting(self._journal.entries_after(after, count))
        self._publish("events", EventBatch(self._journal.epoch, entries))
        self._outbox.sent(entries[-1].seq, now_ms)
        return True

    def _tell_online(self, online: bool) -> None:
        if online != self._online:
            self._online = online
            self._inbox.put(LinkChanged(0, online, self._journal.epoch))
