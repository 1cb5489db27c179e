"""The outbox never skips a row, never runs ahead of its window, and sends again what got lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cart.contract.lines import ContractError
from cart.contract.store import BATCH_MAX, Ack
from cart.shell.store_outbox import (
    RESEND_MS,
    WINDOW_FIRST,
    WINDOW_MAX,
    WINDOW_MIN,
    Outbox,
)

LAST_SEQ = 2_000


def send_all(outbox: Outbox, last_seq: int, now_ms: int = 0) -> list[tuple[int, int]]:
    """Send as much as the outbox allows: (after, count) of each batch."""
    sent = []
    while (rows := outbox.next_rows(last_seq, now_ms))[1]:
        outbox.sent(rows[0] + rows[1], now_ms)
        sent.append(rows)
    return sent


def test_batches_fill_the_window_and_no_more() -> None:
    """Rows leave in order, in batches, until the window is full; an answer opens it."""
    outbox = Outbox(epoch=1, acked_seq=0)
    sent = send_all(outbox, LAST_SEQ)
    assert sent[:2] == [(0, BATCH_MAX), (BATCH_MAX, BATCH_MAX)]
    assert sum(count for _, count in sent) == WINDOW_FIRST
    outbox.acknowledged(Ack(1, 40), LAST_SEQ, 0)
    assert sum(count for _, count in send_all(outbox, LAST_SEQ)) == 40


def test_the_window_grows_while_answers_are_quick() -> None:
    """Answered as quickly as ever, the window opens to its most."""
    assert window_after(answers=20, took_ms=3) == WINDOW_MAX


def test_the_window_shrinks_when_rows_queue() -> None:
    """When answers take longer than the quickest did, little is on its way: live messages pass."""
    assert window_after(answers=60, took_ms=3, late_ms=400) == WINDOW_MIN


def window_after(answers: int, took_ms: int, late_ms: int = 0) -> int:
    """The rows in flight after so many answers; from the second half on they come late."""
    outbox, now_ms, seq = Outbox(epoch=1, acked_seq=0), 0, 0
    for number in range(answers):
        send_all(outbox, 10**6, now_ms)
        now_ms += took_ms + (late_ms if number >= answers // 2 else 0)
        seq = outbox.next_rows(10**6, now_ms)[0]
        outbox.acknowledged(Ack(1, seq), 10**6, now_ms)
    return sum(count for _, count in send_all(outbox, 10**6, now_ms))


def test_the_store_s_credit_caps_the_window() -> None:
    """No more than the store has room for is on its way, until it says otherwise."""
    outbox = Outbox(epoch=1, acked_seq=0)
    outbox.acknowledged(Ack(1, 0, credit=7), LAST_SEQ, 0)
    assert sum(count for _, count in send_all(outbox, LAST_SEQ)) == 7
    outbox.acknowledged(Ack(1, 7, credit=60), LAST_SEQ, 0)
    assert sum(count for _, count in send_all(outbox, LAST_SEQ)) == 60


def test_silence_is_overdue() -> None:
    """Without an answer the rows are sent again, from the first that is not confirmed."""
    outbox = Outbox(epoch=1, acked_seq=5)
    send_all(outbox, 10, now_ms=100)
    assert not outbox.is_overdue(100 + RESEND_MS - 1)
    assert outbox.is_overdue(100 + RESEND_MS)
    outbox.rewind()
    assert outbox.next_rows(10, 3_000) == (5, 5)


def test_a_gap_is_sent_again() -> None:
    """The store asks for what it lacks, even if an older backup makes it lack what it had."""
    outbox = Outbox(epoch=1, acked_seq=50)
    send_all(outbox, 60)
    outbox.acknowledged(Ack(1, 20, need_from=21), 60, 0)
    assert outbox.next_rows(60, 0) == (20, 40)


def test_another_epoch_says_nothing() -> None:
    """An answer to a journal that was replaced moves nothing."""
    outbox = Outbox(epoch=2, acked_seq=3)
    outbox.acknowledged(Ack(1, 99), 10, 0)
    assert outbox.confirmed_seq == 3


def test_the_future_is_not_acknowledged() -> None:
    """An answer for rows that were never written is refused, and the cursor stays."""
    outbox = Outbox(epoch=1, acked_seq=3)
    with pytest.raises(ContractError, match="who else speaks"):
        outbox.acknowledged(Ack(1, 11), 10, 0)
    assert outbox.confirmed_seq == 3


@given(st.lists(st.integers(0, 120), max_size=40), st.data())
def test_every_row_arrives(grows: list[int], data: st.DataObject) -> None:
    """Whatever part of the batches gets lost, a store that takes rows in order gets them all."""
    outbox, last_seq, at_store = Outbox(epoch=1, acked_seq=0), 0, 0
    for grown in [*grows, 0]:
        last_seq += grown
        for after, count in send_all(outbox, last_seq):
            if data.draw(st.booleans(), label="arrives") and after <= at_store:
                at_store = max(at_store, after + count)
        if data.draw(st.booleans(), label="answered"):
            outbox.acknowledged(Ack(1, at_store), last_seq, 0)
    for _ in range(2 + last_seq // WINDOW_MIN):
        outbox.rewind()
        for after, count in send_all(outbox, last_seq):
            assert after == at_store or after < at_store
            at_store = max(at_store, after + count)
        outbox.acknowledged(Ack(1, at_store), last_seq, 0)
    assert at_store == last_seq


def test_rows_that_nobody_takes_are_noticed() -> None:
    """Greeted three times over rows that stay unconfirmed, it is stuck; one confirmed row ends
    that. Greetings without rows on their way say nothing."""
    outbox = Outbox(epoch=1, acked_seq=0)
    outbox.rewind()
    stuck = []
    for _ in range(3):
        stuck.append(outbox.is_stuck)
        send_all(outbox, LAST_SEQ)
        outbox.rewind()
    stuck.append(outbox.is_stuck)
    outbox.acknowledged(Ack(1, 1), LAST_SEQ, 0)
    assert [*stuck, outbox.is_stuck] == [False, False, False, True, False]
