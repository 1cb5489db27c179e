"""Work that may die alone: a function in a process of its own, replaced when it crashes or hangs.

Decoders are native code fed with strangers' files. Whatever such a file does to them, the caller
gets an answer or one `ModelError` and goes on. It must never share anything with the worker but
what crosses the pipe.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from models.errors import ModelError

START_S = 60.0
"""A worker loads its libraries before its first answer; a busy small computer takes its time."""
END_S = 5.0
"""So long may a worker that crashed take to end of itself, or its exit status would be our kill."""


class Alone:
    """Calls `make()` once in the worker, and what it returned for every question."""

    def __init__(self, make: Callable[..., Callable[[Any], Any]], *arguments: object) -> None:
        self._make, self._arguments = make, arguments
        self._context = multiprocessing.get_context("spawn")
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def ask(self, question: object, limit_s: float) -> Any:  # noqa: ANN401  # whatever crosses the pipe
        """The worker's answer; `ModelError` if it raised one, died or exceeded the limit."""
        try:
            self._pipe.send(question)
            if not self._pipe.poll(limit_s):
                raise ModelError(f"given up after {limit_s:g} s")
            answer, trouble = self._pipe.recv()
        except (EOFError, OSError):
            self._worker.join(END_S)
            code = self._worker.exitcode
            self._stop()
            self._start()
            raise ModelError(f"the decoder crashed on it (exit status {code})") from None
        except ModelError:
            self._stop()
            self._start()
            raise
        if trouble is not None:
            raise ModelError(trouble)
        return answer

    def _start(self) -> None:
        self._pipe, theirs = self._context.Pipe()
        self._worker = self._context.Process(
            target=_serve, args=(theirs, self._make, self._arguments), daemon=True
        )
        self._worker.start()
        theirs.close()
        if not self._is_ready():
            self._stop()
            raise ModelError("the worker process does not start")

    def _is_ready(self) -> bool:
        try:
            return self._pipe.poll(START_S) and self._pipe.recv() == "ready"
        except (EOFError, OSError):  # it died before it was
            return False

    def _stop(self) -> None:
        self._pipe.close()
        self._worker.kill()
        self._worker.join()


def _serve(
    pipe: Connection, make: Callable[..., Callable[[Any], Any]], arguments: tuple[object, ...]
) -> None:
    work = make(*arguments)
    pipe.send("ready")
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((work(question), None))
        except ModelError as trouble:
            pipe.send((None, str(trouble)))
