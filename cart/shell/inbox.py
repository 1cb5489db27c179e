"""The one door to the core loop: bounded, and the place where `t_ms` is stamped.

What may be lost differs by kind. Load changes, touches and scanned codes are never dropped
silently: when there is no room their sense is declared lost, and back once there is room again.
Of the camera the newest wins. Ticks and refusals give way. The rest is rare and always taken.
It must never interpret what passes through.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Any, Literal, TypeVar

from msgspec.structs import replace

from cart.core.observations import (
    AnyObservation,
    InputRefused,
    ItemSighted,
    LoadChanged,
    ScanSeen,
    SenseBack,
    SenseLost,
    Tick,
    Touch,
)
from cart.shell.clock import Clock

CAPACITY = 1_024
CAMERA_CAPACITY = 32
TAKEN_MAX = 64

Sense = Literal["scale", "scanner", "screen"]
Stamped = TypeVar("Stamped", bound=Any)


class Inbox:
    """Put from any thread; taken by the core loop alone.

    `dropped` counts by kind what was put and will never be taken."""

    def __init__(
        self, clock: Clock, capacity: int = CAPACITY, camera_capacity: int = CAMERA_CAPACITY
    ) -> None:
        self._clock = clock
        self._capacity = capacity
        self._camera_capacity = camera_capacity
        self._queue: deque[AnyObservation] = deque()
        self._lost: dict[Sense, AnyObservation] = {}
        self._changed = threading.Condition()
        self._closed = False
        self.dropped: Counter[str] = Counter()

    def put(self, observation: AnyObservation) -> None:
        """Queue an observation; its `t_ms` is replaced by the time now. Never blocks."""
        with self._changed:
            if _from_camera(observation):
                self._make_room_for_camera()
            elif sense := _sense_of(observation):
                if self._overflows(sense, observation):
                    return
            elif isinstance(observation, Tick | InputRefused) and self._must_give_way(observation):
                self._drop(observation)
                return
            self._append(observation)

    def take(self, timeout_ms: int) -> list[AnyObservation]:
        """The oldest observations, at most `TAKEN_MAX`; empty after `timeout_ms` without any."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed, timeout_ms / 1_000)
            taken = [self._queue.popleft() for _ in range(min(TAKEN_MAX, len(self._queue)))]
            if not self._queue:
                self._welcome_back()
            return taken

    def close(self) -> None:
        """Wake the loop for the last time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_closed(self, timeout_ms: int) -> bool:
        """Wait at most `timeout_ms` for the end; whether the cart is stopping."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed, timeout_ms / 1_000)

    @property
    def closed(self) -> bool:
        """Whether the cart is stopping."""
        return self._closed

    def _append(self, observation: AnyObservation) -> None:
        assert len(self._queue) < 4 * self._capacity, "the inbox is flooded; the loop stands still"
        self._queue.append(replace(observation, t_ms=self._clock()))
        self._changed.notify()

    def _drop(self, observation: AnyObservation) -> None:
        self.dropped[type(observation).__name__] += 1

    def _make_room_for_camera(self) -> None:
        waiting = [seen for seen in self._queue if _from_camera(seen)]
        if len(waiting) >= self._camera_capacity:
            self._queue.remove(waiting[0])
            self._drop(waiting[0])

    def _must_give_way(self, observation: AnyObservation) -> bool:
        if len(self._queue) >= self._capacity:
            return True
        return isinstance(observation, Tick) and Tick in map(type, self._queue)

    def _overflows(self, sense: Sense, observation: AnyObservation) -> bool:
        if sense not in self._lost:
            if len(self._queue) < self._capacity:
                return False
            reason = f"the inbox is full ({self._capacity}); the newest reading follows"
            self._append(SenseLost(t_ms=0, sense=sense, reason=reason))
        elif sense in self._lost:
            self._drop(self._lost[sense])
        self._lost[sense] = observation
        return True

    def _welcome_back(self) -> None:
        """The queue has drained: say that the lost senses are back, and what they said last."""
        for sense, newest in sorted(self._lost.items()):
            self._append(SenseBack(t_ms=0, sense=sense))
            self._append(newest)
        self._lost.clear()


def _from_camera(observation: AnyObservation) -> bool:
    if isinstance(observation, ScanSeen):
        return observation.source == "camera"
    return isinstance(observation, ItemSighted)


def _sense_of(observation: AnyObservation) -> Sense | None:
    return _SENSES.get(type(observation))


_SENSES: dict[type, Sense] = {LoadChanged: "scale", ScanSeen: "scanner", Touch: "screen"}
