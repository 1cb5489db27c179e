"""The inbox stamps, keeps order, and never drops silently what must not be lost."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from cart.core.observations import (
    AnyObservation,
    InputRefused,
    ItemSighted,
    LinkChanged,
    LoadChanged,
    ScanSeen,
    SenseBack,
    SenseLost,
    Tick,
    Touch,
)
from cart.shell.clock import monotonic_ms
from cart.shell.inbox import TAKEN_MAX, Inbox


def load(after_mg: int) -> LoadChanged:
    """A settled load that can be told from others."""
    return LoadChanged(0, 0, 0, after_mg)


def sighted(sensed_ms: int) -> ItemSighted:
    """A sighting that can be told from others."""
    return ItemSighted(0, sensed_ms)


def all_of(inbox: Inbox) -> list[AnyObservation]:
    """Take until nothing is left."""
    taken: list[AnyObservation] = []
    while batch := inbox.take(0):
        taken += batch
    return taken


def test_t_ms_is_stamped_once_in_order() -> None:
    """Whatever a sense wrote into t_ms, the inbox's clock decides, and it never runs backwards."""
    times = iter([5, 5, 9])
    inbox = Inbox(lambda: next(times))
    for number in (77, 3, 1):
        inbox.put(LoadChanged(number, 0, 0, number))
    taken = all_of(inbox)
    assert [seen.t_ms for seen in taken] == [5, 5, 9]
    assert [seen.after_mg for seen in taken if isinstance(seen, LoadChanged)] == [77, 3, 1]


def test_of_the_camera_the_newest_wins() -> None:
    """Too many sightings: the oldest go and are counted; a load in between stays where it was."""
    inbox = Inbox(lambda: 1, capacity=100, camera_capacity=3)
    inbox.put(sighted(0))
    inbox.put(load(1))
    for number in range(1, 6):
        inbox.put(sighted(number))
    taken = all_of(inbox)
    assert isinstance(taken[0], LoadChanged)
    assert [seen.sensed_ms for seen in taken if isinstance(seen, ItemSighted)] == [3, 4, 5]
    assert inbox.dropped == {"ItemSighted": 3}


def test_codes_read_by_the_camera_count_as_camera() -> None:
    """A code of the camera gives way to newer ones; a code of the scanner never does."""
    inbox = Inbox(lambda: 1, capacity=100, camera_capacity=1)
    inbox.put(ScanSeen(0, 0, "old", source="camera"))
    inbox.put(ScanSeen(0, 0, "scanner"))
    inbox.put(ScanSeen(0, 0, "new", source="camera"))
    assert [seen.text for seen in all_of(inbox) if isinstance(seen, ScanSeen)] == ["scanner", "new"]


def test_an_overflow_of_loads_is_said_aloud() -> None:
    """No room: the scale is lost, then back once there is room, with its newest reading."""
    inbox = Inbox(lambda: 1, capacity=3)
    for number in range(6):
        inbox.put(load(number))
    taken = all_of(inbox)
    assert [type(seen) for seen in taken[:4]] == [LoadChanged] * 3 + [SenseLost]
    assert [type(seen) for seen in taken[4:]] == [SenseBack, LoadChanged]
    assert taken[-1] == LoadChanged(1, 0, 0, 5)
    assert inbox.dropped == {"LoadChanged": 2}


def test_ticks_never_pile_up() -> None:
    """One waiting tick says as much as ten; refusals give way when the inbox is full."""
    inbox = Inbox(lambda: 1, capacity=2)
    for _ in range(10):
        inbox.put(Tick(0))
    inbox.put(load(1))
    inbox.put(InputRefused(0, "wire", "noise"))
    assert [type(seen) for seen in all_of(inbox)] == [Tick, LoadChanged]


def test_what_is_rare_is_always_taken() -> None:
    """A message of the store has room even in a full inbox."""
    inbox = Inbox(lambda: 1, capacity=1)
    inbox.put(load(1))
    inbox.put(LinkChanged(0, online=True))
    assert isinstance(all_of(inbox)[-1], LinkChanged)


@given(st.lists(st.sampled_from(["load", "touch", "scan", "look", "tick"]), max_size=200))
def test_nothing_vital_vanishes_without_a_word(kinds: list[str]) -> None:
    """Every load, touch and scan is taken, or its sense was declared lost before."""
    made: dict[str, AnyObservation] = {
        "load": load(1),
        "touch": Touch(0, "i", "help"),
        "scan": ScanSeen(0, 0, "x"),
        "look": sighted(1),
        "tick": Tick(0),
    }
    senses = {"load": "scale", "touch": "screen", "scan": "scanner"}
    inbox = Inbox(lambda: 1, capacity=10, camera_capacity=2)
    for kind in kinds:
        inbox.put(made[kind])
    taken = all_of(inbox)
    lost = {seen.sense for seen in taken if isinstance(seen, SenseLost)}
    back = {seen.sense for seen in taken if isinstance(seen, SenseBack)}
    assert lost == back
    for kind, sense in senses.items():
        arrived = sum(type(seen) is type(made[kind]) for seen in taken)
        assert arrived == kinds.count(kind) or sense in lost


def test_take_waits_for_the_first_observation() -> None:
    """An empty inbox wakes the loop at once when something comes, and when it closes."""
    inbox = Inbox(monotonic_ms)
    threading.Timer(0.05, inbox.put, [load(1)]).start()
    assert len(inbox.take(10_000)) == 1
    threading.Timer(0.05, inbox.close).start()
    assert inbox.take(10_000) == []
    assert inbox.closed


def test_a_batch_is_bounded() -> None:
    """The loop gets a bounded batch, so that it can show something in between."""
    inbox = Inbox(lambda: 1)
    for number in range(TAKEN_MAX + 1):
        inbox.put(load(number))
    assert [len(inbox.take(0)), len(inbox.take(0))] == [TAKEN_MAX, 1]
