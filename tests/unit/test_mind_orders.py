"""Commands of the store: each done once, by the journal, also when the cart dies in between."""

from __future__ import annotations

from cart.core import mind
from cart.core.basket import fold
from cart.core.effects import ReportCommand, RunCommand
from cart.core.events import CommandEnded, CommandTaken, Event, TripOpened
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
