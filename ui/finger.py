"""The rig's finger: a socket to touch, look at and ask the real screen. Only made when asked for.

JSON Lines over a Unix socket (mode 0600), one answer a request:
`{"tap": NAME}` -> `{"tapped", "x", "y"}` · `{"drag": [x, y, to_x, to_y]}` -> `{"dragged": true}` ·
`{"shot": PATH}` -> `{"saved", "route", "revision"}` · `{"state": true}` -> route, revision, texts,
targets, flips and more. What cannot be done is answered `{"error": why}`.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import msgspec
from kivy.clock import Clock
from kivy.core.window import Window

from cart.contract.lines import ContractError, LineBuffer, decode
from ui import touches
from ui.frames import is_blank, redrawn

LINE_BYTES_MAX = 10_000
ANSWER_WITHIN_S = 10.0
SHOT_TRIES = 30

Answer = dict[str, Any]
Reply = Callable[[Answer], object]


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """One request: exactly one field is given."""

    tap: str | None = None
    drag: tuple[float, float, float, float] | None = None
    shot: str | None = None
    state: bool | None = None


class Finger:
    """Serves the socket at `path` for one client at a time; `app` is the running screen."""

    def __init__(self, path: Path, app: Any) -> None:
        self._app = app
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink(missing_ok=True)
        self._server.bind(str(path))
        path.chmod(0o600)
        self._server.listen(1)
        self._thread = threading.Thread(target=self._serve, name="finger", daemon=True)
        self._handlers: dict[str, Callable[[Any, Reply], None]] = {
            "tap": self._tap,
            "drag": self._drag,
            "shot": self._shot,
            "state": self._state,
        }

    def start(self) -> None:
        """Take requests."""
        self._thread.start()

    def close(self) -> None:
        """Take no more."""
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return  # Closed.
            with connection:
                try:
                    self._talk(connection)
                except OSError:
                    continue  # The client went away; the next may come.

    def _talk(self, connection: socket.socket) -> None:
        lines = LineBuffer(LINE_BYTES_MAX)
        while data := connection.recv(4096):
            for line in lines.feed(data):
                connection.sendall(json.dumps(self._answer(line)).encode() + b"\n")

    def _answer(self, line: bytes) -> Answer:
        """Have a request done by the thread that draws, and wait for its answer."""
        try:
            request: Request = decode(Request, line, "request")
        except ContractError as error:
            return {"error": str(error)}
        given = {k: v for k, v in msgspec.structs.asdict(request).items() if v is not None}
        if len(given) != 1:
            return {"error": f"give exactly one of {', '.join(self._handlers)}"}
        ((name, value),) = given.items()
        answers: SimpleQueue[Answer] = SimpleQueue()
        Clock.schedule_once(lambda _: self._handlers[name](value, answers.put), 0)
        try:
            return answers.get(timeout=ANSWER_WITHIN_S)
        except Empty:
            return {"error": f"{name} was not done within {ANSWER_WITHIN_S:.0f} s"}

    def _tap(self, name: str, reply: Reply) -> None:
        place = touches.targets().get(name)
        if place is None:
            named = ", ".join(sorted(touches.targets()))
            reply({"error": f"no {name!r} to be seen; there are: {named}"})
            return
        x, y = place[0] + place[2] / 2, place[1] + place[3] / 2
        touches.tap(x, y)
        done = {"tapped": name, "x": x, "y": y}
        Clock.schedule_once(lambda _: reply(done), touches.TAP_S + 0.02)

    def _drag(self, path: tuple[float, float, float, float], reply: Reply) -> None:
        touches.drag(*path)
        Clock.schedule_once(lambda _: reply({"dragged": True}), 0.5)

    def _shot(self, path: str, reply: Reply, tries: int = SHOT_TRIES) -> None:
        # In the next frame: what is shown anew in this one is laid out at its end.
        Clock.schedule_once(lambda _: self._save(path, reply, tries), 0)

    def _save(self, path: str, reply: Reply, tries: int) -> None:
        picture = redrawn()
        if is_blank(picture):
            if tries:
                self._shot(path, reply, tries - 1)
            else:
                reply({"error": "the screen is one colour"})
            return
        done = {"saved": path, **self._where()}
        self._app.saver.save(
            picture, Path(path), lambda error: reply({"error": error} if error else done)
        )

    def _state(self, _: bool, reply: Reply) -> None:
        reply(
            {
                **self._where(),
                "texts": touches.texts(),
                "cut": touches.cut(),
                "targets": touches.targets(),
                "size": [Window.width, Window.height],
                "contact_lost": self._app.contact_lost,
                "refused": self._app.link.refused,
                "shots": str(self._app.options.shots or ""),
                "drawn": self._app.frames.drawn,
                "flips": list(self._app.frames.flips),
            }
        )

    def _where(self) -> Answer:
        snapshot = self._app.snapshot
        return {
            "route": self._app.route,
            "revision": None if snapshot is None else snapshot.revision,
        }
