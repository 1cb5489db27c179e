"""Decides which journal rows go to the store next: a cursor over the journal, never a copy of it.

Sans-IO: it counts rows and reads no clock. Rows are sent in order within a window; only the store's
acknowledgement moves the cursor; what stays unanswered is sent again. It must never skip a row.
"""

from __future__ import annotations

from cart.contract.lines import ContractError
from cart.contract.store import BATCH_MAX, Ack

WINDOW_MAX = 500
RESEND_MS = 2_000


class Outbox:
    """What one journal (of one `epoch`) still owes the store.

    `confirmed_seq` is what the store said last that it holds. It may fall when the store was
    restored from an older backup: then the rows are sent again."""

    def __init__(self, epoch: int, acked_seq: int) -> None:
        self.epoch = epoch
        self.confirmed_seq = acked_seq
        self._sent_seq = acked_seq
        self._waiting_since_ms = 0

    def next_rows(self, last_seq: int, now_ms: int) -> tuple[int, int]:
        """(after which row, how many rows) to send now; none while the window is full."""
        window_end = min(last_seq, self.confirmed_seq + WINDOW_MAX)
        count = min(BATCH_MAX, window_end - self._sent_seq)
        if self._sent_seq == self.confirmed_seq:
            self._waiting_since_ms = now_ms
        return self._sent_seq, max(0, count)

    def sent(self, upto_seq: int) -> None:
        """These rows are on their way."""
        self._sent_seq = upto_seq

    def is_overdue(self, now_ms: int) -> bool:
        """Whether the store owes an answer for too long: greet it again, which rewinds."""
        return self._sent_seq > self.confirmed_seq and now_ms - self._waiting_since_ms >= RESEND_MS

    def rewind(self) -> None:
        """Send again from the first row that is not confirmed."""
        self._sent_seq = self.confirmed_seq

    def acknowledged(self, ack: Ack, last_seq: int, now_ms: int) -> None:
        """Take the store's answer. Raises ContractError for rows that this cart never wrote."""
        if ack.epoch != self.epoch:
            return
        if ack.upto_seq > last_seq:
            raise ContractError(
                f"Ack: the store has row {ack.upto_seq}, this journal ends at {last_seq};"
                " if the cart lost its journal, give the cart a new name"
            )
        if ack.upto_seq != self.confirmed_seq:
            self._waiting_since_ms = now_ms
        self.confirmed_seq = ack.upto_seq
        self._sent_seq = max(self._sent_seq, ack.upto_seq)
        if ack.need_from is not None:
            self._sent_seq = ack.upto_seq
