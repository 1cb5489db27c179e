"""Commands of the store: each done once, by the journal, also when the cart dies in between."""

from __future__ import annotations

from msgspec.structs import replace

from cart.core import mind, orders
from cart.core.basket import fold
from cart.core.effects import ReportCommand, RunCommand
from cart.core.events import CommandEnded, CommandTaken, Event, TripOpened
from cart.core.machine import COMMANDS_MAX
from cart.core.observations import (
    AnyObservation,
    Booted,
    CommandArrived,
    CommandFinished,
    PairCodeMade,
    Paired,
    Touch,
)
from cart.core.state import State, Turn

HOUR_MS = 3_600_000


def boot(journal: tuple[Event, ...] = ()) -> Turn:
    """A cart that starts with a journal."""
    return mind.step(mind.initial(), Booted(0, "cart-1", 1, journal))


def steps(state: State, *observations: AnyObservation) -> tuple[State, list[Event], list[object]]:
    """Think of several things; the facts and effects of all."""
    facts: list[Event] = []
    effects: list[object] = []
    for observation in observations:
        turn = mind.step(state, observation)
        state = turn.state
        facts += turn.events
        effects += turn.effects
    return state, facts, effects


def test_a_command_is_done_once() -> None:
    """The same command again is answered with how it went, and states no fact."""
    locate = CommandArrived(1, "c-1", "locate")
    state, facts, effects = steps(boot().state, locate)
    assert facts == [CommandTaken(1, "c-1", "locate"), CommandEnded(1, "c-1", "succeeded")]
    assert effects == [ReportCommand("c-1", "succeeded")]
    assert [told.notice.code for told in state.told] == ["cart_wanted"]
    _, facts, effects = steps(state, CommandArrived(2, "c-1", "locate"))
    assert facts == []
    assert effects == [ReportCommand("c-1", "succeeded")]


def test_a_command_is_done_once_until_it_expires() -> None:
    """Hundreds of others later, and after a restart, it still is answered with how it went."""
    lock = CommandArrived(1, "lock-1", "lock", {}, expires_utc_ms=HOUR_MS, came_utc_ms=1)
    others = [replace(lock, cmd_id=f"c-{number}", action="unlock") for number in range(200)]
    _, facts, _ = steps(boot().state, lock, *others)
    state, again, effects = steps(boot(tuple(facts)).state, replace(lock, came_utc_ms=HOUR_MS))
    assert again == []
    assert effects == [ReportCommand("lock-1", "succeeded")]
    assert not state.basket.machine.locked


def test_a_clock_set_back_brings_no_command_back() -> None:
    """What expired is forgotten, and so is never taken again, also where the clock was set back."""
    lock = CommandArrived(1, "lock-1", "lock", {}, expires_utc_ms=HOUR_MS, came_utc_ms=1)
    late = {"expires_utc_ms": 3 * HOUR_MS, "came_utc_ms": 2 * HOUR_MS}
    unlock = replace(lock, cmd_id="c-2", action="unlock", **late)
    state, _, _ = steps(boot().state, lock, unlock)
    assert [order.cmd_id for order in state.basket.machine.orders] == ["c-2"]
    state, again, effects = steps(state, lock)
    assert again == []
    assert effects == [ReportCommand("lock-1", "timed_out", orders.PAST)]


def test_what_can_not_be_remembered_is_not_done() -> None:
    """A full list answers "queued" and does nothing, until one of it expires."""
    order = CommandArrived(1, "c", "unlock", {}, expires_utc_ms=HOUR_MS, came_utc_ms=1)
    many = [replace(order, cmd_id=f"c-{number}") for number in range(COMMANDS_MAX)]
    lock = replace(order, cmd_id="lock-1", action="lock", expires_utc_ms=3 * HOUR_MS)
    state, facts, effects = steps(steps(boot().state, *many)[0], lock)
    assert facts == []
    assert effects == [ReportCommand("lock-1", "queued", orders.FULL)]
    state, _, effects = steps(state, replace(lock, came_utc_ms=2 * HOUR_MS))
    assert effects == [ReportCommand("lock-1", "succeeded")]
    assert state.basket.machine.locked


def test_an_order_for_a_clip_goes_to_the_shell_with_its_address() -> None:
    """What the store wrote into the order reaches whoever sends the clip."""
    asked = {"clip": "doubted_line", "url": "https://store/clips/1?signature=x"}
    _, facts, effects = steps(boot().state, CommandArrived(1, "c-1", "clip", asked))
    assert facts == [CommandTaken(1, "c-1", "clip", asked)]
    assert RunCommand("c-1", "clip", asked) in effects


def test_a_cart_that_dies_in_between_does_not_do_it_twice() -> None:
    """What was taken and not ended is ended as failed at the next start, and stays so."""
    _, facts, effects = steps(boot().state, CommandArrived(1, "c-1", "rotate_cert"))
    assert RunCommand("c-1", "rotate_cert") in effects
    again = boot(tuple(facts))
    (end,) = again.events
    assert isinstance(end, CommandEnded)
    assert end.status == "failed"
    _, _, effects = steps(again.state, CommandArrived(5, "c-1", "rotate_cert"))
    assert effects == [ReportCommand("c-1", "failed", end.detail)]


def test_the_shell_s_answer_ends_it() -> None:
    """What only the shell can do ends with its word; a second word changes nothing."""
    done = CommandFinished(2, "c-1", "succeeded", "all well")
    _, facts, effects = steps(boot().state, CommandArrived(1, "c-1", "logs"), done, done)
    assert facts[1:] == [CommandEnded(2, "c-1", "succeeded", "all well")]
    assert effects[-1] == ReportCommand("c-1", "succeeded", "all well")
    assert effects.count(ReportCommand("c-1", "succeeded", "all well")) == 1


def test_a_locked_cart_begins_no_trip() -> None:
    """Neither a touch nor a pairing opens one, also after a restart, until it is unlocked."""
    start = Touch(3, "i-1", "start")
    pairing = (PairCodeMade(2, "nonce-0001"), Paired(4, "nonce-0001", "trip-1", "ann"))
    _, facts, _ = steps(boot().state, CommandArrived(1, "c-1", "lock"))
    locked = boot(tuple(facts)).state
    assert locked.basket.machine.locked
    state, refused, _ = steps(locked, start, *pairing)
    assert refused == []
    _, opened, _ = steps(state, CommandArrived(6, "c-2", "unlock"), Touch(7, "i-2", "start"))
    assert isinstance(opened[-1], TripOpened)


def test_a_running_trip_goes_on() -> None:
    """A lock that comes in mid-trip keeps the basket and holds after it."""
    state, facts, _ = steps(
        boot().state, Touch(1, "i-1", "start"), CommandArrived(2, "c-1", "lock")
    )
    assert state.basket.phase == "shopping"
    assert fold(facts).machine.locked


def test_what_is_unknown_is_rejected() -> None:
    """An action of a newer store is ended as rejected, with the known ones named."""
    _, facts, _ = steps(boot().state, CommandArrived(1, "c-1", "fly"))
    end = facts[-1]
    assert isinstance(end, CommandEnded)
    assert end.status == "rejected"
    assert "locate" in end.detail
