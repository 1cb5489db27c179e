"""Decides which journal rows go to the store next: a cursor over the journal, never a copy of it.

Sans-IO: it counts rows and reads no clock. Rows are sent in order within a window; only the store's
acknowledgement moves the cursor; what stays unanswered is sent again. The window holds about what
the way and the store take in a moment, so that pairing and payment never wait long behind a
catch-up, and the store's credit caps it. It must never skip a row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from msgspec import Raw
from msgspec.structs import replace

from cart.contract.lines import ContractError
from cart.contract.store import BATCH_MAX, PAYLOAD_BYTES_MAX, Ack, Entry

WINDOW_FIRST, WINDOW_MIN, WINDOW_MAX = 100, 20, 500
QUEUE_MS = 150  # so long may rows queue on the way; the quickest answer was no queue
RESEND_MS = 2_000
ENTRY_BYTES_OVERHEAD = 120
FUTILE_MAX = 3
NOTHING_CONFIRMED = "the store answers but confirms no row: may this cart publish on up/ev?"


class Outbox:
    """What one journal (of one `epoch`) still owes the store.

    `confirmed_seq` is what the store said last that it holds. It may fall when the store was
    restored from an older backup: then the rows are sent again. `futile` counts the answered
    greetings since it last moved: a broker may refuse rows without a word."""

    def __init__(self, epoch: int, acked_seq: int) -> None:
        self.epoch = epoch
        self.confirmed_seq = acked_seq
        self._sent_seq = acked_seq
        self._waiting_since_ms = 0
        self._window = WINDOW_FIRST
        self._credit = WINDOW_MAX
        self._quickest_ms: int | None = None
        self.futile = 0
        # Of each batch on its way: its last row, when it was sent, how many rows were on their way.
        self._sent_at: deque[tuple[int, int, int]] = deque()

    def next_rows(self, last_seq: int, now_ms: int) -> tuple[int, int]:
        """(after which row, how many rows) to send now; none while the window is full."""
        window = min(self._window, self._credit)
        # Half a window at most, so that the next rows leave while the first are answered.
        batch = min(BATCH_MAX, max(1, window // 2))
        count = min(batch, last_seq - self._sent_seq, self.confirmed_seq + window - self._sent_seq)
        if self._sent_seq == self.confirmed_seq:
            self._waiting_since_ms = now_ms
        return self._sent_seq, max(0, count)

    def sent(self, upto_seq: int, now_ms: int) -> None:
        """These rows are on their way."""
        self._sent_seq = upto_seq
        self._sent_at.append((upto_seq, now_ms, upto_seq - self.confirmed_seq))

    def is_overdue(self, now_ms: int) -> bool:
        """Whether the store owes an answer for too long: greet it again, which rewinds."""
        return self._sent_seq > self.confirmed_seq and now_ms - self._waiting_since_ms >= RESEND_MS

    @property
    def is_stuck(self) -> bool:
        """Whether the store answers again and again, and yet confirms no row."""
        return self.futile >= FUTILE_MAX

    @property
    def trouble(self) -> str:
        """What to say when it gets stuck; "" before and after."""
        return NOTHING_CONFIRMED if self.futile == FUTILE_MAX else ""

    def rewind(self) -> None:
        """Send again from the first row that is not confirmed, over what may be another way."""
        self.futile += self._sent_seq > self.confirmed_seq
        self._sent_seq = self.confirmed_seq
        self._sent_at.clear()
        self._quickest_ms = None

    def acknowledged(self, ack: Ack, last_seq: int, now_ms: int) -> None:
        """Take the store's answer. Raises ContractError for rows that this cart never wrote."""
        if ack.epoch != self.epoch:
            return
        if ack.upto_seq > last_seq:
            raise ContractError(
                f"Ack: for row {ack.upto_seq}, but this journal ends at {last_seq};"
                " look who else speaks as the store, or as this cart"
            )
        if ack.credit is not None:
            self._credit = ack.credit
        if ack.upto_seq != self.confirmed_seq:
            self._waiting_since_ms = now_ms
            self.futile = 0
        self._adapt(ack.upto_seq, now_ms)
        self.confirmed_seq = ack.upto_seq
        self._sent_seq = max(self._sent_seq, ack.upto_seq)
        if ack.need_from is not None:
            self._sent_seq = ack.upto_seq
            self._sent_at.clear()

    def _adapt(self, upto_seq: int, now_ms: int) -> None:
        """So many rows were answered in so long: hold what that rate takes in the time allowed."""
        while self._sent_at and self._sent_at[0][0] <= upto_seq:
            _, sent_ms, in_flight = self._sent_at.popleft()
            took_ms = max(1, now_ms - sent_ms)
            if self._quickest_ms is None or took_ms < self._quickest_ms:
                self._quickest_ms = took_ms
            fits = in_flight * (self._quickest_ms + QUEUE_MS) // took_ms
            wanted = max(WINDOW_MIN, min(fits, self._window + BATCH_MAX, WINDOW_MAX))
            # A few rows that took long say nothing of how many would fit.
            if wanted > self._window or in_flight >= self._window // 2:
                self._window = wanted


def fitting(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The first entries that fit into one message; always at least one. An event that never fits
    is left out, or its cart would wait for ever; the basket's snapshot stands for it."""
    size = 0
    sent = tuple(_shortened(entry) for entry in entries)
    for count, entry in enumerate(sent):
        size += len(bytes(entry.event)) + ENTRY_BYTES_OVERHEAD
        if count and size > PAYLOAD_BYTES_MAX:
            return sent[:count]
    return sent


def _shortened(entry: Entry) -> Entry:
    length = len(bytes(entry.event))
    if length + ENTRY_BYTES_OVERHEAD <= PAYLOAD_BYTES_MAX - ENTRY_BYTES_OVERHEAD:
        return entry
    return replace(entry, event=Raw(b"null"), left_out_bytes=length)


def is_of_another_journal(
    ack: Ack, epoch: int, last_seq: int, hash_of: Callable[[int], str]
) -> bool:
    """Whether the store holds, under our number, rows that this journal does not continue: the
    cart lost its disk since. A store that says nothing of epochs is believed."""
    if ack.epoch != epoch or not ack.newest_epoch:
        return False
    if ack.newest_epoch > epoch or ack.upto_seq > last_seq:
        return True
    return ack.hash != hash_of(ack.upto_seq)
