"""A link on a real port to a board that runs, with what the tests ask of it. Nothing here ships."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from firmware_bridge.link import CommandDone, Link, LinkEvent, LinkUp, Received
from firmware_bridge.messages import AckResult, Command, FromChip, Hello
from firmware_bridge.port import Port

DEADLINE_S = 15.0
Kind = TypeVar("Kind", bound=FromChip)
Event = TypeVar("Event", bound=LinkEvent)


class Talk:
    """Moves bytes between a port and a link, and keeps all that the chip said."""

    def __init__(self, path: Path) -> None:
        self.link = Link()
        self.port = Port(str(path))
        self.heard: list[LinkEvent] = []

    def move(self) -> list[LinkEvent]:
        """Write what is to be written, read once (at most 20 ms), give what that means."""
        now_ms = round(time.monotonic() * 1000)
        self.port.write(self.link.to_send(now_ms))
        data = self.port.read()
        events = self.link.receive(data, round(time.monotonic() * 1000))
        self.heard += events
        return events

    def until(self, kind: type[Event], want: Callable[[Event], bool] = lambda _: True) -> Event:
        """The next event of this kind that is wanted."""
        deadline_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline_s:
            for event in self.move():
                if isinstance(event, kind) and want(event):
                    return event
        raise AssertionError(f"no such {kind.__name__} within {DEADLINE_S} s")

    def message(self, kind: type[Kind], want: Callable[[Kind], bool] = lambda _: True) -> Kind:
        """The next message of this kind that is wanted."""
        received = self.until(
            Received, lambda event: isinstance(event.message, kind) and want(event.message)
        )
        assert isinstance(received.message, kind)
        return received.message

    def messages(self, kind: type[Kind]) -> list[Kind]:
        """All messages of this kind heard so far."""
        received = [event.message for event in self.heard if isinstance(event, Received)]
        return [message for message in received if isinstance(message, kind)]

    def hello(self) -> Hello:
        """The next HELLO that brings the link up."""
        return self.until(LinkUp).hello

    def say(self, command: Command) -> AckResult:
        """Send one command; the chip's answer."""
        assert self.link.send(command, round(time.monotonic() * 1000))
        return self.until(CommandDone).result

    def close(self) -> None:
        """Let the port go."""
        self.port.close()
