"""What the cart does when the store orders something: each command once, by the journal.

A command is first taken as a fact, then done, then ended as a fact: after a crash in between it is
known to be open, and is ended as failed rather than done twice. The same command again is answered
with how it went, until it expires. It must never check a signature: the link did.
"""

from __future__ import annotations

from collections.abc import Callable

from cart.core import handover
from cart.core.effects import ReportCommand, RunCommand
from cart.core.events import CommandEnded, CommandStatus, CommandTaken
from cart.core.machine import COMMANDS_MAX, forgetting
from cart.core.observations import CommandArrived, CommandFinished
from cart.core.state import Draft

PAST = "others that expire as late are forgotten here, and it may be one of them; order it anew"
FULL = (
    f"the cart remembers {COMMANDS_MAX} orders that have not expired; send it again after one has"
)
INTERRUPTED = "the cart was started anew before it was done; order it again under a new id"


def command_arrived(draft: Draft, command: CommandArrived) -> None:
    """Do it once, or say how it went, or why it is not taken."""
    if draft.basket.machine.order(command.cmd_id) is None:
        machine = forgetting(draft.basket.machine, command.came_utc_ms)
        if 0 < command.expires_utc_ms <= machine.forgotten_utc_ms:
            draft.do(ReportCommand(command.cmd_id, "timed_out", PAST))
            return
        if len(machine.orders) >= COMMANDS_MAX:
            draft.do(ReportCommand(command.cmd_id, "queued", FULL))
            return
        named = (command.cmd_id, command.action, command.arguments)
        until = (command.expires_utc_ms, command.came_utc_ms)
        draft.fact(CommandTaken(draft.now_ms, *named, *until))
        ACTIONS.get(command.action, _reject)(draft, command)
    _report(draft, command.cmd_id)


def command_finished(draft: Draft, finished: CommandFinished) -> None:
    """The shell has done what it was asked to; a second answer changes nothing."""
    order = draft.basket.machine.order(finished.cmd_id)
    if order is not None and order.status == "in_progress":
        _end(draft, finished.cmd_id, finished.status, finished.detail)
        _report(draft, finished.cmd_id)


def end_interrupted(draft: Draft) -> None:
    """After a start: what was open then nobody will finish."""
    for order in draft.basket.machine.orders:
        if order.status == "in_progress":
            _end(draft, order.cmd_id, "failed", INTERRUPTED)
            _report(draft, order.cmd_id)


def _lock(draft: Draft, command: CommandArrived) -> None:
    """The trip that runs goes on; after it none begins. `unlock` ends that."""
    _end(draft, command.cmd_id, "succeeded")


def _locate(draft: Draft, command: CommandArrived) -> None:
    draft.tell("cart_wanted")
    _end(draft, command.cmd_id, "succeeded")


def _ask_shell(draft: Draft, command: CommandArrived) -> None:
    draft.do(RunCommand(command.cmd_id, command.action, command.arguments))


def _reject(draft: Draft, command: CommandArrived) -> None:
    known = ", ".join(sorted(ACTIONS))
    _end(draft, command.cmd_id, "rejected", f"no such action here; known: {known}")


def _end(draft: Draft, cmd_id: str, status: CommandStatus, detail: str = "") -> None:
    draft.fact(CommandEnded(draft.now_ms, cmd_id, status, detail))


def _report(draft: Draft, cmd_id: str) -> None:
    order = draft.basket.machine.order(cmd_id)
    assert order is not None, "it was taken"
    draft.do(ReportCommand(cmd_id, order.status, order.detail))


def _release(draft: Draft, command: CommandArrived) -> None:
    wrong = handover.release(draft, command.arguments.get("trip_id", ""))
    _end(draft, command.cmd_id, "failed" if wrong else "succeeded", wrong)


# `clip`, `logs` and `rotate_cert` are the shell's: it answers with `CommandFinished`.
ACTIONS: dict[str, Callable[[Draft, CommandArrived], None]] = {
    "lock": _lock,
    "unlock": _lock,
    "locate": _locate,
    "release": _release,
    "clip": _ask_shell,
    "logs": _ask_shell,
    "rotate_cert": _ask_shell,
}
